"""M14 correlation: how alike the two most alike of the held assets move (a fraction).

Returns are log(mark / mark before) at the ends of five-minute cells, of marks that reads of the positions
showed in that cell (previous tick), so nothing is known before it was read. A pair learns from steps at
which both have a return over the same one or two cells; the others are skipped. Per pair
    S <- 2^(-elapsed/halflife) S + (1 - 2^(-span/halflife)) r r'      rho = S_ab / sqrt(S_aa S_bb)
without a mean, with half-lives of a day and of 14 days; the larger rho of the two counts. Both equal the
usual lambda while no step is missing; after a silence the old fades and one new step does not become
everything.

Needs the positions. Unknown (warming) until one pair has `STEPS_TO_KNOW` steps; AtLeast while only some
pairs have. A price that hardly moves (`QUIET_RETURN`: a stablecoin, a frozen feed) makes its pairs unknown.
Fewer than two assets: 0. Bound: `MAXIMUM_ASSETS`, those held first; an asset not held for a day is
forgotten.

Source: RiskMetrics 1996; metrics.md M14.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations
from math import isfinite, log, sqrt

from guardian.core.frozen import replace
from guardian.core.memory import Correlations, Followed, Moments, Pair
from guardian.core.metrics.clusters import Rho, partition
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Snapshot, Unknown

GRID_SECONDS = 300
FAST_CELLS, SLOW_CELLS = 288, 14 * 288
"""Half-lives of a day and of 14 days, in cells."""

STEPS_TO_KNOW = 48
"""Four hours: the standard error of a rho is then at most 0.15."""

WEIGHT_TO_KNOW = 1 - 2 ** (-(STEPS_TO_KNOW - 0.5) / FAST_CELLS)
"""What that many steps weigh in the fast memory; half a step less, for sums of floats."""

LONGEST_SPAN = 2
QUIET_RETURN = 5e-5
MAXIMUM_ASSETS = 50
FORGOTTEN_AFTER = timedelta(days=1)


def fold_correlations(known: Correlations | None, seen: Snapshot) -> Correlations | None:
    """What is known after one read; a read without positions changes nothing."""
    if seen.positions is None:
        return known
    cell = int(seen.asked_at.timestamp()) // GRID_SECONDS
    book = before = known or Correlations(cell)
    if cell > book.grid:
        book = _closed(book, cell)
    book = _followed(book, seen.positions, seen.asked_at)
    held = {p.base for p in seen.positions if p.quantity}
    current = tuple(f.asset for f in book.followed if f.asset in held)
    if book.grid != before.grid or set(current) != {asset for group in book.clusters for asset in group}:
        book = replace(book, clusters=partition(current, known_rhos(book), book.clusters))
    return book


def known_rhos(book: Correlations) -> Rho:
    """The correlation of every pair that is known, by its two names in alphabetical order."""
    found = {(pair.a, pair.b): rho(pair) for pair in book.pairs}
    return {names: value for names, value in found.items() if value is not None}


def rho(pair: Pair) -> float | None:
    """The larger of both memories; None while too few steps, or too quiet a price, tell."""
    values = [_rho(moments) for moments in (pair.fast, pair.slow)]
    if pair.fast[3] < WEIGHT_TO_KNOW:
        return None
    return max((value for value in values if value is not None), default=None)


def _rho(moments: Moments) -> float | None:
    aa, bb, ab, weight = moments
    if min(aa, bb) <= weight * QUIET_RETURN**2:
        return None
    return max(-1.0, min(1.0, ab / sqrt(aa * bb)))


def faded(moments: Moments, a: float, b: float, kept: float, added: float) -> Moments:
    """The moments after one step of returns `a` and `b`: the old times `kept`, the new times `added`."""
    new = (a * a, b * b, a * b, 1.0)
    aa, bb, ab, weight = (kept * old + added * step for old, step in zip(moments, new, strict=True))
    return aa, bb, ab, weight


# --- the grid -----------------------------------------------------------------------------------------


def _closed(book: Correlations, cell: int) -> Correlations:
    """The cell that was filling is over: its last marks give one return each."""
    step = {f.asset: found for f in book.followed if (found := _return(f, book.grid)) is not None}
    followed = tuple(
        replace(f, grid_mark=f.mark, grid=book.grid) if _cell(f.seen_at) == book.grid else f
        for f in book.followed
    )
    names = sorted(f.asset for f in followed)
    known = {(p.a, p.b): p for p in book.pairs}
    pairs = [_learned(known.get((a, b)) or Pair(a, b), step, book.grid) for a, b in combinations(names, 2)]
    return replace(book, grid=cell, followed=followed, pairs=tuple(pairs))


def _return(own: Followed, grid: int) -> tuple[float, int] | None:
    """The return that ended with this cell, and how many cells it spans; None when a mark is missing."""
    if own.grid_mark is None or own.grid is None or _cell(own.seen_at) != grid:
        return None
    span = grid - own.grid
    return (log(own.mark) - log(own.grid_mark), span) if 1 <= span <= LONGEST_SPAN else None


def _learned(pair: Pair, step: dict[str, tuple[float, int]], grid: int) -> Pair:
    a, b = step.get(pair.a), step.get(pair.b)
    if a is None or b is None or a[1] != b[1]:
        return pair
    elapsed, span = (grid - pair.grid if pair.grid else a[1]), a[1]
    fast, slow = (
        faded(old, a[0], b[0], 2 ** (-elapsed / cells), 1 - 2 ** (-span / cells))
        for old, cells in ((pair.fast, FAST_CELLS), (pair.slow, SLOW_CELLS))
    )
    return replace(pair, fast=fast, slow=slow, grid=grid)


def _cell(at: datetime) -> int:
    return int(at.timestamp()) // GRID_SECONDS


# --- whose prices are followed ------------------------------------------------------------------------


def _followed(book: Correlations, positions: tuple[Position, ...], at: datetime) -> Correlations:
    """The newest marks. Held assets come first, then those already followed, then the largest."""
    known = {f.asset: f for f in book.followed if at - f.seen_at <= FORGOTTEN_AFTER}
    size: dict[str, float] = {}
    fresh: dict[str, Followed] = {}
    for p in sorted(positions, key=lambda p: p.leg):
        mark = float(p.mark)
        if not p.quantity or not 0 < mark or not isfinite(mark):
            continue
        base = p.base
        size[base] = size.get(base, 0.0) + abs(float(p.worth))
        old = known.get(base)
        if old is not None and old.symbol == p.symbol:
            fresh[base] = Followed(base, p.symbol, mark, at, old.grid_mark, old.grid)
        elif base not in fresh:
            # Another contract of the asset has another price: what lies between the two is no return.
            fresh[base] = Followed(base, p.symbol, mark, at)
    candidates = known | fresh
    order = sorted(
        candidates, key=lambda name: (name not in fresh, name not in known, -size.get(name, 0.0), name)
    )
    return replace(book, followed=tuple(candidates[name] for name in sorted(order[:MAXIMUM_ASSETS])))


# --- the metric ---------------------------------------------------------------------------------------


def measure(view: View) -> Measured:
    book = view.account.correlations
    if book is None:
        return Unknown("no positions read yet", warming=True)
    held = sorted({p.base for p in view.account.evidence.positions if p.quantity})
    pairs = len(held) * (len(held) - 1) // 2
    if not pairs:
        return Known(0.0)
    rhos = known_rhos(book)
    values = [rhos[names] for names in combinations(held, 2) if names in rhos]
    if not values:
        return Unknown(f"no pair has {STEPS_TO_KNOW} five-minute steps yet", warming=True)
    if len(values) < pairs:
        return AtLeast(max(values), f"{len(values)} of {pairs} pairs are known")
    return Known(max(values))


METRIC = Metric("correlation", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure)
