"""Is a figure flat? A robust slope after a warm-up, so that neither a peak nor a bad second decides.

The samples after the warm-up are put into bins; the median of each stands for it, and the slope is the
median of the slopes between all pairs of bins (Theil and Sen). What it adds over the measured time is growth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median

WARM_UP = 1 / 3
BINS = 20
FEWEST = 6


@dataclass(frozen=True)
class Limit:
    """How much a figure may grow in the measured time: the larger of a number and a part of its median."""

    absolute: float
    relative: float = 0.0


@dataclass(frozen=True)
class Trend:
    """`growth` over the measured time, in the figure's own unit, and how much is allowed."""

    first: float
    last: float
    most: float
    growth: float
    allowed: float

    @property
    def flat(self) -> bool:
        return self.growth <= self.allowed


def trend(samples: Sequence[tuple[float, float]], limit: Limit) -> Trend:
    """Of (second, value) pairs in order. Raises ValueError when there are too few to judge."""
    warm = samples[int(len(samples) * WARM_UP) :]
    if len(warm) < FEWEST:
        raise ValueError(f"{len(warm)} samples after the warm-up; it takes {FEWEST}")
    binned = list(_binned(warm))
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(binned, 2) if x2 > x1]
    growth = median(slopes) * (warm[-1][0] - warm[0][0])
    values = [value for _, value in warm]
    allowed = max(limit.absolute, limit.relative * median(values))
    return Trend(binned[0][1], binned[-1][1], max(values), growth, allowed)


def _binned(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    count = min(BINS, len(samples))
    edges = [round(number * len(samples) / count) for number in range(count + 1)]
    bins = [samples[begin:end] for begin, end in pairwise(edges)]
    return [(median(x for x, _ in each), median(y for _, y in each)) for each in bins]
