"""Judging: holds are leaky buckets, blindness neither fills nor drains, partial evidence never clears."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.core import judge as judging
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.metric import Metric
from guardian.core.model import AtLeast, Known, Measured, OnUnknown, Part, Rule, Unknown, Verdict
from guardian.core.observe import blank
from guardian.core.state import AccountState, RuleState
from tests.core.build import SLIDING_HOUR, START, Desk, at, policy, position, read, rule, rung, without

OVER, UNDER, BLIND = Known(0.06), Known(0.01), Unknown("blind")


class Script:
    """Judges one rule over scripted measurements; the metric itself is replaced, nothing else is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *rungs: Any, **changes: Any) -> None:
        self.value: Measured = UNDER
        scripted = Metric("drawdown", "fraction", "loss", ("hwm",), (), lambda view: self.value)
        monkeypatch.setitem(judging.BY_NAME, "drawdown", scripted)
        self.rule: Rule = rule(*(rungs or (rung(0.05, "halt", hold=5),)), **changes)
        self.own: RuleState = blank(self.rule)
        self.account = AccountState(policy(), START)

    def run(self, *steps: tuple[float, Measured]) -> list[Verdict]:
        found = []
        for second, value in steps:
            self.value = value
            self.own = judging.judge(self.account, self.rule, self.own, at(second))
            found.append(self.own.verdict)
        return found


def every(step: float, until: float, value: Measured, since: float = 0) -> list[tuple[float, Measured]]:
    return [(since + i * step, value) for i in range(round((until - since) / step) + 1)]


# --- holds --------------------------------------------------------------------------------------------


def test_a_breach_fires_when_its_hold_is_full_and_not_before(monkeypatch: pytest.MonkeyPatch):
    script = Script(monkeypatch)

    verdicts = script.run((0, UNDER), *every(1, 7, OVER, 1))

    assert Verdict.CLEAR is verdicts[0]
    assert [Verdict.PENDING] * 5 == verdicts[1:6], "the first second counts half: it crossed somewhere in it"
    assert Verdict.BREACHED is verdicts[-1]


def test_without_a_hold_one_look_fires(monkeypatch: pytest.MonkeyPatch):
    assert [Verdict.BREACHED] == Script(monkeypatch, rung(0.05, "halt")).run((0, OVER))


def test_flapping_still_fires(monkeypatch: pytest.MonkeyPatch):
    """Two of three seconds in breach: a timer that restarts at each clear look would never fire."""
    script = Script(monkeypatch)

    verdicts = script.run(*((i, UNDER if i % 3 == 0 else OVER) for i in range(60)))

    assert Verdict.BREACHED in verdicts


def test_one_phantom_in_three_never_fires(monkeypatch: pytest.MonkeyPatch):
    script = Script(monkeypatch, rung(0.05, "halt", hold=2))

    verdicts = script.run(*((i / 4, OVER if i % 12 < 4 else UNDER) for i in range(2000)))

    assert Verdict.BREACHED not in verdicts


@pytest.mark.parametrize("reads", [1, 2])
def test_a_phantom_shorter_than_the_hold_does_not_fire(monkeypatch: pytest.MonkeyPatch, reads: int):
    script = Script(monkeypatch, rung(0.05, "halt", hold=3))

    verdicts = script.run((0, UNDER), *every(1, reads, OVER, 1), *every(1, 30, UNDER, reads + 1))

    assert Verdict.BREACHED not in verdicts


def test_two_clear_seconds_undo_one_breached_second(monkeypatch: pytest.MonkeyPatch):
    script = Script(monkeypatch)
    script.run((0, UNDER), *every(0.01, 3, OVER, 0.01))
    filled = script.own.held[0]

    script.run(*every(0.01, 5, UNDER, 3.01))

    assert pytest.approx(3, abs=0.02) == filled
    assert pytest.approx(2, abs=0.03) == script.own.held[0]


