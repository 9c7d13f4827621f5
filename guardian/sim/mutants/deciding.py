"""Mutants of what is observed, judged and decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from guardian.core import breaker, engine, judge, notices, observe, rearm
from guardian.core.events import Outcome
from guardian.core.metrics import nav, subjects
from guardian.core.model import Level, Verdict
from guardian.sim.mutants.mutant import Mutant

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Call = Callable[..., Any]


def _unknown_is_clear(verdict: Call) -> Call:
    def hopeful(*given: Any) -> Verdict:
        found: Verdict = verdict(*given)
        return Verdict.CLEAR if found is Verdict.UNKNOWN else found

    return hopeful


def _stale_zeroes_hold(hold: Call) -> Call:
    return lambda own, i, over, *given: 0.0 if over is None else hold(own, i, over, *given)


def _one_account_of_a_loss(seen: Call) -> Call:
    def believed(*told: Any) -> Any:
        after = seen(*told)
        worse = after.explained if after.raw is None else min(after.raw, after.explained)
        return replace(after, value=float(worse / after.units), agreed=True, sides=2)

    return believed


def _withdrawal_is_a_loss(units: Call) -> Call:
    return lambda before, explained, flow: before.units


def _baseline_anew(started: Call) -> Call:
    def forgot(account: Any, event: Any) -> Any:
        account = started(account, event)
        return replace(account, rules=tuple(replace(r, baseline=None) for r in account.rules))

    return forgot


def _latch_lost(started: Call) -> Call:
    return lambda account, event: replace(started(account, event), level=Level.NORMAL, incident=None)


def _observer_acts(acts: Call) -> Call:
    return lambda account, rule, now: account.policy.has_hands


def _calm_without_proof(settle: Call) -> Call:
    def hurried(scene: Any) -> Any:
        calm = scene.account.level is Level.CAUTION and scene.incident.trial is None and not scene.busy
        return (rearm.closed(scene.account, scene.incident), ()) if calm else settle(scene)

    return hurried


def _latch_opens(settle: Call) -> Call:
    def opened(scene: Any) -> Any:
        quiet = scene.account.level is Level.HALT and not scene.busy
        return (rearm.closed(scene.account, scene.incident), ()) if quiet else settle(scene)

    return opened


def _whole_book_for_one(demands: Call) -> Call:
    """A halt of some symbols is one of all."""
    return lambda *given: tuple(replace(demand, only=()) for demand in demands(*given))


def _all_are_one_venue(members: Call) -> Call:
    def lumped(accounts: Any, own: Any, rule: Any) -> Any:
        wide = replace(rule, scope="portfolio", only=()) if rule.scope == "venue" else rule
        return members(accounts, own, wide)

    return lumped


def _limits_tripled(over: Call) -> Call:
    return lambda measured, rule, limit: over(measured, rule, limit * 3)


def _growth_ignored(ignores: Call) -> Call:
    return lambda account: False


def _nonsense_accepted(checked: Call) -> Call:
    return lambda seen, evidence: seen


def _first_page_trusted(listed: Call) -> Call:
    return lambda account, event: listed(account, replace(event, complete=True))


def _lost_is_done(settled: Call) -> Call:
    def hopeful(incident: Any, event: Any) -> Any:
        lost = event.outcome is Outcome.UNKNOWN
        return settled(incident, replace(event, outcome=Outcome.DONE) if lost else event)

    return hopeful


def _nobody_told(tell: Call) -> Call:
    return lambda *given: None


def _wall_clock(judged: Call) -> Call:
    def drifted(account: Any, rule: Any, own: Any, now: datetime, accounts: Any = ()) -> Any:
        wall = EPOCH + timedelta(seconds=asyncio.get_running_loop().time())
        return judged(account, rule, own, wall, accounts)

    return drifted


MUTANTS = (
    Mutant(
        "unknown-is-clear",
        "A rule that cannot tell says that all is clear.",
        judge,
        "_verdict",
        _unknown_is_clear,
    ),
    Mutant("stale-zeroes-hold", "Missing evidence empties a hold.", judge, "_hold", _stale_zeroes_hold),
    Mutant(
        "one-account-of-a-loss",
        "A loss that only one account of the equity shows is believed.",
        nav,
        "_seen",
        _one_account_of_a_loss,
    ),
    Mutant(
        "withdrawal-is-a-loss",
        "Money that is taken out counts as lost.",
        nav,
        "_units",
        _withdrawal_is_a_loss,
    ),
    Mutant(
        "baseline-anew",
        "A restart forgets from where a loss is measured.",
        observe,
        "started",
        _baseline_anew,
    ),
    Mutant("latch-lost", "A restart ends the incident.", observe, "started", _latch_lost),
    Mutant(
        "observer-acts", "Guardian acts on an account that it only observes.", breaker, "acts", _observer_acts
    ),
    Mutant(
        "calm-without-proof",
        "CAUTION ends as soon as nothing is demanded, known or not.",
        breaker,
        "_settle",
        _calm_without_proof,
    ),
    Mutant("latch-opens", "HALT ends by itself once the loss is over.", breaker, "_settle", _latch_opens),
    Mutant(
        "whole-book-for-one",
        "What is too large in one symbol halts and reduces every other one.",
        engine,
        "demands",
        _whole_book_for_one,
    ),
    Mutant(
        "all-are-one-venue",
        "The accounts of every venue are judged as if they were at one.",
        subjects,
        "members",
        _all_are_one_venue,
    ),
    Mutant("limits-tripled", "Every limit counts three times.", judge, "past_limit", _limits_tripled),
    Mutant(
        "growth-ignored",
        "A bot that goes on growing after HALT is left alone.",
        breaker,
        "ignores_halt",
        _growth_ignored,
    ),
    Mutant(
        "nonsense-accepted",
        "NaN and positions that vanish unconfirmed are taken for evidence.",
        observe,
        "plausible",
        _nonsense_accepted,
        stumbles=True,
    ),
    Mutant(
        "first-page-trusted",
        "A listing of keys that was cut counts as a whole one.",
        observe,
        "keys_listed",
        _first_page_trusted,
    ),
    Mutant("lost-is-done", "A lost answer counts as a success.", observe, "_settled", _lost_is_done),
    Mutant("nobody-told", "A rise of the level is told to nobody.", notices, "tell_level", _nobody_told),
    Mutant(
        "wall-clock",
        "The judge asks a clock instead of the event for the time.",
        engine,
        "judge",
        _wall_clock,
    ),
)
