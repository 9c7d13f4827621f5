"""The weather: which of a scenario's faults strikes this request, now.

Each fault draws from its own salt and its own count, so that a scenario without one of its faults differs
only where that fault had struck. A fault is counted only where it changed an answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from zlib import crc32

from guardian.core.model import Level
from guardian.sim.scenario.shapes import FaultPlan

LevelOf = Callable[[str], Level]


class Weather:
    """`now` gives seconds since the start, `level_of` an account's level as guardian sees it."""

    def __init__(self, faults: Iterable[FaultPlan], now: Callable[[], float], level_of: LevelOf) -> None:
        self._plans: dict[str, list[FaultPlan]] = defaultdict(list)
        for plan in faults:
            self._plans[plan.name].append(plan)
        self._now = now
        self._level_of = level_of
        self._draws: Counter[FaultPlan] = Counter()
        self.changed: Counter[tuple[str, str]] = Counter()
        self.struck: list[tuple[float, str, str]] = []

    def strikes(self, name: str, account: str) -> FaultPlan | None:
        """The plan that disturbs this chance, if one does. Counting what it changed is `count`'s."""
        for plan in self._plans.get(name, ()):
            if plan.account not in ("", account) or not plan.at <= self._now() < plan.until:
                continue
            if self.draw(plan) < plan.rate:
                return plan
        return None

    def rages(self, name: str, account: str) -> FaultPlan | None:
        """The plan whose time it is, whatever its rate."""
        now = self._now()
        return next(
            (p for p in self._plans.get(name, ()) if p.account in ("", account) and p.at <= now < p.until),
            None,
        )

    def draw(self, plan: FaultPlan) -> float:
        """The plan's next number in [0, 1)."""
        self._draws[plan] += 1
        return crc32(f"{plan.name}:{plan.salt}:{self._draws[plan]}".encode()) / 2**32

    def plans(self, name: str) -> tuple[FaultPlan, ...]:
        return tuple(self._plans.get(name, ()))

    def count(self, name: str, account: str) -> None:
        """The fault has changed what guardian was answered."""
        level = self._level_of(account)
        self.changed[name, level.name] += 1
        self.struck.append((self._now(), name, account))
