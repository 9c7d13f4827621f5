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

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from math import inf, isfinite, log, sqrt

from guardian.core.frozen import replace
from guardian.core.memory import Correlations, Followed, Markets, Moments, Pair
from guardian.core.metrics.clusters import Rho, partition
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import AtLeast, Known, Measured, Part, Snapshot, Unknown, Wallet

GRID_SECONDS = 300
FAST_CELLS, MIDDLE_CELLS, SLOW_CELLS = 288, 3 * 288, 14 * 288
"""Half-lives of a day, of three days (what turbulence compares with) and of 14 days, in cells."""

STEPS_TO_KNOW = 48
"""Four hours: the standard error of a rho is then at most 0.15."""

WEIGHT_TO_KNOW = 1 - 2 ** (-(STEPS_TO_KNOW - 0.5) / FAST_CELLS)
"""What that many steps weigh in the fast memory; half a step less, for sums of floats."""

LONGEST_SPAN = 2
QUIET_RETURN = 5e-5
MAXIMUM_ASSETS = 50
FORGOTTEN_AFTER = timedelta(days=7)
LEAST_COIN = Decimal("0.01")


def fold_correlations(
    known: Correlations | None, seen: Snapshot, markets: Markets | None = None
) -> Correlations | None:
    """What is known after one read; a read without positions changes nothing.

    `markets` shows the price of what was held of late: an account made flat still has a market to wait for.
    """
    if seen.positions is None:
        return known
    cell = int(seen.asked_at.timestamp()) // GRID_SECONDS
    book = before = known or Correlations(cell)
    if cell > book.grid:
        book = _closed(book, cell)
    book = _followed(book, seen)
    held = {p.base for p in seen.positions if p.quantity}
    current = tuple(f.asset for f in book.followed if f.asset in held)
    if book.grid != before.grid or set(current) != clustered(book):
        book = replace(book, clusters=partition(current, known_rhos(book), book.clusters))
    return book if markets is None else _quoted(book, markets)


def fold_quotes(known: Correlations | None, markets: Markets) -> Correlations | None:
    """What is known after one look at the market; its quotes enter the cell in which they were asked for."""
    return known if known is None else _quoted(known, markets)


def clustered(book: Correlations) -> set[str]:
    """The assets that were held as positions at the last read."""
    return {asset for group in book.clusters for asset in group}


def known_rhos(book: Correlations) -> Rho:
    """The correlation of every pair that is known, by its two names in alphabetical order."""
    return _known_rhos(book.pairs)


@by_identity
def _known_rhos(pairs: tuple[Pair, ...]) -> Rho:
    found = {(pair.a, pair.b): rho(pair) for pair in pairs}
    return {names: value for names, value in found.items() if value is not None}


def rho(pair: Pair) -> float | None:
    """The larger of both memories; None while too few steps, or too quiet a price, tell."""
    if pair.fast[3] < WEIGHT_TO_KNOW:
        return None
    values = [moment_rho(moments) for moments in (pair.fast, pair.slow)]
    return max((value for value in values if value is not None), default=None)


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
        replace(f, grid_mark=f.mark, grid=book.grid) if _cell(f.seen_at) == book.grid else f
        for f in book.followed
    )
    names = sorted(f.asset for f in followed)
    known = {(p.a, p.b): p for p in book.pairs}
    pairs = [_learned(known.get((a, b)) or Pair(a, b), step, book.grid) for a, b in combinations(names, 2)]
    return replace(book, grid=cell, followed=followed, pairs=tuple(pairs))


def closing_returns(book: Correlations) -> dict[str, tuple[float, int]]:
    """By asset the return that ends with the cell that is filling, and the cells it spans."""
    return {f.asset: found for f in book.followed if (found := _return(f, book.grid)) is not None}


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
    day, days, fortnight = _weights(elapsed, span)
    return Pair(
        pair.a,
        pair.b,
        faded(pair.fast, a[0], b[0], *day),
        faded(pair.slow, a[0], b[0], *fortnight),
        grid,
        faded(pair.middle, a[0], b[0], *days),
    )


@lru_cache(maxsize=256)
def _weights(elapsed: int, span: int) -> tuple[tuple[float, float], ...]:
    """What is left of the old and what the new adds, for each half-life; the same for almost every pair."""
    cells = (FAST_CELLS, MIDDLE_CELLS, SLOW_CELLS)
    return tuple((2 ** (-elapsed / each), 1 - 2 ** (-span / each)) for each in cells)


def _cell(at: datetime) -> int:
    return int(at.timestamp()) // GRID_SECONDS


# --- whose prices are followed ------------------------------------------------------------------------


