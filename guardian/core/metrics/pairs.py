"""What each two assets did at the same grid steps, packed: arrays in place of 1,225 pairs of fifty assets.

As objects they take 0.7 MB of an account and a large part of its checkpoint, packed 0.17 MB, and one
step is learned by all of them at once. The pairs are those of `combinations(assets, 2)`. Packed are, little
endian: twelve rows of doubles (fast, middle and slow: aa, bb, ab and the weight of each), then a row of the
grid ordinals of the last steps (4 bytes); the whole is base64. To the bit what single floats would give.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from guardian.core.frozen import dataclass
from guardian.core.memory import Pairs
from guardian.core.metrics.remembered import by_identity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FAST, MIDDLE, SLOW = range(3)
MOMENTS = np.dtype("<f8")
GRID = np.dtype("<i4")

Moments = tuple[float, float, float, float]
"""Exponentially weighted sums of a pair's return products aa, bb and ab, and of their weights (below 1)."""

NOTHING: Moments = (0.0, 0.0, 0.0, 0.0)


class Rows(NamedTuple):
    """`moments` by memory, then aa, bb, ab and weight, then pair; `grids` are the last steps (0: none)."""

    moments: Floats
    grids: Ints


@dataclass(frozen=True, slots=True)
class Pair:
    """One of them by itself, `a` before `b` in the alphabet: so earlier checkpoints have them."""

    a: str
    b: str
    fast: Moments = NOTHING
    slow: Moments = NOTHING
    grid: int = 0
    middle: Moments = NOTHING


def packed(assets: tuple[str, ...], rows: Rows) -> Pairs:
    if len(assets) < 2:
        return Pairs(assets)
    moments, grids = rows.moments.astype(MOMENTS, copy=False), rows.grids.astype(GRID)
    return Pairs(assets, b64encode(moments.tobytes() + grids.tobytes()).decode())


@by_identity
def unpacked(pairs: Pairs) -> Rows:
    """The arrays may not be written to."""
    count, raw = pairs.count, b64decode(pairs.packed)
    moments = np.frombuffer(raw, MOMENTS, 12 * count).reshape(3, 4, count)
    grids = np.frombuffer(raw, GRID, count, moments.nbytes).astype(np.int64)
    grids.flags.writeable = False
    return Rows(moments, grids)


def rows_of(pairs: Pairs, assets: tuple[str, ...]) -> Rows:
    """The rows of these assets' pairs, of which some may be new; they may be written to."""
    old = unpacked(pairs)
    if pairs.assets == assets:
        return Rows(old.moments.copy(), old.grids.copy())
    place = {name: i for i, name in enumerate(pairs.assets)}
    places = np.array([place.get(name, -1) for name in assets])
    firsts, seconds = ends(len(assets))
    a, b, n = places[firsts], places[seconds], len(place)
    known = (a >= 0) & (b >= 0)
    a, b = a[known], b[known]
    came_from = a * (2 * n - a - 1) // 2 + b - a - 1
    rows = Rows(np.zeros((3, 4, len(firsts))), np.zeros(len(firsts), np.int64))
    rows.moments[:, :, known] = old.moments[:, :, came_from]
    rows.grids[known] = old.grids[came_from]
    return rows


@lru_cache(maxsize=64)
def ends(count: int) -> tuple[Ints, Ints]:
    """The places of each pair's two assets, in the order of `combinations`."""
    firsts, seconds = np.triu_indices(count, 1)
    firsts.flags.writeable = seconds.flags.writeable = False
    return firsts, seconds


def together(pairs: Iterable[Pair]) -> Pairs:
    """Of single pairs; one that is not among them has learned nothing."""
    by_names = {(pair.a, pair.b): pair for pair in pairs}
    assets = tuple(sorted({name for names in by_names for name in names}))
    rows = rows_of(Pairs(), assets)
    for i, (a, b) in enumerate(zip(*ends(len(assets)), strict=True)):
        pair = by_names.get((assets[a], assets[b]))
        if pair is not None:
            rows.moments[:, :, i] = pair.fast, pair.middle, pair.slow
            rows.grids[i] = pair.grid
    return packed(assets, rows)
