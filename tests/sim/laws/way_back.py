"""Scenes for the way back that needs no operator: each thing that the design asks for, and its absence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from guardian.core.events import SnapshotTaken, Started, Tick
from guardian.core.model import AtLeast, Known, Level, Measured, Rung, Snapshot
from guardian.core.state import AccountState, Decision, RuleState, State, Trial
from guardian.runtime.permit import Permit
from guardian.sim.checkers import latches, proofs, running, trials
from guardian.sim.checkers.checker import Checker, Decided
from guardian.sim.ports import view
from tests.sim.laws.theatre import LOSS, Play, Theatre

AUTO = replace(LOSS, ladder=(Rung(0.05, Level.HALT, 2.0),), clears="auto", cooldown_seconds=8.0)

LITTLE = Known(0.001)


def decide(t: Theatre, old: AccountState, new: AccountState, rule: Any = AUTO, after: str = "") -> None:
    """One step at the theatre's time; `after` is the level that the rule has raised it to."""
    decided = (Decision("a1", "level", rule.id, "", after),) if after else ()
    before = State(rules=(rule,), accounts=(old,))
    now = State(now=t.instant(), rules=(rule,), accounts=(new,), decisions=decided)
    t.checker.decided(Decided(before, Tick(t.instant()), now, ()))


def opened(t: Theatre, measured: Measured = LITTLE, heat: float = 0.1) -> AccountState:
    trial = Trial(0.25, t.instant(), t.instant(), t.instant())
    incident = t.incident(Level.CAUTION, trial=trial, entered_at=t.instant())
    return t.account(
        Level.CAUTION, incident=incident, rules=(RuleState(AUTO.id, measured=measured),), overheat=heat
    )


def halt_and_open(t: Theatre, wait: float = 10.0, rule: Any = AUTO, halts: int = 1, **known: Any) -> None:
    for _ in range(halts):
        decide(t, t.account(), t.account(Level.HALT), rule, "HALT")
    t.at += wait
    decide(t, t.account(Level.HALT), opened(t, **known), rule)


def reduce_twice(t: Theatre, to: float) -> None:
    """The operator ends the first one; the second one's cooldown is as long as the first was a halt."""
    for code in ("1", "2"):
        incident = replace(t.incident(Level.REDUCE), code=code, reduce_to=to)
        decide(t, t.account(), t.account(Level.REDUCE, incident=incident), AUTO, "REDUCE")
    out = replace(t.incident(Level.REDUCE), code="2", reduce_to=0.0)
    smaller, flat = (t.account(Level.REDUCE, incident=each) for each in (incident, out))
    decide(t, smaller, flat, AUTO, "REDUCE")
    t.at += 10.0
    decide(t, flat, opened(t), AUTO)


def trial_ends(t: Theatre, hours: float) -> None:
    tried = opened(t)
    t.at += hours * 3600
    decide(t, tried, t.account())


def permit_of(t: Theatre, cap: float) -> None:
    account = opened(t)
    t.at += 5.0
    life: Any = t.life(account)
    life.runtime.parts.permits = SimpleNamespace(get=lambda name: Permit("normal", cap))
    t.checker.moved()


# --- the trial ------------------------------------------------------------------------------------


def at_cap(t: Theatre, cap: float = 0.25) -> AccountState:
    """Half-open by the loss rule since now, with both accounts of the equity in agreement."""
    trial = Trial(cap, t.instant(), t.instant(), t.instant())
    incident = t.incident(Level.CAUTION, trial=trial, entered_at=t.instant(), causes=(LOSS.id,))
    return t.account(Level.CAUTION, incident=incident, nav=SimpleNamespace(agreed=True))


def read(t: Theatre, old: AccountState, new: AccountState, nav: float = 100.0) -> AccountState:
    """A complete read at which the account goes from old to new, the world being worth so much."""
    t.scene.truth.books["a1"].navs.append((t.at, nav))
    seen = Snapshot("a1", t.instant(), view.wallet(t.stand), view.positions(t.stand), (), ())
    t.step(old, new, SnapshotTaken(t.instant(), seen))
    return new


