"""What stands in the way down: time, heat, a value, silence, trouble, another demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.events import Disarmed, Troubled
from guardian.core.model import Level, Part, Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import (
    ACCOUNT,
    Desk,
    at,
    read,
    rule,
    rung,
    without,
)
from tests.core.rearm.conftest import Heat
from tests.core.rearm.desk import (
    FULL,
    HOUR,
    LADDER,
    WEEK,
    auto,
    cap,
    down,
    halted,
    run,
    standing_in_the_way,
    watched_for_a_week,
)


@pytest.mark.parametrize(
    ("earlier_hours", "hours"),
    [((), 4), ((3,), 8), ((3, 9), 16), ((3, 9, 20), 24), ((3, 9, 20, 23), 24), ((25,), 4)],
)
def test_only_halts_of_the_day_before_make_it_longer(earlier_hours: tuple[float, ...], hours: float):
    desk = Desk(auto()).warm(FULL)
    earlier = tuple(at(-h * HOUR) for h in sorted(earlier_hours, reverse=True))
    desk.state = replace(desk.state, accounts=(replace(desk.account, halts=earlier),))
    run(desk, 0, 0, 4.0)

    early, late = run(desk, 60, hours * HOUR - 60, 4.0, 60), run(desk, hours * HOUR, hours * HOUR, 4.0)

    assert (Level.HALT, Level.CAUTION) == (early, late)


@pytest.mark.parametrize(("percent", "after"), [(2.4, Level.CAUTION), (2.7, Level.HALT)])
def test_calm_is_below_seven_tenths_of_the_entry_rung(percent: float, after: Level):
    """The hour's peak stays: the window is a week."""
    desk = watched_for_a_week(halted(auto(*LADDER[1:], window=WEEK)))

    assert after is run(desk, 60, 5 * HOUR, percent, every=60)


def test_heat_keeps_it_for_a_day_at_most(heat: Heat):
    desk = halted(auto(gamma=0.0))
    heat.value = 0.31
    almost = run(desk, 60, 24 * HOUR - 60, 0, every=60)

    assert (Level.HALT, Level.CAUTION) == (almost, run(desk, 24 * HOUR, 24 * HOUR, 0))


def test_heat_below_three_tenths_does_not(heat: Heat):
    desk = halted(auto(gamma=0.0))
    heat.value = 0.29

    assert Level.CAUTION is run(desk, 60, 4 * HOUR, 0, every=60)


def test_silence_is_neither_calm_nor_clean():
    desk = halted()
    run(desk, 60, 4 * HOUR - 60, 0, every=60)
    for second in range(int(4 * HOUR), int(30 * HOUR), 60):
        desk.see(without(read(second, (down(0),)), Part.POSITIONS))

    assert Level.HALT is desk.level
    # Nor does one read tell what the hour before it was: it must have been seen.
    assert Level.HALT is run(desk, 30 * HOUR, 31 * HOUR - 60, 0, every=60)
    assert Level.CAUTION is run(desk, 31 * HOUR, 31 * HOUR, 0)


def test_a_blind_look_in_the_trial_begins_the_hour_anew():
    desk = halted()
    run(desk, 60, 4 * HOUR, 0, every=60)
    run(desk, 4 * HOUR + 60, 5 * HOUR - 60, 0, every=60)
    desk.tick(5 * HOUR - 30)  # the newest read is older than the rule allows
    run(desk, 5 * HOUR, 6 * HOUR - 60, 0, every=60)

    assert 0.25 == cap(desk)
    run(desk, 6 * HOUR, 6 * HOUR, 0)
    assert 0.5 == cap(desk)


@pytest.mark.parametrize("gap", [300.0, 900.0])
def test_nobody_knows_that_a_long_silence_was_clean(gap: float):
    desk = halted(auto(window=Window("hwm")))
    run(desk, 60, 4 * HOUR, 0, every=60)
    run(desk, 4 * HOUR + 60, 4.5 * HOUR, 0, every=60)
    run(desk, 4.5 * HOUR + gap, 5 * HOUR, 0, every=60)

    assert (0.5 if gap < 600 else 0.25) == cap(desk)


