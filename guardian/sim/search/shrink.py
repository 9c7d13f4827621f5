"""From a scenario that fails to the smallest one that still breaks the same law.

Delta debugging (Zeller and Hildebrandt, 2002): take away half of what there is, then quarters, then single
parts, as long as the same checker still finds a violation. Each fault has draws of its own, so taking one out
changes nothing about the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from guardian.core.model import Rung
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, Scenario, Stake, StrategyPlan
from guardian.sim.search.one import play_safely

Part = TypeVar("Part")
Fails = Callable[[Scenario], bool]

MOST_PLAYS = 400
MOST_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Shrunk:
    """`whole` is whether nothing more could be taken away; else plays or time ran out before that."""

    scenario: Scenario
    checker: str
    plays: int
    whole: bool


class _Spent(Exception):
    """The plays or the time are used up."""


class _Trial:
    """Counts plays, remembers the smallest scenario that failed."""

    def __init__(self, scenario: Scenario, checker: str, most_plays: int, most_seconds: float) -> None:
        self.best = scenario
        self.plays = 0
        self._checker = checker
        self._most_plays = most_plays
        self._until = time.monotonic() + most_seconds

    def fails(self, candidate: Scenario) -> bool:
        if self.plays >= self._most_plays or time.monotonic() > self._until:
            raise _Spent
        self.plays += 1
        if not any(v.checker == self._checker for v in play_safely(candidate).violations):
            return False
        self.best = candidate
        return True


def shrink(
    scenario: Scenario, checker: str, most_plays: int = MOST_PLAYS, most_seconds: float = MOST_SECONDS
) -> Shrunk:
    """The scenario must break `checker`'s law; the same scenario always shrinks to the same one in time."""
    trial = _Trial(scenario, checker, most_plays, most_seconds)
    try:
        before = None
        while before != trial.best:
            before = trial.best
            for simplify in (_faults, _acts, _accounts, _plans, _rules, _market):
                simplify(trial)
    except _Spent:
        return Shrunk(trial.best, checker, trial.plays, whole=False)
    return Shrunk(trial.best, checker, trial.plays, whole=True)


def fewer(parts: tuple[Part, ...], fails: Callable[[tuple[Part, ...]], bool], least: int = 0) -> None:
    """Try ever smaller cuts out of `parts`; `fails` says whether what is left still fails."""
    size = len(parts)
    while size >= 1 and len(parts) > least:
        start = 0
        while start < len(parts):
            left = parts[:start] + parts[start + size :]
            if len(left) >= least and fails(left):
                parts = left
            else:
                start += size
        size = min(size // 2, len(parts)) if size > 1 else 0


def _faults(trial: _Trial) -> None:
    fewer(trial.best.faults, lambda left: trial.fails(replace(trial.best, faults=left)))


def _acts(trial: _Trial) -> None:
    fewer(trial.best.acts, lambda left: trial.fails(replace(trial.best, acts=left)))


def _accounts(trial: _Trial) -> None:
    fewer(trial.best.accounts, lambda left: trial.fails(_only(trial.best, left)), least=1)


def _only(scenario: Scenario, accounts: tuple[AccountPlan, ...]) -> Scenario:
    """With an account goes what happens to it."""
    names = {"", *(account.name for account in accounts)}
    return replace(
        scenario,
        accounts=accounts,
        faults=tuple(f for f in scenario.faults if f.account in names),
        acts=tuple(a for a in scenario.acts if a.account in names),
    )


def _rules(trial: _Trial) -> None:
    fewer(trial.best.rules, lambda left: trial.fails(replace(trial.best, rules=left)))
    for number, rule in enumerate(trial.best.rules):
        fewer(rule.ladder, partial(_fails_with_ladder, trial, number), least=1)


def _fails_with_ladder(trial: _Trial, number: int, ladder: tuple[Rung, ...]) -> bool:
    rules = list(trial.best.rules)
    rules[number] = replace(rules[number], ladder=ladder)
    return trial.fails(replace(trial.best, rules=tuple(rules)))


def _market(trial: _Trial) -> None:
    market = trial.best.market
    for calmer in (replace(market, rebounds=False), replace(market, rebounds=False, factor=1.0)):
        if calmer != trial.best.market:
            trial.fails(replace(trial.best, market=calmer))


def _plans(trial: _Trial) -> None:
    """Each account's positions and strategies, then its peculiarities, one by one."""
    for number in range(len(trial.best.accounts)):
        fewer(trial.best.accounts[number].stakes, partial(_fails_with_stakes, trial, number))
        fewer(trial.best.accounts[number].strategies, partial(_fails_with_strategies, trial, number))
        for plain in _plainer(trial.best.accounts[number]):
            candidate = _with(trial.best, number, **plain)
            if candidate != trial.best:
                trial.fails(candidate)


def _fails_with_stakes(trial: _Trial, number: int, stakes: tuple[Stake, ...]) -> bool:
    return trial.fails(_with(trial.best, number, stakes=stakes))


def _fails_with_strategies(trial: _Trial, number: int, strategies: tuple[StrategyPlan, ...]) -> bool:
    return trial.fails(_with(trial.best, number, strategies=strategies))


def _plainer(account: AccountPlan) -> Iterator[dict[str, object]]:
    """What can be made ordinary about an account."""
    yield {"bot": BotPlan()}
    for name in ("hedge", "dust", "big", "hold_at_boot"):
        yield {name: False}
    yield {"spot": 0.0}
    for name in ("armed", "hands", "admin", "halt", "named_keys"):
        yield {name: True}
    yield {"poll_seconds": 1.0}
    yield {"stakes": tuple(replace(stake, resting=False) for stake in account.stakes)}
    yield {"stakes": tuple(replace(stake, resting=False, protected=False) for stake in account.stakes)}


def _with(scenario: Scenario, number: int, **changes: object) -> Scenario:
    accounts = list(scenario.accounts)
    accounts[number] = replace(accounts[number], **changes)  # type: ignore[arg-type]
    return replace(scenario, accounts=tuple(accounts))
