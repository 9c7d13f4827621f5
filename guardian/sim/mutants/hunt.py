"""The hunt for one mutant: the first seed on which a checker finds what is fine without the mutant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from guardian.sim.checkers.checker import Violation
from guardian.sim.checkers.running import NeverStumbles
from guardian.sim.mutants.catalogue import BY_NAME
from guardian.sim.play.incident import Result
from guardian.sim.search.many import play_with
from guardian.sim.search.one import STOPPED, play_seed

STUMBLED = {STOPPED, NeverStumbles.name()}

WITHIN = 500
"""A mutant that is not caught on as many seeds shows that a checker is missing."""


@dataclass(frozen=True, slots=True)
class Catch:
    """`seed` is where it was found, `after` how many seeds that took; one violation a checker."""

    mutant: str
    seed: int
    after: int
    violations: tuple[Violation, ...]

    @property
    def checkers(self) -> tuple[str, ...]:
        return tuple(violation.checker for violation in self.violations)


def hunt(mutant: str, results: Iterable[Result]) -> Catch | None:
    """The first catch among the mutant's results, in their order; None when it has survived them all.

    A violation counts only if the same checker finds none on the same seed without the mutant.
    """
    for after, result in enumerate(results, 1):
        found = caught(mutant, result)
        if found:
            return Catch(mutant, result.seed, after, found)
    return None


def caught(mutant: str, result: Result) -> tuple[Violation, ...]:
    """The first violation of each checker that this seed owes to the mutant."""
    found: dict[str, Violation] = {}
    for violation in result.violations:
        found.setdefault(violation.checker, violation)
    if not found or (not BY_NAME[mutant].stumbles and STUMBLED & found.keys()):
        return ()
    return tuple(v for v in found.values() if v.checker not in _fails_anyway(result.seed))


def catches(mutant: str, seed: int) -> tuple[Violation, ...]:
    """What this one seed finds of the mutant."""
    return caught(mutant, play_with(mutant, seed))


@lru_cache(maxsize=WITHIN)
def _fails_anyway(seed: int) -> frozenset[str]:
    """The checkers that find something without any mutant."""
    return frozenset(violation.checker for violation in play_seed(seed).violations)
