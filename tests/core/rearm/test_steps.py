"""The way back that needs no operator: a cooldown and calm, then a quarter and half of the size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.core import breaker
from guardian.core.model import Level, OnUnknown, Window
from guardian.core.rearm import CLEAN
from tests.core.build import (
    BTC,
    ETH,
    Desk,
    kinds,
    only,
    position,
    read,
    rule,
    rung,
)
from tests.core.rearm.desk import (
    GRADED,
    HOUR,
    LADDER,
    WEEK,
    auto,
    cap,
    halted,
    run,
    standing_in_the_way,
)


def test_the_whole_way_back():
    desk = halted()
    levels = [
        desk.level,
        run(desk, 5, 4 * HOUR - 5, 4.0, every=60),
        run(desk, 4 * HOUR, 4 * HOUR, 4.0),
    ]
    quarter = cap(desk)
    run(desk, 4 * HOUR + 5, 5 * HOUR - 5, 4.0)
    still, _ = cap(desk), run(desk, 5 * HOUR, 5 * HOUR, 4.0)
    half = cap(desk)
    last = run(desk, 5 * HOUR + 5, 6 * HOUR - 5, 4.0)

    assert [Level.HALT, Level.HALT, Level.CAUTION] == levels
    assert (0.25, 0.25, 0.5, Level.CAUTION) == (quarter, still, half, last)
    assert Level.NORMAL is run(desk, 6 * HOUR, 6 * HOUR, 4.0)
    assert None is desk.account.incident


def test_the_permit_follows_each_step():
    desk = halted()
    for hours in (0, 4, 5, 6):
        before = hours - 1 if hours > 4 else 0
        run(desk, before * HOUR + 5, hours * HOUR, 4.0, every=60 if hours <= 4 else 5)
        run(desk, hours * HOUR, hours * HOUR, 4.0)

    permits = [(e.mode, e.size_cap) for e in kinds(desk.effects, "permit")]

    assert [("reduce_only", 0.0), ("normal", 0.25), ("normal", 0.5), ("normal", 1.0)] == permits


def test_people_are_told_of_every_step():
    desk = halted()
    run(desk, 60, 7 * HOUR, 4.0, every=60)

    titles = [e.title.split(":")[0] for e in kinds(desk.effects, "notify")]

    assert ["HALT", "HALF-OPEN at 25%", "HALF-OPEN at 50%", "NORMAL"] == titles
    assert "Re-armed by itself" in kinds(desk.effects, "notify")[-1].lines[0]


def test_the_page_is_resolved_when_it_opens_and_comes_again_when_it_relapses():
    desk = halted()
    run(desk, 60, 4 * HOUR, 4.0, every=60)
    run(desk, 4 * HOUR + 5, 4 * HOUR + 10, 6.7)

    told = [(e.level.name, e.notification) for e in kinds(desk.effects, "notify")]

    assert [("HALT", "trigger"), ("HALT", "resolve"), ("HALT", "trigger")] == told
    assert 1 == len({e.key for e in kinds(desk.effects, "notify")})


def test_bots_are_asked_and_keys_held_anew_after_a_relapse():
    desk = halted()
    for effect in [*desk.effects]:
        if effect.kind in ("halt_bot", "permit", "prepare_keys"):
            desk.report(1, effect)
    run(desk, 60, 4 * HOUR, 4.0, every=60)
    desk.effects.clear()

    run(desk, 4 * HOUR + 5, 4 * HOUR + 5, 6.7)

    assert ("reduce_only", True) == (
        kinds(desk.effects, "permit")[-1].mode,
        kinds(desk.effects, "prepare_keys")[-1].hold,
    )
    assert 1 == len(kinds(desk.effects, "halt_bot"))


# --- the trial ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("percent", "after"), [(6.2, Level.CAUTION), (6.5, Level.HALT)])
def test_past_half_of_the_limit_the_trial_is_over(percent: float, after: Level):
    """The window began anew at 4 % down: 2.5 % of what was left is the limit's half."""
    desk = halted(auto(*LADDER[1:]))
    run(desk, 60, 4 * HOUR, 4.0, every=60)

    assert after is run(desk, 4 * HOUR + 5, 4 * HOUR + 5, percent)


