"""Mutants of the way back that needs no operator: the cooldown, calm, and the trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from guardian.core import breaker, engine, observe, rearm
from guardian.sim.mutants.mutant import Mutant

Call = Callable[..., Any]


def _rearmed_without_calm(hindrances: Call) -> Call:
    """Only the clock is asked."""

    def hasty(scene: Any) -> Any:
        return tuple(h for h in hindrances(scene) if h.why in ("operator", "cooldown"))

    return hasty


def _cooldown_never_longer(leaves_at: Call) -> Call:
    return lambda account, rules: leaves_at(replace(account, halts=account.halts[-1:]), rules)


def _operator_overruled(causes_of: Call) -> Call:
    """One rule that clears by itself is enough, whoever else has demanded it."""

    def lenient(incident: Any, rules: Any) -> Any:
        return [rule for rule in rules if rule.id in incident.causes and rule.clears == "auto"]

    return lenient


def _trial_at_full_size(cap: Call) -> Call:
    return lambda account, usual: usual


def _trial_never_soiled(eased: Call) -> Call:
    """What hinders it now is forgotten at once."""

    def blithe(scene: Any) -> Any:
        was, (account, changes) = scene.incident.trial, eased(scene)
        now = account.incident.trial if account.incident is not None else None
        if was is None or now is None or now.clean_since is not None:
            return account, changes
        clean = replace(now, clean_since=was.clean_since or was.opened_at)
        return replace(account, incident=replace(account.incident, trial=clean)), changes

    return blithe


def _trial_without_end(eased: Call) -> Call:
    def patient(scene: Any) -> Any:
        return eased(scene) if scene.incident.trial is None else (scene.account, ())

    return patient


def _trial_lost(started: Call) -> Call:
    def forgot(account: Any, event: Any) -> Any:
        account = started(account, event)
        if account.incident is None or account.incident.trial is None:
            return account
        return replace(account, incident=replace(account.incident, trial=None))

    return forgot


def _way_back_forgotten(owing: Call) -> Call:
    return lambda account, at: account


MUTANTS = (
    Mutant(
        "rearmed-without-calm",
        "After the cooldown trading begins again, whatever the value is and whether it is known.",
        rearm,
        "hindrances",
        _rearmed_without_calm,
    ),
    Mutant(
        "cooldown-never-longer",
        "Every halt of a day has the same cooldown.",
        rearm,
        "leaves_at",
        _cooldown_never_longer,
    ),
    Mutant(
        "operator-overruled",
        "A halt that an operator must end ends by itself if any rule of it says so.",
        rearm,
        "causes_of",
        _operator_overruled,
    ),
    Mutant(
        "trial-at-full-size",
        "Half-open permits what CAUTION permits.",
        breaker,
        "size_cap",
        _trial_at_full_size,
    ),
    Mutant(
        "trial-never-soiled",
        "The trial goes on by the clock: blindness and a new loss in it count for nothing.",
        breaker,
        "eased",
        _trial_never_soiled,
    ),
    Mutant("trial-without-end", "Half-open stays as it is for ever.", breaker, "eased", _trial_without_end),
    Mutant(
        "way-back-forgotten",
        "A resume gives nothing back: the bot's key stays fenced for ever.",
        engine,
        "owing",
        _way_back_forgotten,
    ),
    Mutant("trial-lost", "A restart forgets that it is half-open.", observe, "started", _trial_lost),
)