def an_hour_of(t: Theatre, *navs: float, blind: float = 0.0) -> None:
    """Half-open, reads that show these NAVs in a row and then 100, and half of the size an hour later."""
    began, tried = t.at, read(t, t.account(Level.HALT), at_cap(t))
    t.at += blind
    t.step(tried, replace(tried))
    for nav in navs:
        t.at += 600.0
        tried = read(t, tried, replace(tried), nav)
    t.at = began + 3600.0
    read(t, tried, at_cap(t, 0.5))


def too_soon(t: Theatre) -> None:
    tried = read(t, t.account(Level.HALT), at_cap(t))
    t.at += 3500.0
    read(t, tried, at_cap(t, 0.5))


def waits(t: Theatre, seconds: float) -> None:
    """Half-open for so long, and nothing stands in its way."""
    account = at_cap(t)
    for _ in range(2):
        t.life(account)
        t.checker.moved()
        t.at += seconds


def restarts(t: Theatre, new: AccountState) -> None:
    t.step(at_cap(t), new, Started(t.instant(), "sim"))


def keeps_the_trial(t: Theatre) -> None:
    restarts(t, at_cap(t, 0.25))


def loses_the_trial(t: Theatre) -> None:
    restarts(t, t.account(Level.CAUTION))


def half_an_hour_at_half(t: Theatre) -> None:
    """The permit of the second hour already in the first."""
    account = at_cap(t, 0.5)
    t.at += 1800.0
    life: Any = t.life(account)
    life.runtime.parts.permits = SimpleNamespace(get=lambda name: Permit("normal", 0.5))
    t.checker.moved()


def half_after_an_hour(t: Theatre) -> None:
    tried = at_cap(t, 0.5)
    t.at += 3700.0
    life: Any = t.life(tried)
    life.runtime.parts.permits = SimpleNamespace(get=lambda name: Permit("normal", 0.5))
    t.checker.moved()


def trial_is_over(t: Theatre) -> None:
    """A trial has hours of its own: the minute is for a CAUTION that is none."""
    t.step(at_cap(t), t.account())


def caution_is_over(t: Theatre) -> None:
    t.step(t.account(Level.CAUTION), t.account())


def scene(name: str, play: Any, *given: Any, **known: Any) -> Play:
    made = partial(play, **known) if not given else lambda t: play(t, *given, **known)
    made.__name__ = name  # type: ignore[attr-defined]
    return made


OPERATOR = replace(AUTO, clears="operator")
CALM = scene("cooldown_over_and_calm", halt_and_open)
TWICE = scene("cooldown_doubled", halt_and_open, wait=17.0, halts=2)
BROKEN = (
    (CALM, scene("cooldown_runs", halt_and_open, wait=7.0)),
    (TWICE, scene("cooldown_not_doubled", halt_and_open, wait=10.0, halts=2)),
    (scene("half_a_book_is_no_halt", reduce_twice, 0.5), scene("flat_twice_is_two", reduce_twice, 0.0)),
    (CALM, scene("not_calm", halt_and_open, measured=Known(0.04))),
    (CALM, scene("not_known", halt_and_open, measured=AtLeast(0.001, "half"))),
    (CALM, scene("hot", halt_and_open, heat=0.5)),
    (CALM, scene("operators_rule", halt_and_open, rule=OPERATOR)),
    (scene("two_hours_of_trial", trial_ends, 2.0), scene("one_hour_of_trial", trial_ends, 1.0)),
)
SCENES: list[tuple[type[Checker], Play, Play]] = [
    *((latches.Latches, kept, broken) for kept, broken in BROKEN),
    (trials.CapsTrials, scene("a_quarter", permit_of, 0.25), scene("a_half", permit_of, 0.5)),
    (trials.CapsTrials, half_after_an_hour, half_an_hour_at_half),
    (trials.CleanTrials, scene("a_clean_hour", an_hour_of, 100.0, 100.0), too_soon),
    (trials.CleanTrials, scene("one_odd_read", an_hour_of, 90.0), scene("a_loss", an_hour_of, 90.0, 90.0)),
    (trials.CleanTrials, scene("no_blindness", an_hour_of), scene("blindness", an_hour_of, blind=60.0)),
    (trials.ComesBack, scene("half_an_hour", waits, 1800.0), scene("too_long", waits, 3700.0)),
    (running.StartKeeps, keeps_the_trial, loses_the_trial),
    (proofs.CautionDwells, trial_is_over, caution_is_over),
]