def test_a_relapse_of_some_symbols_halts_these_and_no_other():
    """What is halted in the trial is what was halted before it."""
    own = auto(rung(1.0, "halt"), id="big", metric="gross_exposure", scope="symbol", window=Window())
    desk = Desk(own).warm(position(BTC), position(ETH))
    for second, held in ((0, 11), (24 * HOUR, 1), (24 * HOUR + 5, 6)):
        desk.see(read(second, (position(BTC, held), position(ETH))))

    assert (Level.HALT, (BTC,)) == (desk.level, desk.incident.only)
    assert (BTC,) == kinds(desk.effects, "permit")[-1].symbols


def test_after_a_relapse_the_cooldown_has_doubled():
    desk = halted()
    run(desk, 60, 4 * HOUR, 4.0, every=60)
    run(desk, 4 * HOUR + 60, 4 * HOUR + 60, 7)

    early = run(desk, 4 * HOUR + 120, 12 * HOUR, 7, every=60)

    assert (Level.HALT, Level.CAUTION) == (early, run(desk, 12 * HOUR + 60, 12 * HOUR + 60, 7))


def test_the_limit_itself_acts_in_the_trial_as_ever():
    desk = halted()
    run(desk, 60, 4 * HOUR, 4.0, every=60)
    run(desk, 4 * HOUR + 5, 4 * HOUR + 5, 9.5)

    assert (Level.REDUCE, 0.0) == (desk.level, desk.incident.reduce_to)


def test_a_bot_that_trades_in_the_trial_does_not_ignore_a_halt():
    """What it may not exceed was the old HALT's; it may trade a little now."""
    desk = halted(auto(rung(0.03, "halt"), rung(0.2, "halt")))
    run(desk, 60, 4 * HOUR, 4.0, every=60)
    for second in range(5, 100, 5):
        desk.see(read(4 * HOUR + second, (position(quantity=1.2, mark=960, entry=1000),), cash=1008))

    assert Level.CAUTION is desk.level


# --- REDUCE twice in a ladder -------------------------------------------------------------------------


def test_reduce_to_nothing_after_reduce_to_half():
    desk = Desk(auto(*GRADED)).warm(position(quantity=2, mark=1000, entry=1000), cash=2000)
    first = only(
        desk.see(read(0, (position(quantity=2, mark=960, entry=1000),), cash=2000)), "close_position"
    )
    desk.report(1, first)
    effects = desk.see(read(2, (position(quantity=1, mark=890, entry=1000),), cash=1920))
    second = only(effects, "close_position")

    assert ("1", None) == (str(first.order.quantity.normalize()), second.order.quantity)
    assert 0.0 == desk.incident.reduce_to
    assert "REDUCE" in only(effects, "notify").title


def test_a_window_that_is_still_filling_is_not_calm():
    desk = halted(auto(*LADDER[1:], window=WEEK))

    assert Level.HALT is run(desk, 60, 5 * HOUR, 0, every=60)


def test_a_hindrance_list_is_empty_exactly_when_the_step_is_taken():
    desk = halted()
    run(desk, 60, 4 * HOUR - 60, 4.0, every=60)

    assert ["cooldown"] == standing_in_the_way(desk, 4 * HOUR - 60)


def test_clean_is_an_hour() -> None:
    assert 3600.0 == CLEAN.total_seconds()
    assert breaker.CAUTION_DWELL <= CLEAN


def test_a_caution_of_blindness_does_not_count_as_clean():
    seen = rule(rung(0.5, "caution"), id="size", metric="leverage", on_unknown=OnUnknown.CAUTION)
    desk = halted(
        auto(*LADDER[1:], on_unknown=OnUnknown.CAUTION), replace(seen, ladder=(rung(9, "caution"),))
    )
    run(desk, 60, 4 * HOUR, 0, every=5)
    desk.tick(4 * HOUR + 40)
    run(desk, 4 * HOUR + 45, 5 * HOUR, 0, every=5)

    assert 0.25 == cap(desk)
