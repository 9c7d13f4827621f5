"""Mutants of what was traded: whose it is, what nobody told, and what a rule of it may touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from guardian.core import breaker
from guardian.core.metrics import done, slices, strategy_drawdown, subjects
from guardian.core.model import AtLeast, Known
from guardian.sim.mutants.mutant import Mutant

Call = Callable[..., Any]


def _every_symbol(traded_by: Call) -> Call:
    def grasping(account: Any, name: str, start: Any) -> Any:
        held = {p.symbol for p in account.evidence.positions} | {o.symbol for o in account.evidence.orders}
        return tuple(sorted({*traded_by(account, name, start), *held}))

    return grasping


def _all_of_one(course_of: Call) -> Call:
    return lambda account, name: course_of(account, "")


def _untold_is_none(fold_activity: Call) -> Call:
    return lambda known, seen: fold_activity(known, replace(seen, fills=seen.fills or ()))


def _part_is_whole(of_all: Call) -> Call:
    def hopeful(rule: Any, parts: Any) -> Any:
        found = of_all(rule, parts)
        return Known(found.value) if isinstance(found, AtLeast) else found

    return hopeful


def _goals_dropped(entered: Call) -> Call:
    def forgot(incident: Any, account: Any, demand: Any, now: Any) -> Any:
        after = entered(incident, account, demand, now)
        return replace(after, goals=()) if demand.only else after

    return forgot


MUTANTS = (
    Mutant(
        "strategy-takes-all",
        "What one strategy has lost halts and reduces what another one holds.",
        slices,
        "traded_by",
        _every_symbol,
    ),
    Mutant(
        "strategies-mixed",
        "Each strategy is told what all of them have lost.",
        strategy_drawdown,
        "course_of",
        _all_of_one,
    ),
    Mutant(
        "untold-is-none",
        "An answer without fills says that nothing was traded.",
        done,
        "fold_activity",
        _untold_is_none,
    ),
    Mutant(
        "part-is-whole",
        "What is known of some parts of an account is taken for all that there is.",
        subjects,
        "_of_all",
        _part_is_whole,
    ),
    Mutant(
        "goals-dropped",
        "REDUCE of some symbols is recorded and closes nothing.",
        breaker,
        "_entered",
        _goals_dropped,
    ),
)
