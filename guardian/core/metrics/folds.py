"""What metrics remember of the account's reads: every fold of one read, and which of them some rules need.

Live all of it is remembered, but for what is remembered only where it is asked for (`ASKED_FOR`): rules may
change at any time, and people look at the rest. A replay whose rules stay as they are may leave out what none
of them reads (`Configured.folds`); what they conclude is the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from guardian.core.frozen import replace
from guardian.core.memory import Nav
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.api_calls import fold_calls
from guardian.core.metrics.bars import fold_bars
from guardian.core.metrics.correlation import fold_correlations
from guardian.core.metrics.course import fold_course
from guardian.core.metrics.done import after_answer, before_answer
from guardian.core.metrics.group import GROUPS
from guardian.core.metrics.heat import after_look, before_look, fold_heat
from guardian.core.metrics.lots import fold_lots
from guardian.core.metrics.metric import ASKED_FOR, COURSE, FOLDS
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.returns import fold_returns
from guardian.core.metrics.slices import SLICES
from guardian.core.metrics.twins import after_words, before_words
from guardian.core.model import Rule, Snapshot
from guardian.core.state import AccountState, State

PARTS_OF_COURSE = frozenset({"course", *COURSE})


def needed(rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """The folds that what these rules conclude depends on."""
    found = {fold for rule in rules for fold in BY_NAME[rule.metric].reads}
    if any(rule.scope in SLICES for rule in rules):
        found.add("correlations")  # what is one cluster is told by them
    if any(rule.gamma or rule.clears == "auto" for rule in rules):
        found.add("heat")
    # One is made of another: the heat of returns and requests, returns of the grid of correlations.
    if "heat" in found:
        found |= {"api", "returns"}
    if not found.isdisjoint({"returns", "bars"}):
        found.add("correlations")
    return tuple(fold for fold in (*FOLDS, *ASKED_FOR) if fold in found)


def wanted(state: State, account: AccountState) -> Collection[str]:
    """What is to be remembered of an account's read: as configured, else all and what its rules ask for."""
    if state.folds is not None:
        return state.folds
    asking = _asking(state.rules)
    own = {asking[rule.rule_id] for rule in account.rules if rule.rule_id in asking} if asking else ()
    return (*FOLDS, *[fold for each in own for fold in each]) if own else FOLDS


@by_identity
def _asking(rules: tuple[Rule, ...]) -> dict[str, tuple[str, ...]]:
    """By rule what it asks for of what is not remembered anyway."""
    found = {rule.id: tuple(f for f in ASKED_FOR if f in BY_NAME[rule.metric].reads) for rule in rules}
    return {name: folds for name, folds in found.items() if folds}


@by_identity
def falling(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Those that compare the account's own NAV with what it was."""
    return tuple(rule for rule in rules if BY_NAME[rule.metric].baseline and rule.scope not in GROUPS)


def remembered(
    before: AccountState,
    seen: Snapshot,
    nav: Nav | None,
    at: datetime,
    folds: Collection[str],
) -> dict[str, Any]:
    """What the account remembers anew of this read, by field: `before` is as it was, `nav` as it is now.

    What came at the same instant, and is made of reads too, is folded anew after it (`completed`).
    """
    before = before_words(before_look(before_answer(before, at), at), at)
    news: dict[str, Any] = {
        "course": before.course,
        "heat": before.heat,
        "lots": before.lots,
        "stack": before.stack,
    }
    if "api" in folds:
        news["api"] = fold_calls(before.api, seen, at)
    if "correlations" in folds:
        news["correlations"] = fold_correlations(before.correlations, seen, before.markets)
    if "returns" in folds:
        news["returns"] = fold_returns(before.returns, before.correlations, news["correlations"])
    if "bars" in folds:
        news["bars"] = fold_bars(before.bars, news["correlations"])
    elif before.bars:
        news["bars"] = ()  # no rule asks any more: a ring with a hole in it is worth nothing
    if "lots" in folds:
        news["lots"] = fold_lots(before.lots, seen)
    if not PARTS_OF_COURSE.isdisjoint(folds):
        news["course"] = fold_course(before, seen, nav, folds)
    return news


def completed(account: AccountState, asked_at: datetime, wanted: Collection[str] | None) -> AccountState:
    """The account after a read: with its heat, that is made of all the rest, and all that came with it."""
    if wanted is None or "heat" in wanted:
        heat = fold_heat(account, asked_at)
        account = account if heat is account.heat else replace(account, heat=heat)
    return after_words(after_look(after_answer(account)))