def test_unknown_freezes_the_hold(monkeypatch: pytest.MonkeyPatch):
    """A feed that dies in mid-breach must not buy the bot more time, and must not fire by itself."""
    script = Script(monkeypatch)
    script.run((0, OVER), *every(1, 3, OVER, 1))
    before = script.own.held

    blind = script.run(*every(1, 60, BLIND, 4))
    frozen = script.own.held
    after = script.run(*every(1, 64, OVER, 61))

    assert {Verdict.UNKNOWN} == set(blind)
    assert before == frozen
    assert Verdict.BREACHED in after


@pytest.mark.parametrize(("filling", "drains"), [(False, False), (True, True)])
def test_a_bound_below_the_limit_freezes_a_hold_unless_only_history_is_missing(
    monkeypatch: pytest.MonkeyPatch, filling: bool, drains: bool
):
    """A disputed read proves no calm. A filling window knows its value: only its peak may be higher."""
    script = Script(monkeypatch)
    script.run((0, OVER), (1, OVER), (2, OVER))
    before = script.own.held[0]

    script.run(*every(1, 10, AtLeast(0.01, "x", filling=filling), 3))

    assert drains is (script.own.held[0] < before)


def test_a_gap_fills_no_more_than_five_seconds(monkeypatch: pytest.MonkeyPatch):
    script = Script(monkeypatch, rung(0.05, "halt", hold=20))
    script.run((0, OVER), (1, OVER))

    script.run((3600, OVER))

    assert script.own.held[0] <= 6.0


def test_one_odd_read_after_a_gap_fills_no_hold_of_a_second(monkeypatch: pytest.MonkeyPatch):
    """Reads failed for a while, and the first that came back was a phantom."""
    script = Script(monkeypatch, rung(0.05, "halt", hold=1))

    verdicts = script.run((0, UNDER), (4, OVER), (5, UNDER), (9, OVER), (10, OVER))

    assert [Verdict.CLEAR, Verdict.PENDING, Verdict.CLEAR, Verdict.PENDING, Verdict.BREACHED] == verdicts


def test_time_away_fills_no_hold():
    """Between the last look before a restart and the first after it nobody knows what was."""
    down = position(mark=900, entry=1000)
    desk = Desk(rule(rung(0.05, "halt", hold=4))).warm(position(mark=1000))
    for second in range(3):
        desk.see(read(second, (down,)))
    before = desk.account.rule("dd")
    desk.restart(500)
    desk.see(read(500, (down,)))
    after = desk.account.rule("dd")

    assert before is not None
    assert after is not None
    assert 0 < before.held[0] < 4
    assert before.held == after.held


def test_each_rung_has_its_own_hold_and_they_run_in_parallel(monkeypatch: pytest.MonkeyPatch):
    script = Script(monkeypatch, rung(0.02, "caution"), rung(0.04, "halt", 2), rung(0.05, "flatten", 5))

    found = []
    for second in (0, 1, 2, 5):
        script.run((second, OVER))
        found.append(sum(script.own.fired))

    assert [1, 1, 2, 3] == found


@pytest.mark.parametrize("direction", ["over", "under"])
def test_of_a_ladder_each_rung_is_past_its_own_limit_and_no_other(
    monkeypatch: pytest.MonkeyPatch, direction: str
):
    """The first rung is looked at first: what is past it may be past none of the others."""
    limits = (0.02, 0.04, 0.06) if direction == "over" else (0.06, 0.04, 0.02)
    script = Script(monkeypatch, *(rung(limit, "halt", 3) for limit in limits), direction=direction)
    values = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.05, 0.03, 0.01]
    measured = [of for v in values for of in (Known(v), AtLeast(v, "", filling=True), AtLeast(v, ""), BLIND)]
    past = [False] * 3
    for second, value in enumerate([*measured, Known(0.04)]):
        script.run((second, value))
        told = [judging.past_limit(value, script.rule, limit) for limit in limits]
        past = [was if over is None else over for over, was in zip(told, past, strict=True)]

        assert past == list(script.own.past)


def test_a_clock_that_steps_back_drains_nothing(monkeypatch: pytest.MonkeyPatch):
    script = Script(monkeypatch)
    script.run((10, OVER), (12, OVER))
    before = script.own.held

    script.run((5, OVER))

    assert before == script.own.held


