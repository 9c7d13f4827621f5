"""M16 absorption_shift: how far the absorption ratio is above what it has been, in its own deviations.

Formula: (AR - mean) / sd. AR is that of absorption_ratio.py over all assets that are followed and whose pairs
are all known, from correlations of a half-life of a day; mean and sd are AR's own until the cell before, with
a half-life of 14 days. A market that comes to move as one falls together when it falls: a shift of 1 has come
before most of the large ones (Kritzman and others). Learned once a five-minute cell.

When an asset joins or leaves, the mean moves by what that alone changes of AR, as an index is chained; where
what was followed is gone, learning begins anew. Less than 0.01 is no deviation. Unit: count (deviations);
negative is more diverse than usual. Needs the positions. Unknown: warming until seven days are learned, and
when no cell was learned for 15 minutes, as with fewer than two assets.
A forecast. Source: Kritzman, Li, Page & Rigobon 2011 (15 days against a year there); metrics.md M16.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from guardian.core.memory import Absorbed, Correlations
from guardian.core.metrics.clusters import Rho
from guardian.core.metrics.correlation import SLOW_CELLS, fast_rhos
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.returns import weight_after
from guardian.core.metrics.spectrum import absorbed, market_shares
from guardian.core.metrics.turbulence import FRESH
from guardian.core.model import Known, Measured, Part, Unknown

STEPS_TO_KNOW = 7 * 86_400 // GRID_SECONDS
LEAST_DEVIATION = 0.01


def fold_absorbed(known: Absorbed | None, book: Correlations | None) -> Absorbed | None:
    """What is known once the last cell is over; nothing changes within a cell, or without two assets."""
    if book is None or len(book.moments.assets) < 2 or (known is not None and known.grid >= book.grid):
        return known
    told = fast_rhos(book.moments)
    names = paired(told)
    if len(names) < 2:
        return known
    value = ratio(names, told)
    linked = _linked(known, names, value, told) if known else None
    return _learned(linked or Absorbed(book.grid, names, value, 0.0, 0.0), book.grid, value)


def paired(told: Rho) -> tuple[str, ...]:
    """As many assets as can be found of which every pair is known: those that lack most are left out."""
    partners: dict[str, set[str]] = {}
    for a, b in told:
        partners.setdefault(a, set()).add(b)
        partners.setdefault(b, set()).add(a)
    while partners:
        fewest = min(partners, key=lambda name: (len(partners[name]), name))
        if len(partners[fewest]) == len(partners) - 1:
            break
        del partners[fewest]
        for others in partners.values():
            others.discard(fewest)
    return tuple(sorted(partners))


def ratio(names: Sequence[str], told: Rho) -> float:
    """AR of these assets, every pair of which is known."""
    table = np.eye(len(names))
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            table[i, j] = table[j, i] = told[a, names[j]]
    return absorbed(market_shares(table), max(1, len(names) // 5))


def _linked(known: Absorbed, names: tuple[str, ...], value: float, told: Rho) -> Absorbed | None:
    """What is usual of the new assets, by what it was of those before; None where these are not known now."""
    if known.assets == names:
        return known
    before = known.assets
    if any((a, b) not in told for i, a in enumerate(before) for b in before[i + 1 :]):
        return None
    moved = value - ratio(before, told)
    return Absorbed(known.grid, names, known.mean + moved, known.variance, known.weight)


def _learned(known: Absorbed, grid: int, value: float) -> Absorbed:
    """The weighted mean and variance after one more value, and how far it was from those before."""
    kept = known.weight * 2 ** (-(grid - known.grid) / SLOW_CELLS)
    added = 1 - 2 ** (-1 / SLOW_CELLS)
    part = added / (kept + added)
    away = value - known.mean
    mean, variance = known.mean + part * away, (1 - part) * (known.variance + part * away * away)
    enough = known.weight >= weight_after(STEPS_TO_KNOW, SLOW_CELLS)
    shift = away / max(sqrt(known.variance), LEAST_DEVIATION) if enough else None
    return Absorbed(grid, known.assets, mean, variance, kept + added, shift)


def measure(view: View) -> Measured:
    known = view.account.course.absorbed
    if known is None:
        return Unknown("fewer than two assets have four hours of returns", warming=True)
    if view.now.timestamp() - known.grid * GRID_SECONDS > GRID_SECONDS + FRESH.total_seconds():
        return Unknown("no return has been seen for 15 minutes")
    if known.shift is None:
        return Unknown("seven days of it are not learned yet", warming=True)
    return Known(known.shift)


READS = ("correlations", "absorbed")
METRIC = Metric("absorption_shift", "count", "forecast", ("none",), (Part.POSITIONS,), measure, reads=READS)
