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

Needs the positions. Unknown (warming) until one pair has `STEPS_TO_KNOW` steps; AtLeast while only some
pairs have. A price that hardly moves (`QUIET_RETURN`: a stablecoin, a frozen feed) makes its pairs unknown.
Fewer than two assets: 0. Bound: `MAXIMUM_ASSETS`, those held first, then those held last; an asset not held
for a week is forgotten.

Source: RiskMetrics 1996; metrics.md M14.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import inf, log, sqrt
from operator import attrgetter
from typing import Literal

from guardian.core.frozen import replace
from guardian.core.memory import Correlations, Followed, Markets, Moments, Pair
from guardian.core.metrics.clusters import Group, Rho, partition
from guardian.core.metrics.following import GRID_SECONDS as GRID_SECONDS
from guardian.core.metrics.following import MAXIMUM_ASSETS as MAXIMUM_ASSETS
from guardian.core.metrics.following import cell_of, clustered, followed, marked_alone, quoted, settled
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Snapshot, Unknown

FAST_CELLS, MIDDLE_CELLS, SLOW_CELLS = 288, 3 * 288, 14 * 288
"""Half-lives of a day, of three days (what turbulence compares with) and of 14 days, in cells."""

STEPS_TO_KNOW = 48
"""Four hours: the standard error of a rho is then at most 0.15."""

WEIGHT_TO_KNOW = 1 - 2 ** (-(STEPS_TO_KNOW - 0.5) / FAST_CELLS)
"""What that many steps weigh in the fast memory; half a step less, for sums of floats."""

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
    held = {p.base for p in positions if p.quantity}
    current = tuple(f.asset for f in book.followed if f.asset in held)
    if not learned and set(current) == clustered(book):
        return book
    return replace(book, clusters=partition(current, known_rhos(book), book.clusters))


def known_rhos(book: Correlations) -> Rho:
    """The correlation of every pair that is known, by its two names in alphabetical order."""
    return _known_rhos(book.pairs)


@by_identity
def _known_rhos(pairs: tuple[Pair, ...]) -> Rho:
    """The larger of both memories."""
    fast, slow = fast_rhos(pairs), slow_rhos(pairs)
    return fast | {names: value for names, value in slow.items() if value > fast.get(names, -inf)}


@by_identity
def fast_rhos(pairs: tuple[Pair, ...]) -> Rho:
    return rhos(pairs, "fast")


@by_identity
def slow_rhos(pairs: tuple[Pair, ...]) -> Rho:
    return rhos(pairs, "slow")


def rhos(pairs: tuple[Pair, ...], memory: Literal["fast", "middle", "slow"]) -> Rho:
    """The correlation in one memory of every pair that has enough steps and moves."""
    known = [p for p in pairs if p.fast[3] >= WEIGHT_TO_KNOW]
    told = zip(known, map(moment_rho, map(attrgetter(memory), known)), strict=True)
    return {(p.a, p.b): rho for p, rho in told if rho is not None}


def moment_rho(moments: Moments) -> float | None:
    """The correlation in one memory; None where a price hardly moves."""
    aa, bb, ab, weight = moments
    quiet = weight * QUIET_RETURN**2
    if aa <= quiet or bb <= quiet:
        return None
    found = ab / sqrt(aa * bb)
    return found if -1.0 <= found <= 1.0 else max(-1.0, min(1.0, found))


def faded(moments: Moments, a: float, b: float, kept: float, added: float) -> Moments:
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
    followed = tuple(
        replace(f, grid_mark=f.mark, grid=book.grid) if cell_of(f.seen_at) == book.grid else f
        for f in book.followed
    )
    names = sorted(f.asset for f in followed)
    known = {(p.a, p.b): p for p in book.pairs}
    pairs = [_learned(known.get((a, b)) or Pair(a, b), step, book.grid) for a, b in combinations(names, 2)]
    return replace(book, grid=cell, followed=followed, pairs=tuple(pairs))


def closing_returns(book: Correlations) -> dict[str, tuple[float, int]]:
    """By asset the return that ends with the cell that is filling, and the cells it spans; book settled."""
    return {f.asset: found for f in book.followed if (found := _return(f, book.grid)) is not None}


def _return(own: Followed, grid: int) -> tuple[float, int] | None:
    """The return that ended with this cell, and how many cells it spans; None when a mark is missing."""
    if own.grid_mark is None or own.grid is None or cell_of(own.seen_at) != grid:
        return None
    span = grid - own.grid
    return (log(own.mark) - log(own.grid_mark), span) if 1 <= span <= LONGEST_SPAN else None


def _learned(pair: Pair, step: dict[str, tuple[float, int]], grid: int) -> Pair:
    a, b = step.get(pair.a), step.get(pair.b)
    if a is None or b is None or a[1] != b[1]:
        return pair
    elapsed, span = (grid - pair.grid if pair.grid else a[1]), a[1]
    x, y = a[0], b[0]
    (fast, of_fast), (middle, of_middle), (slow, of_slow) = _weights(elapsed, span)
    return Pair(
        pair.a,
        pair.b,
        faded(pair.fast, x, y, fast, of_fast),
        faded(pair.slow, x, y, slow, of_slow),
        grid,
        faded(pair.middle, x, y, middle, of_middle),
    )


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
    names, most = _closest(book.pairs)
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
def _closest(pairs: tuple[Pair, ...]) -> tuple[list[str], float]:
    """All that are followed, and the largest rho, where every pair is known: almost always what is held."""
    rhos = _known_rhos(pairs)
    known = rhos and len(rhos) == len(pairs)
    return (sorted({name for names in rhos for name in names}), max(rhos.values())) if known else ([], 0.0)


METRIC = Metric("correlation", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure)
