"""What never leaves by itself, and what re-arming must not defeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.core.breaker import demands, scene
from guardian.core.events import Configured
from guardian.core.model import Level, Window
from guardian.core.rearm import DAY, hindrances
from tests.core.build import (
    DAY as SESSION,
)
from tests.core.build import (
    SLIDING_HOUR,
    Desk,
    at,
    policy,
    read,
    rule,
    rung,
)
from tests.core.rearm.desk import (
    FULL,
    HOUR,
    LADDER,
    WEEK,
    auto,
    down,
    halted,
    run,
    watched_for_a_week,
)


def never(desk: Desk, since: float = 60) -> bool:
    before = desk.level
    return before is run(desk, since, 3 * DAY.total_seconds(), 0, every=300)


@pytest.mark.parametrize("level", ["flatten", "lockout"])
def test_what_is_above_reduce_is_left_only_by_an_operator(level: str):
    desk = halted(auto(rung(0.02, "halt"), rung(0.035, level)))

    assert Level[level.upper()] is desk.level
    assert never(desk)


def test_what_an_operator_demanded_is_left_only_by_an_operator():
    desk = halted()
    desk.demand(1, "halt")

    assert never(desk)


def test_a_rule_that_says_operator_latches_what_another_has_begun():
    """It demands HALT while the account is at REDUCE already, and is calm again soon."""
    strict = rule(rung(0.03, "halt"), id="strict", window=SLIDING_HOUR)
    desk = Desk(auto(), strict).warm(FULL)
    run(desk, 0, 0, 4.0)

    assert ("dd", "strict") == desk.incident.causes
    assert never(desk)


def test_new_rules_that_take_the_way_back_away_are_obeyed():
    desk = halted()
    desk.send(Configured(at(10), "desk-1", "other", (policy(),), (auto(clears="operator"),)))

    assert never(desk)


def test_an_incident_of_an_older_journal_has_no_known_cause_and_stays():
    desk = halted()
    old = replace(desk.account, incident=replace(desk.incident, causes=()), halts=())
    desk.state = replace(desk.state, accounts=(old,))
    found = demands(old, desk.state.rules, at(5 * HOUR))

    whys = tuple(hindrances(scene(old, desk.incident, desk.state.rules, found, at(5 * HOUR))))

    assert ["operator"] == [h.why for h in whys]


# --- what begins anew, and what does not --------------------------------------------------------------


def test_a_sliding_loss_begins_anew_at_rearming():
    """A week's window would hold the old loss for a week; the trial measures from its own start."""
    desk = watched_for_a_week(halted(auto(*LADDER[1:], window=WEEK)))
    run(desk, 60, 4 * HOUR, 2.5, every=60)
    desk.see(read(4 * HOUR + 5, (down(4.5),)))
    own = desk.account.rule("dd")

    assert own is not None
    assert pytest.approx((975 - 955) / 975) == getattr(own.measured, "value", None)
    assert Level.CAUTION is desk.level


@pytest.mark.parametrize("window", [SESSION, Window("hwm")], ids=["day", "peak"])
def test_a_day_and_a_peak_are_not_defeated_by_rearming(window: Window):
    """START is noon; until midnight the day's loss stands, and a peak's stands for ever."""
    metric = "daily_loss" if window.kind == "session" else "drawdown"
    desk = Desk(auto(window=window, metric=metric)).warm(FULL)
    run(desk, 0, 0, 4.0)

    assert Level.HALT is run(desk, 60, 11.9 * HOUR, 3.0, every=60)


def test_a_window_that_may_flatten_keeps_the_peak_it_was_given():
    desk = watched_for_a_week(halted(auto(*LADDER[1:], rung(0.08, "flatten"), window=WEEK)))
    run(desk, 60, 4 * HOUR, 2.0, every=60)
    opened = desk.level
    desk.see(read(4 * HOUR + 5, (down(8),)))

    assert (Level.CAUTION, Level.FLATTEN) == (opened, desk.level)


def test_rules_that_say_operator_keep_their_window():
    strict = rule(rung(0.045, "flatten"), id="strict", window=WEEK)
    desk = watched_for_a_week(halted(auto(window=WEEK), strict))
    run(desk, 60, 4 * HOUR, 2.4, every=60)
    opened = desk.level
    desk.see(read(4 * HOUR + 5, (down(4.6),)))

    assert (Level.CAUTION, Level.FLATTEN) == (opened, desk.level)