def test_an_hour_with_a_hole_in_it_was_not_clean():
    desk = halted()
    run(desk, 60, 4.5 * HOUR, 0, every=60)
    run(desk, 4.5 * HOUR + 300, 6.5 * HOUR, 0, every=60)

    assert 0.25 == cap(desk)
    assert Level.CAUTION is run(desk, 6.5 * HOUR + 60, 6.5 * HOUR + 300, 0, every=60)
    assert 0.5 == cap(desk)


def test_a_restart_begins_the_hour_anew_and_forgets_nothing_else():
    desk = halted()
    run(desk, 60, 4 * HOUR, 0, every=60)
    run(desk, 4 * HOUR + 60, 4.5 * HOUR, 0, every=60)
    before = desk.incident
    desk.state = decode_state(encode_state(desk.state))
    desk.restart(4.5 * HOUR + 1)
    after = desk.incident
    run(desk, 4.5 * HOUR + 60, 5.5 * HOUR, 0, every=60)

    assert (before.code, before.causes, before.entered_at) == (after.code, after.causes, after.entered_at)
    assert 0.25 == cap(desk)
    run(desk, 5.5 * HOUR + 60, 5.5 * HOUR + 60, 0)
    assert 0.5 == cap(desk)


def test_a_restart_in_the_cooldown_does_not_shorten_it():
    desk = halted()
    run(desk, 60, 2 * HOUR, 0, every=60)
    desk.state = decode_state(encode_state(desk.state))
    desk.restart(2 * HOUR + 1)

    assert Level.HALT is run(desk, 2 * HOUR + 60, 4 * HOUR - 60, 0, every=60)
    assert Level.CAUTION is run(desk, 4 * HOUR, 4 * HOUR, 0)


def test_a_restart_after_the_cooldown_lowers_nothing_until_somebody_looks():
    desk = halted()
    run(desk, 60, 4 * HOUR - 5, 0, every=60)
    desk.see(read(4 * HOUR - 5, (down(0),)))
    desk.state = decode_state(encode_state(desk.state))
    desk.restart(4 * HOUR + 1)
    started = desk.level

    desk.see(read(4 * HOUR + 2, (down(0),)))

    assert (Level.HALT, Level.CAUTION) == (started, desk.level)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (Troubled(at(4 * HOUR - 60), ACCOUNT, "journal", "disk full"), "journal"),
        (Disarmed(at(4 * HOUR - 60), ACCOUNT, at(6 * HOUR), "anna", "maintenance"), "armed"),
    ],
)
def test_trouble_and_disarming_stand_in_the_way(event: Any, why: str):
    desk = halted()
    run(desk, 60, 4 * HOUR - 60, 0, every=60)
    desk.send(event)
    run(desk, 4 * HOUR - 30, 4 * HOUR + 60, 0)

    assert Level.HALT is desk.level
    assert [why] == standing_in_the_way(desk, 4 * HOUR + 60)


def test_another_demand_stands_in_the_way():
    """The leverage caution is none of the halt's causes; its hold even has to run first."""
    slow = rule(rung(0.5, "caution", hold=1e6), id="leverage", metric="leverage")
    desk = halted(auto(), slow)
    run(desk, 60, 4 * HOUR + 60, 0, every=60)

    assert Level.HALT is desk.level
    assert "demand" in standing_in_the_way(desk, 4 * HOUR + 60)


def test_a_breach_of_integrity_stands_in_the_way_even_where_that_rule_only_observes():
    integrity = rule(rung(0.01, "halt", hold=1e6), id="integrity", metric="unexplained", armed=False)
    desk = halted(auto(), integrity)
    run(desk, 60, 4 * HOUR - 60, 0, every=60)
    lied = read(4 * HOUR, (down(0),))
    assert lied.wallet is not None
    desk.see(replace(lied, wallet=replace(lied.wallet, equity=lied.wallet.equity * 2)))

    assert Level.HALT is desk.level
    assert {"integrity", "evidence"} <= set(standing_in_the_way(desk, 4 * HOUR))
