"""DDSketch: quantiles within 1 % of the true value, in few counters that can be added up.

Bucket i counts the values in (g^(i-1), g^i], g = (1 + e) / (1 - e) with e = 0.01; its estimate,
2 g^i / (g + 1), is within e of all of them. Values are clamped to `SHORTEST` .. `LONGEST` seconds, so
that a sketch never has more than 871 buckets. Source: Masson, Rim, Lee, "DDSketch", PVLDB 12(12), 2019.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

Buckets = tuple[tuple[int, int], ...]
"""(index, count), ordered by index."""

RELATIVE_ERROR = 0.01
SHORTEST = 1e-4
LONGEST = 3600.0
_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)


def bucket(value: float) -> int:
    """The index that counts this value. What is no number counts as the longest: it is never good news."""
    value = LONGEST if math.isnan(value) else min(max(value, SHORTEST), LONGEST)
    return math.ceil(math.log(value, _GROWTH))


def estimate(index: int) -> float:
    return 2 * _GROWTH**index / (_GROWTH + 1)


def added(buckets: Buckets, values: Iterable[float]) -> Buckets:
    new = tuple((bucket(value), 1) for value in values)
    return merged((buckets, new)) if new else buckets


def merged(many: Iterable[Buckets]) -> Buckets:
    """The sketch of all values of all sketches: exactly what one sketch would have counted."""
    counts: dict[int, int] = {}
    for buckets in many:
        for index, count in buckets:
            counts[index] = counts.get(index, 0) + count
    return tuple(sorted(counts.items()))


def total(buckets: Buckets) -> int:
    return sum(count for _, count in buckets)


def at_rank(buckets: Buckets, rank: int) -> int | None:
    """The bucket of the value with this rank, 1 being the smallest; None where there are fewer values."""
    seen = 0
    for index, count in buckets:
        seen += count
        if seen >= rank:
            return index
    return None