def _followed(book: Correlations, seen: Snapshot) -> Correlations:
    """The newest marks. Positions come first, then coins, then those held last."""
    at = seen.asked_at
    same = _same_again(book.followed, seen)
    if same is not None:
        return replace(book, followed=same)
    known = {f.asset: f for f in book.followed if at - (f.held_at or f.seen_at) <= FORGOTTEN_AFTER}
    size: dict[str, float] = {}
    fresh: dict[str, Followed] = {}
    for p in sorted(seen.positions or (), key=lambda p: p.leg):
        mark = float(p.mark)
        if not p.quantity or not 0 < mark or not isfinite(mark):
            continue
        base = p.base
        size[base] = size.get(base, 0.0) + abs(float(p.worth))
        old = known.get(base)
        if old is not None and old.symbol == p.symbol:
            fresh[base] = Followed(base, p.symbol, mark, at, old.grid_mark, old.grid, at)
        elif base not in fresh:
            # Another contract of the asset has another price: what lies between the two is no return.
            fresh[base] = Followed(base, p.symbol, mark, at, held_at=at)
    coins = {f.asset: f for f in _coins(seen.wallet, known, at) if f.asset not in fresh}
    candidates = known | coins | fresh
    last = {name: -_held(own) for name, own in candidates.items()}
    order = sorted(
        candidates,
        key=lambda n: (n not in fresh, n not in coins, last[n], n not in known, -size.get(n, 0.0), n),
    )
    return replace(book, followed=tuple(candidates[name] for name in sorted(order[:MAXIMUM_ASSETS])))


def _held(own: Followed) -> float:
    return (own.held_at or own.seen_at).timestamp()


def _same_again(followed: tuple[Followed, ...], seen: Snapshot) -> tuple[Followed, ...] | None:
    """The newest marks where only marks have changed: almost always. None where there is more to see to."""
    at, held = seen.asked_at, [p for p in seen.positions or () if p.quantity]
    marks = {p.symbol: float(p.mark) for p in held}
    if len(held) != len(marks) or any(_coins(seen.wallet, {}, at)):
        return None
    fresh, oldest = [], at - FORGOTTEN_AFTER
    for f in followed:
        mark = marks.pop(f.symbol, 0.0)
        if (f.held_at or f.seen_at) < oldest:
            return None
        if 0 < mark < inf:
            f = Followed(f.asset, f.symbol, mark, at, f.grid_mark, f.grid, at)
        elif mark:
            return None
        fresh.append(f)
    return None if marks else tuple(fresh)


def _coins(wallet: Wallet | None, known: dict[str, Followed], at: datetime) -> Iterator[Followed]:
    """Coins over 1 % of the equity at the wallet's price; what is worth 1 is the money that counts."""
    for b in wallet.balances if wallet else ():
        price = float(b.price)
        if wallet is None or price == 1 or not 0 < price < inf:
            continue
        if abs(b.quantity * b.price) > LEAST_COIN * abs(wallet.equity):
            old = known.get(b.currency)
            fresh = Followed(b.currency, b.currency, price, at, held_at=at)
            same = old is not None and old.symbol == b.currency
            yield replace(fresh, grid_mark=old.grid_mark, grid=old.grid) if same and old else fresh


def _quoted(book: Correlations, markets: Markets) -> Correlations:
    """The newest quotes of what is followed and not held. A new cell's wait for the read that begins it."""
    at = markets.quoted_at
    if at is None or _cell(at) > book.grid:
        return book
    held = clustered(book)
    behind = {f.symbol for f in book.followed if f.asset not in held and f.seen_at < at}
    marks = {q.symbol: float(q.mark) for q in markets.quotes if q.symbol in behind}
    if not marks:
        return book
    followed = tuple(
        replace(f, mark=mark, seen_at=at, held_at=f.held_at or f.seen_at)
        if f.asset not in held and 0 < (mark := marks.get(f.symbol, 0.0)) < inf
        else f
        for f in book.followed
    )
    return replace(book, followed=followed)


# --- the metric ---------------------------------------------------------------------------------------


def measure(view: View) -> Measured:
    book = view.account.correlations
    if book is None:
        return Unknown("no positions read yet", warming=True)
    held = sorted({p.base for p in view.account.evidence.positions if p.quantity})
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
def _closest(pairs: tuple[Pair, ...]) -> tuple[list[str], float]:
    """All that are followed, and the largest rho, where every pair is known: almost always what is held."""
    rhos = _known_rhos(pairs)
    known = rhos and len(rhos) == len(pairs)
    return (sorted({name for names in rhos for name in names}), max(rhos.values())) if known else ([], 0.0)


METRIC = Metric("correlation", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure)
