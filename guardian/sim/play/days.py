"""What takes hours or days, said instead of waited for: an incident lasts two minutes.

How hot the market is, which assets move together, what strategies used to lose, and how long an hour of the
trial takes. It is so for guardian and for whoever replays it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

from guardian.core import rearm
from guardian.core.metrics import correlation, limits, pair_convergence
from guardian.core.metrics.clusters import Group, Rho
from guardian.core.metrics.overheat import Overheat
from guardian.sim.scenario.shapes import HOUR, Scenario

SHORTEST_SILENCE = 3.0
"""Seconds between two looks of the trial that are no silence yet, however short its hours are."""


@contextmanager
def hurried(scenario: Scenario) -> Iterator[None]:
    """Days, correlations, history and hours are as the scenario has them."""
    with ExitStack() as stack:
        if scenario.heat is not None:
            score = scenario.heat
            stack.enter_context(
                _replaced(limits, "overheat", lambda account, now: Overheat(score, (), False))
            )
        if scenario.clusters:
            stack.enter_context(_replaced(correlation, "partition", _Parts(scenario.clusters)))
        if scenario.usual is not None:
            days = [scenario.usual] * pair_convergence.LEAST_HOURS
            stack.enter_context(_replaced(pair_convergence, "_sample", lambda hourly, now: days))
        if scenario.hour != HOUR:
            silence = max(scenario.hour / 6, SHORTEST_SILENCE)
            stack.enter_context(_replaced(rearm, "CLEAN", timedelta(seconds=scenario.hour)))
            stack.enter_context(_replaced(rearm, "LONGEST_SILENCE", timedelta(seconds=silence)))
        yield


class _Parts:
    """Stands for `clusters.partition`: what is held of each known cluster; the rest moves alone."""

    def __init__(self, clusters: tuple[Group, ...]) -> None:
        self._clusters = clusters

    def __call__(self, held: tuple[str, ...], rhos: Rho, before: tuple[Group, ...] = ()) -> tuple[Group, ...]:
        named = {asset for group in self._clusters for asset in group}
        groups = [tuple(sorted(set(group) & set(held))) for group in self._clusters]
        alone = [(asset,) for asset in held if asset not in named]
        return tuple(sorted(group for group in (*groups, *alone) if group))


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    original = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)
