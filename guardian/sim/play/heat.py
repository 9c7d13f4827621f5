"""How hot a scenario's market is: the score needs days of prices, and an incident has two minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from guardian.core.metrics import limits
from guardian.core.metrics.overheat import Overheat


@contextmanager
def market_heat(score: float | None) -> Iterator[None]:
    """The overheat score is this one, for guardian and for whoever replays it; None: as it is reckoned."""
    original = vars(limits)["overheat"]
    if score is not None:
        vars(limits)["overheat"] = lambda account, now: Overheat(score, (), False)
    try:
        yield
    finally:
        vars(limits)["overheat"] = original
