"""M14 correlation: how alike the two most alike of the held assets move (a fraction).

Returns are log(mark / mark before) at the ends of five-minute cells, of marks that reads of the positions
showed in that cell (previous tick), so nothing is known before it was read; what is not held any more is
followed for a week at its quotes, so that a flat account still knows its market. A pair learns from steps at
which both have a return over the same one or two cells; the others are skipped. Per pair
    S <- 2^(-elapsed/halflife) S + (1 - 2^(-span/halflife)) r r'      rho = S_ab / sqrt(S_aa S_bb)
without a mean, with half-lives of a day and of 14 days; the larger rho of the two counts. Both equal the
usual lambda while no step is missing; after a silence the old fades and one new step does not become
everything.

Coins of the wallet are followed at its prices, for returns.py and the risk that is made of it; only positions
are correlated and clustered here: what is only quoted is in no value.

Unit: fraction. Needs the positions. Unknown (warming) until one pair has `STEPS_TO_KNOW` steps; AtLeast while
only some pairs have. A price that hardly moves (`QUIET_RETURN`: a stablecoin, a frozen feed) makes its pairs
unknown. Fewer than two assets: 0. Bound: `MAXIMUM_ASSETS`, those held first, then those held last; an asset
not held for a week is forgotten.

Source: RiskMetrics 1996; metrics.md M14.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, compress
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from guardian.core.frozen import replace
from guardian.core.memory import Correlations, Followed, Markets, Pairs
from guardian.core.metrics.clusters import Group, Rho, partition
from guardian.core.metrics.exposure import base_of
from guardian.core.metrics.following import GRID_SECONDS as GRID_SECONDS
from guardian.core.metrics.following import MAXIMUM_ASSETS as MAXIMUM_ASSETS
from guardian.core.metrics.following import cell_of, clustered, followed, marked_alone, quoted, settled
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.pairs import FAST, SLOW, Floats, ends, packed, rows_of, unpacked
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Snapshot, Unknown

FAST_CELLS, MIDDLE_CELLS, SLOW_CELLS = 288, 3 * 288, 14 * 288
"""Half-lives of a day, of three days (what turbulence compares with) and of 14 days, in cells."""

STEPS_TO_KNOW = 48
"""Four hours: the standard error of a rho is then at most 0.15."""

WEIGHT_TO_KNOW = 1 - 2 ** (-(STEPS_TO_KNOW - 0.5) / FAST_CELLS)
"""What that many steps weigh in the fast memory; half a step less, for sums of floats."""

Flags = NDArray[np.bool_]
Several = Floats | tuple[Floats, Floats, Floats, Floats]
"""The sums aa, bb and ab and the weight of many pairs in one memory, in this order."""

WEIGHT = 3
LONGEST_SPAN = 2
QUIET_RETURN = 5e-5


def fold_correlations(
    known: Correlations | None, seen: Snapshot, markets: Markets | None = None
) -> Correlations | None:
    """What is known after one read; a read without positions changes nothing.

    `markets` shows the price of what was held of late: an account made flat still has a market to wait for.
    """
    if seen.positions is None:
        return known
    cell = cell_of(seen.asked_at)
    book = before = known or Correlations(cell)
    if cell > book.grid:
        book = _closed(settled(book), cell)
    same = marked_alone(book, seen)
    book = followed(settled(book), seen) if same is None else same
    if same is None or book.grid != before.grid:
        book = _clustered_anew(book, seen.positions, book.grid != before.grid)
    return book if markets is None else quoted(book, markets)


def fold_quotes(known: Correlations | None, markets: Markets) -> Correlations | None:
    """What is known after one look at the market; its quotes enter the cell in which they were asked for."""
    return known if known is None else quoted(known, markets)


def _clustered_anew(book: Correlations, positions: tuple[Position, ...], learned: bool) -> Correlations:
    """The clusters of what is held, where that or what is known of it has changed."""
    held = {base_of(p.symbol) for p in positions if p.quantity}
    current = [f.asset for f in book.followed if f.asset in held]
    if not learned and set(current) == clustered(book):
        return book
    clusters = partition(current, known_rhos(book), book.clusters)
    return book if clusters == book.clusters else replace(book, clusters=clusters)


def known_rhos(book: Correlations) -> Rho:
    """The correlation of every pair that is known, by its two names in alphabetical order."""
    return _known_rhos(book.moments)


@by_identity
def _known_rhos(pairs: Pairs) -> Rho:
    """The larger of both memories."""
    fast, slow = fast_rhos(pairs), slow_rhos(pairs)
    return fast | {names: value for names, value in slow.items() if value > fast.get(names, -inf)}


@by_identity
def fast_rhos(pairs: Pairs) -> Rho:
    return rhos(pairs, FAST)


@by_identity
def slow_rhos(pairs: Pairs) -> Rho:
    return rhos(pairs, SLOW)


def rhos(pairs: Pairs, memory: int) -> Rho:
    """The correlation in one memory of every pair that has enough steps and moves."""
    if not pairs.count:
        return {}  # of one asset, as of most accounts, there is nothing to unpack
    moments = unpacked(pairs).moments
    known = (moments[FAST, WEIGHT] >= WEIGHT_TO_KNOW) & _moving(moments[memory])
    found = moment_rho(moments[memory][:, known])
    names = compress(combinations(pairs.assets, 2), known.tolist())
    return dict(zip(names, found.tolist(), strict=True))


def _moving(moments: Several) -> Flags:
    """Whether both prices do more than hardly move."""
    quiet = moments[WEIGHT] * QUIET_RETURN**2
    return (moments[0] > quiet) & (moments[1] > quiet)


def moment_rho(moments: Several) -> Floats:
    """The correlation in one memory, of prices that move."""
    aa, bb, ab, _ = moments
    return np.clip(ab / np.sqrt(aa * bb), -1.0, 1.0)


def faded(moments: Several, a: Floats, b: Floats, kept: float, added: float) -> Several:
    """The moments after one step of returns `a` and `b`: the old times `kept`, the new times `added`."""
    aa, bb, ab, weight = moments
    return (
        kept * aa + added * (a * a),
        kept * bb + added * (b * b),
        kept * ab + added * (a * b),
        kept * weight + added,
    )


# --- the grid -----------------------------------------------------------------------------------------


def _closed(book: Correlations, cell: int) -> Correlations:
    """The cell that was filling is over: its last marks give one return each."""
    step = closing_returns(book)
    followed = [
        replace(f, grid_mark=f.mark, grid=book.grid) if cell_of(f.seen_at) == book.grid else f
        for f in book.followed
    ]
    names = tuple(sorted([f.asset for f in followed]))
    moments = learned(book.moments, names, step, book.grid)
    return replace(book, grid=cell, followed=tuple(followed), moments=moments)


@by_identity
def closing_returns(book: Correlations) -> dict[str, tuple[float, int]]:
    """By asset the return that ends with the cell that is filling, and the cells it spans; book settled."""
    return {f.asset: found for f in book.followed if (found := _return(f, book.grid)) is not None}


def _return(own: Followed, grid: int) -> tuple[float, int] | None:
    """The return that ended with this cell, and how many cells it spans; None when a mark is missing."""
    if own.grid_mark is None or own.grid is None or cell_of(own.seen_at) != grid:
        return None
    span = grid - own.grid
    return (log(own.mark) - log(own.grid_mark), span) if 1 <= span <= LONGEST_SPAN else None


def learned(known: Pairs, assets: tuple[str, ...], step: dict[str, tuple[float, int]], grid: int) -> Pairs:
    """What the pairs of these assets know after one step; those whose two were not both seen skip it."""
    if len(assets) < 2 or (not step and assets == known.assets):
        return known if assets == known.assets else Pairs(assets)
    moves = [step.get(asset, (0.0, 0)) for asset in assets]
    values, spans = np.array([value for value, _ in moves]), np.array([span for _, span in moves])
    firsts, seconds = ends(len(assets))
    rows, span = rows_of(known, assets), np.where(spans[firsts] == spans[seconds], spans[firsts], 0)
    elapsed = np.where(rows.grids == 0, span, grid - rows.grids)
    for alike in set(zip(elapsed.tolist(), span.tolist(), strict=True)):  # almost always one for all
        if alike[1]:
            these = np.flatnonzero((elapsed == alike[0]) & (span == alike[1]))
            x, y = values[firsts[these]], values[seconds[these]]
            for memory, (kept, added) in zip(rows.moments, _weights(*alike), strict=True):
                memory[:, these] = faded(memory[:, these], x, y, kept, added)
    rows.grids[span > 0] = grid
    return packed(assets, rows)


@lru_cache(maxsize=256)
def _weights(elapsed: int, span: int) -> tuple[tuple[float, float], ...]:
    """What is left of the old and what the new adds, for each half-life; the same for almost every pair."""
    cells = (FAST_CELLS, MIDDLE_CELLS, SLOW_CELLS)
    return tuple((2 ** (-elapsed / each), 1 - 2 ** (-span / each)) for each in cells)


# --- the metric ---------------------------------------------------------------------------------------


def measure(view: View) -> Measured:
    book = view.account.correlations
    if book is None:
        return Unknown("no positions read yet", warming=True)
    if book.marked is None:
        held = sorted({p.base for p in view.account.evidence.positions if p.quantity})
    else:
        held = _alphabetical(book.clusters)  # all that the newest read holds is followed
    pairs = len(held) * (len(held) - 1) // 2
    if not pairs:
        return Known(0.0)
    names, most = _closest(book.moments)
    if names == held:
        return Known(most)
    rhos = known_rhos(book)
    values = [rhos[pair] for pair in combinations(held, 2) if pair in rhos]
    if not values:
        return Unknown(f"no pair has {STEPS_TO_KNOW} five-minute steps yet", warming=True)
    if len(values) < pairs:
        return AtLeast(max(values), f"{len(values)} of {pairs} pairs are known")
    return Known(max(values))


@by_identity
def _alphabetical(clusters: tuple[Group, ...]) -> list[str]:
    return sorted(asset for group in clusters for asset in group)


@by_identity
def _closest(pairs: Pairs) -> tuple[list[str], float]:
    """All that are followed, and the largest rho, where every pair is known: almost always what is held."""
    rhos = _known_rhos(pairs)
    known = rhos and len(rhos) == pairs.count
    return (sorted({name for names in rhos for name in names}), max(rhos.values())) if known else ([], 0.0)


METRIC = Metric("correlation", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure)
