"""Scenes for the laws about levels: when they rise, how they fall, what a crash and a start leave of them."""

from __future__ import annotations

from dataclasses import replace

from guardian.core.events import Resumed, Started
from guardian.core.memory import Baseline
from guardian.core.model import Known, Level, Unknown, Verdict
from guardian.core.state import AccountState, Arming, RuleState
from guardian.sim.checkers import latches, levels, proofs, running, timely
from guardian.sim.checkers.checker import Checker
from guardian.sim.scenario.shapes import Act
from tests.sim.laws.theatre import Play, Theatre


def fall(t: Theatre, to: float) -> None:
    """The world's equity falls to this part of its peak."""
    t.scene.truth.books["a1"].navs.append((t.at, 100.0 * to))


def demanded(t: Theatre) -> None:
    t.checker.operated(Act(5.0, "flatten", "a1"))
    t.step(t.account(), t.account(Level.FLATTEN), by="operator")


def truly_lost(t: Theatre) -> None:
    fall(t, 0.9)
    t.step(t.account(), t.account(Level.FLATTEN))


def nothing_lost(t: Theatre) -> None:
    t.step(t.account(), t.account(Level.FLATTEN))


def nobody_asked(t: Theatre) -> None:
    t.step(t.account(), t.account(Level.FLATTEN), by="operator")


def bot_did_not_grow(t: Theatre) -> None:
    t.stage.bots["a1"] = type("Quiet", (), {"accepted": 0})()  # type: ignore[assignment]
    t.step(t.account(Level.HALT), t.account(Level.FLATTEN), by="bot-ignores-halt")


def resumed(t: Theatre) -> None:
    t.step(t.account(Level.HALT), t.account(), Resumed(t.instant(), "a1", "operator", "fine"))


def opens_by_itself(t: Theatre) -> None:
    t.step(t.account(Level.HALT), t.account())


def with_rule(account: AccountState, **known: object) -> AccountState:
    own = RuleState("loss", Verdict.UNKNOWN, Unknown("blind"), held=(1.5,), past=(True,), fired=(False,))
    return replace(account, rules=(replace(own, **known),))  # type: ignore[arg-type]


def calm_is_known(t: Theatre) -> None:
    t.step(t.account(Level.CAUTION), with_rule(t.account(), measured=Known(0.001)))


def calm_is_not_known(t: Theatre) -> None:
    t.step(t.account(Level.CAUTION), with_rule(t.account()))


def hold_stands(t: Theatre) -> None:
    t.step(with_rule(t.account()), with_rule(t.account()))


def hold_drains(t: Theatre) -> None:
    t.step(with_rule(t.account()), with_rule(t.account(), held=(0.5,)))


def breach_forgotten(t: Theatre) -> None:
    t.step(with_rule(t.account()), with_rule(t.account(), past=(False,)))


def blind_and_clear(t: Theatre) -> None:
    t.step(with_rule(t.account()), with_rule(t.account(), verdict=Verdict.CLEAR))


def judged(t: Theatre, level: Level, since: float = 0.0) -> AccountState:
    baseline = Baseline((), t.instant(since))
    return with_rule(t.account(level), judged_at=t.instant(), baseline=baseline)


def same_after_the_crash(t: Theatre) -> None:
    t.checker.died(t.life(judged(t, Level.HALT)))
    t.checker.born(t.life(judged(t, Level.HALT)))


def latch_lost(t: Theatre) -> None:
    t.checker.died(t.life(judged(t, Level.HALT)))
    t.checker.born(t.life(judged(t, Level.NORMAL)))


def other_incident(t: Theatre) -> None:
    t.checker.died(t.life(judged(t, Level.HALT)))
    other = t.incident(Level.HALT, code="2")
    t.checker.born(t.life(replace(judged(t, Level.HALT), incident=other)))


def other_baseline(t: Theatre) -> None:
    t.checker.died(t.life(judged(t, Level.HALT)))
    t.checker.born(t.life(judged(t, Level.HALT, since=4.0)))


def started_as_before(t: Theatre) -> None:
    t.step(judged(t, Level.HALT), judged(t, Level.HALT), Started(t.instant(), "sim"))


def started_lower(t: Theatre) -> None:
    t.step(judged(t, Level.HALT), judged(t, Level.CAUTION), Started(t.instant(), "sim"))


def started_disarmed(t: Theatre) -> None:
    disarmed = replace(judged(t, Level.HALT), arming=Arming(False))
    t.step(judged(t, Level.HALT), disarmed, Started(t.instant(), "sim"))


def started_from_another_peak(t: Theatre) -> None:
    t.step(judged(t, Level.HALT), judged(t, Level.HALT, since=4.0), Started(t.instant(), "sim"))


def dwelt(t: Theatre) -> None:
    entered = t.incident(Level.CAUTION, entered_at=t.instant(-60.0))
    t.step(t.account(Level.CAUTION, incident=entered), t.account())


def left_at_once(t: Theatre) -> None:
    t.step(t.account(Level.CAUTION), t.account())


def loss_lasts(t: Theatre, level: Level) -> None:
    """Ten seconds at a loss of 20 %, where 5 % for 2 s demands FLATTEN."""
    t.life(t.account(level))
    for _ in range(20):
        t.at += 0.5
        fall(t, 0.8)
        t.checker.moved()


def acted_on(t: Theatre) -> None:
    loss_lasts(t, Level.FLATTEN)


def looked_on(t: Theatre) -> None:
    loss_lasts(t, Level.HALT)


SCENES: list[tuple[type[Checker], Play, Play]] = [
    (levels.NoFalseKill, truly_lost, nothing_lost),
    (levels.NoFalseKill, demanded, nobody_asked),
    (levels.NoFalseKill, demanded, bot_did_not_grow),
    (latches.Latches, resumed, opens_by_itself),
    (latches.Latches, calm_is_known, calm_is_not_known),
    (levels.UnknownHoldsStill, hold_stands, hold_drains),
    (levels.UnknownHoldsStill, hold_stands, breach_forgotten),
    (levels.UnknownHoldsStill, hold_stands, blind_and_clear),
    (levels.SurvivesCrash, same_after_the_crash, latch_lost),
    (levels.SurvivesCrash, same_after_the_crash, other_incident),
    (levels.SurvivesCrash, same_after_the_crash, other_baseline),
    (running.StartKeeps, started_as_before, started_lower),
    (running.StartKeeps, started_as_before, started_disarmed),
    (running.StartKeeps, started_as_before, started_from_another_peak),
    (proofs.CautionDwells, dwelt, left_at_once),
    (timely.ActsInTime, acted_on, looked_on),
]
