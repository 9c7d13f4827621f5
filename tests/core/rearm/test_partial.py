"""A REDUCE that leaves something open shuts nobody out: half an hour of calm, and no cooldown doubles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.model import Level, Snapshot, Window
from tests.core.build import Desk, kinds, money, read, rung
from tests.core.rearm.desk import (
    FULL,
    GRADED,
    HOUR,
    auto,
    cap,
    down,
    halted,
    run,
    standing_in_the_way,
    watched_for_a_week,
)

HALF = HOUR / 2


def reduced() -> Desk:
    """Its window is full, so that a value of it is known."""
    return watched_for_a_week(halted(auto(*GRADED)))


def test_it_goes_to_caution_after_half_an_hour_of_calm_and_then_as_every_caution():
    desk = reduced()
    before = run(desk, 5, HALF - 5, 2.0, every=60)
    after = run(desk, HALF, HALF, 2.0)

    assert (Level.REDUCE, Level.CAUTION) == (before, after)
    assert None is cap(desk)  # no trial: nobody was shut out
    assert ("normal", 0.5) == (
        kinds(desk.effects, "permit")[-1].mode,
        kinds(desk.effects, "permit")[-1].size_cap,
    )
    assert Level.CAUTION is run(desk, HALF + 5, HALF + HOUR / 4, 2.0, every=60)  # 2 % is above 0.7 x 2.5 %
    assert Level.NORMAL is run(desk, HALF + HOUR / 4, HALF + HOUR / 2, 1.0, every=30)


def test_what_is_not_calm_keeps_it():
    desk = reduced()
    run(desk, 5, HALF, 2.7, every=5)

    assert ["value", "demand"] == standing_in_the_way(desk, HALF)
    assert Level.REDUCE is desk.level


def test_heat_does_not_keep_it(heat: Any):
    """It would keep a halt for a day; what is only smaller does not wait for it."""
    desk = reduced()
    heat.value = 0.9

    assert Level.CAUTION is run(desk, 60, HALF + 60, 1.0, every=60)


def test_it_is_no_halt_that_makes_the_next_cooldown_longer():
    desk = reduced()
    run(desk, 60, HALF + 60, 1.0, every=60)

    assert () == desk.account.halts


def test_once_it_goes_to_nothing_it_is_a_halt_with_all_that_belongs_to_one():
    desk = reduced()
    run(desk, 5, 5, 6.0)

    assert 1 == len(desk.account.halts)
    assert Level.REDUCE is run(desk, 60, 3 * HOUR, 1.0, every=60)


def test_a_relapse_that_goes_only_to_half_is_a_halt_where_the_incident_was_one():
    """Or a bot that relapses would be tried again after the same cooldown for ever."""
    desk = watched_for_a_week(halted(auto(*GRADED), percent=6.0))
    run(desk, 60, 4 * HOUR, 0, every=60)
    opened = cap(desk)
    run(desk, 4 * HOUR + 60, 4 * HOUR + 60, 4.0)

    assert (0.25, Level.REDUCE) == (opened, desk.level)
    assert 2 == len(desk.account.halts)


MARGIN = auto(
    rung(0.6, "halt"), id="margin", metric="margin_ratio", window=Window(), cooldown_seconds=4 * HOUR
)


def strained(second: float, percent: float, used: float) -> Snapshot:
    """A fall of so much, and a maintenance margin of this fraction of the equity."""
    seen = read(second, (down(percent),))
    assert seen.wallet is not None
    return replace(seen, wallet=replace(seen.wallet, maintenance_margin=seen.wallet.equity * money(used)))


@pytest.mark.parametrize("halt_at", [1, 3, 8], ids=["before", "at once", "after"])
def test_a_halt_that_another_rule_demands_shuts_the_bot_out_whenever_it_comes(halt_at: int):
    """What it takes to come back must not depend on which of the two was seen first."""
    desk = Desk(auto(*GRADED), MARGIN).warm(FULL)
    for second in range(10):
        desk.see(strained(second, 4.0 if second >= 3 else 0.0, 0.7 if second == halt_at else 0.1))

    assert Level.REDUCE is desk.level
    assert 1 == len(desk.account.halts)
    watched_for_a_week(desk)
    assert Level.REDUCE is run(desk, 60, 4 * HOUR - 60, 1.0, every=60), "half an hour would do without a halt"


def test_a_halt_of_an_operator_is_none_that_makes_a_cooldown_longer():
    desk = reduced()
    desk.demand(6, "halt")
    run(desk, 7, 10, 4.0, every=1)

    assert () == desk.account.halts
