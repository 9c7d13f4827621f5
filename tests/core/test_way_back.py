"""The way down and back: CAUTION's dwell and an operator's resume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.model import Level, OnUnknown, Part
from tests.core.build import (
    LEVELS,
    Desk,
    kinds,
    only,
    position,
    read,
    read_only,
    rule,
    rung,
    without,
)

FULL = position(mark=1000)


def down(percent: float, quantity: float | str = 1) -> Any:
    """The same leg after a fall that costs this percentage of an equity of 1000."""
    return position(quantity=quantity, mark=1000 - 10 * percent, entry=1000)


LADDER = (rung(0.02, "caution"), rung(0.04, "reduce", to=0.5), rung(0.05, "lockout"))


# --- CAUTION's way back -------------------------------------------------------------------------------


def run(desk: Desk, since: int, until: int, percent: float) -> Level:
    for second in range(since, until):
        desk.see(read(second, (down(percent),)))
    return desk.level


@pytest.mark.parametrize(
    ("percent", "after"), [(1.3, Level.NORMAL), (1.5, Level.CAUTION), (1.99, Level.CAUTION)]
)
def test_caution_ends_below_seven_tenths_of_its_rung(percent: float, after: Level):
    desk = Desk(rule(*LADDER)).warm(FULL)
    run(desk, 0, 3, 2.5)

    assert after is run(desk, 3, 200, percent)


def test_caution_ends_after_a_minute_of_unbroken_calm():
    desk = Desk(rule(*LADDER)).warm(FULL)
    run(desk, 0, 3, 2.5)
    almost = run(desk, 3, 62, 0)
    run(desk, 62, 63, 1.5)

    again, ended = run(desk, 63, 123, 0), run(desk, 123, 125, 0)

    assert (Level.CAUTION, Level.CAUTION, Level.NORMAL) == (almost, again, ended)


def test_the_end_of_caution_lifts_the_permit_and_resolves_the_page():
    desk = Desk(rule(*LADDER)).warm(FULL)
    page = only(desk.see(read(0, (down(2.5),))), "notify")
    desk.effects.clear()
    run(desk, 1, 70, 0)

    told = kinds(desk.effects, "notify")[-1]

    assert (page.key, "resolve") == (told.key, told.notification)
    assert "normal" == kinds(desk.effects, "permit")[-1].mode
    assert False is kinds(desk.effects, "prepare_keys")[-1].hold


def test_silence_ends_no_caution():
    desk = Desk(rule(*LADDER)).warm(FULL)
    run(desk, 0, 3, 2.5)
    run(desk, 3, 30, 0)

    for second in range(30, 300):
        desk.see(without(read(second, (FULL,)), Part.POSITIONS))

    assert Level.CAUTION is desk.level


def test_a_second_rule_past_its_limit_keeps_caution_although_its_own_hold_still_runs():
    """The cause is calm, but another armed rule was past its limit when it last could tell."""
    slow = rule(rung(0.5, "caution", hold=9999), id="leverage", metric="leverage")
    desk = Desk(rule(*LADDER), slow).warm(FULL)
    run(desk, 0, 3, 2.5)

    assert Level.CAUTION is run(desk, 3, 200, 0)


def test_a_caution_for_blindness_ends_when_sight_is_back():
    desk = Desk(rule(*LADDER, on_unknown=OnUnknown.CAUTION)).warm(FULL)
    desk.tick(30)
    blind = desk.level

    assert (Level.CAUTION, Level.NORMAL) == (blind, run(desk, 31, 100, 0))


@pytest.mark.parametrize("level", ["halt", "reduce", "flatten", "lockout"])
def test_calm_ends_nothing_above_caution(level: str):
    desk = Desk(rule(rung(0.05, level, to=0.5 if level == "reduce" else None))).warm(FULL)
    run(desk, 0, 2, 10)

    assert LEVELS[level] is run(desk, 2, 500, 0)


# --- resume -------------------------------------------------------------------------------------------


def test_resume_ends_the_incident_and_lifts_the_permit():
    desk = Desk(rule(*LADDER)).warm(FULL)
    run(desk, 0, 2, 10)
    run(desk, 2, 3, 0)

    effects = desk.resume(4)

    assert (Level.NORMAL, None) == (desk.level, desk.account.incident)
    assert ("normal", False) == (only(effects, "permit").mode, only(effects, "prepare_keys").hold)


def test_resuming_into_a_breach_that_still_holds_acts_again_and_never_lifts_the_permit():
    """Effects run in parallel: a lifted permit sent beside the new one could win."""
    desk = Desk(rule(*LADDER)).warm(FULL)
    run(desk, 0, 2, 10)
    first = desk.incident.opened_at

    effects = desk.resume(4)

    assert Level.LOCKOUT is desk.level
    assert first < desk.incident.opened_at
    assert ["halt"] == [e.mode for e in kinds(effects, "permit")]
    assert [True] == [e.hold for e in kinds(effects, "prepare_keys")]


def test_rebasing_a_rule_starts_its_baseline_anew():
    desk = Desk(rule(*LADDER)).warm(FULL)
    run(desk, 0, 2, 10)

    desk.resume(4, "dd")

    assert Level.NORMAL is run(desk, 5, 10, 10)
    assert Level.LOCKOUT is run(desk, 10, 12, 16)


def test_reports_of_an_ended_incident_change_nothing():
    desk = Desk().warm(FULL)
    close = only(desk.demand(0, "flatten"), "close_position")
    desk.resume(1)
    before = desk.account

    desk.report(2, close)

    assert replace(before, rules=desk.account.rules) == desk.account


# --- what a resume must not undo ----------------------------------------------------------------------


def test_resuming_into_a_breach_that_holds_never_opens_the_bots_key():
    """Effects run in parallel: an un-fence beside the new fence could land last and stay."""
    desk = Desk(rule(rung(0.05, "lockout"))).warm(FULL)
    run(desk, 0, 3, 7)
    fence = only(desk.effects, "fence_key")
    desk.report(3, fence, ips="[]")
    desk.keys(3.5, read_only())
    recorded = desk.incident.fence_facts

    effects = desk.resume(5)

    assert Level.LOCKOUT is desk.level
    assert recorded
    assert [] == kinds(effects, "unfence_key")
    owed = tuple((debt.key, debt.facts) for debt in desk.account.to_unfence)
    assert recorded == owed, "what the first fence replaced is still known"


def test_who_demands_flat_again_gets_newer_proof():
    """An operator's second flatten must not be answered by a proof from before it was asked."""
    desk = Desk().warm(FULL)
    for effect in kinds(desk.demand(0, "flatten"), "fence_key", "close_position"):
        desk.report(0.1, effect)
    desk.keys(0.5, read_only())
    desk.see(read(1))
    desk.see(read(4))
    assert desk.incident.flatness.verified_at is not None

    desk.demand(60, "flatten")

    assert None is desk.incident.flatness.verified_at