# --- what evidence may say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "measured", "expected"),
    [
        ("over", Known(0.05), Verdict.BREACHED),
        ("over", Known(0.0499), Verdict.CLEAR),
        ("over", AtLeast(0.05, "half"), Verdict.BREACHED),
        ("over", AtLeast(0.01, "half"), Verdict.UNKNOWN),
        ("over", AtLeast(0.01, "filling", filling=True), Verdict.UNKNOWN),
        ("over", Unknown("blind"), Verdict.UNKNOWN),
        ("over", Unknown("new", warming=True), Verdict.WARMING),
        ("under", Known(0.05), Verdict.BREACHED),
        ("under", Known(0.051), Verdict.CLEAR),
        ("under", AtLeast(0.01, "half"), Verdict.UNKNOWN),
        ("under", AtLeast(0.9, "half"), Verdict.UNKNOWN),
        ("under", Unknown("blind"), Verdict.UNKNOWN),
    ],
)
def test_verdicts(monkeypatch: pytest.MonkeyPatch, direction: str, measured: Measured, expected: Verdict):
    """A lower bound may fire an `over` rule, and can neither fire nor clear an `under` rule."""
    script = Script(monkeypatch, rung(0.05, "halt"), direction=direction)

    assert [expected] == script.run((0, measured))


@pytest.mark.parametrize("measured", [AtLeast(0.0, "x"), AtLeast(0.0, "x", filling=True), Unknown("x")])
def test_partial_evidence_never_counts_as_calm(monkeypatch: pytest.MonkeyPatch, measured: Measured):
    script = Script(monkeypatch)

    script.run((0, UNDER), (1, measured))

    assert None is script.own.below_since


@pytest.mark.parametrize(
    ("direction", "value", "calm"),
    [("over", 0.034, True), ("over", 0.036, False), ("under", 0.08, True), ("under", 0.07, False)],
)
def test_calm_is_below_seven_tenths_of_the_lowest_limit(
    monkeypatch: pytest.MonkeyPatch, direction: str, value: float, calm: bool
):
    script = Script(monkeypatch, rung(0.05, "caution"), direction=direction)

    script.run((3, Known(value)), (9, Known(value)))

    assert (at(3) if calm else None) == script.own.below_since


# --- staleness ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("second", "stale"), [(9.9, False), (10.1, True)])
def test_evidence_older_than_the_rule_allows_is_unknown(second: float, stale: bool):
    """Age counts from the question, -1 s here, not from the answer."""
    desk = Desk(rule()).warm()
    desk.tick(second - 1)

    own = desk.account.rule("dd")

    assert own is not None
    assert (stale, Verdict.UNKNOWN if stale else Verdict.CLEAR) == (own.stale, own.verdict)


def test_a_wallet_alone_does_not_keep_a_loss_rule_fresh():
    desk = Desk(rule()).warm()
    for second in range(12):
        desk.see(without(read(second), Part.POSITIONS))

    own = desk.account.rule("dd")

    assert own is not None
    assert own.stale


@pytest.mark.parametrize(
    ("choice", "level"), [(OnUnknown.IGNORE, 0), (OnUnknown.CAUTION, 1), (OnUnknown.HALT, 2)]
)
def test_blindness_demands_what_the_rule_says(choice: OnUnknown, level: int):
    desk = Desk(rule(on_unknown=choice)).warm()

    desk.tick(20)

    assert level == desk.level


def test_an_account_never_seen_demands_nothing_for_it():
    """No baseline yet is warming, not blindness of something that was watched."""
    desk = Desk(rule(on_unknown=OnUnknown.HALT))

    desk.tick(1000)

    assert 0 == desk.level


def test_a_filling_window_fires_but_ends_no_caution():
    """For the first hour nobody knows what the hour's peak was: calm cannot be proven."""
    desk = Desk(rule(rung(0.05, "caution"), window=SLIDING_HOUR)).warm(position(mark=1000))
    desk.see(read(0, (position(mark=900, entry=1000),)))
    fired = desk.level
    for second in range(1, 400):
        desk.see(read(second, (position(mark=1000),)))

    assert (1, 1) == (fired, desk.level)


def test_every_metric_names_a_family_with_a_ceiling():
    assert all(metric.ceiling for metric in BY_NAME.values())
