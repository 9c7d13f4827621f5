"""Whose prices are followed, and at which marks: the first half of what correlation.py and returns.py know.

Positions come first, then coins of the wallet over 1 % of the equity, then what was held last; at most
`MAXIMUM_ASSETS`, and for a week after it was held. Almost always a read brings nothing but marks: these wait
in `Correlations.marks` and enter `followed` when the cell is over or something else is held (`settled`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, isfinite

from guardian.core.frozen import replace
from guardian.core.memory import Correlations, Followed, Markets
from guardian.core.metrics.remembered import by_identity
from guardian.core.model import Balance, Position, Snapshot, Wallet

GRID_SECONDS = 300
CELLS_A_DAY = 86_400 // GRID_SECONDS
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAXIMUM_ASSETS = 50
FORGOTTEN_AFTER = timedelta(days=7)
ONE = Decimal(1)
LEAST_COIN = Decimal("0.01")


def cell_of(at: datetime) -> int:
    """The ordinal of the five minutes that an instant is in."""
    since = at - EPOCH
    return since.days * CELLS_A_DAY + since.seconds // GRID_SECONDS


@by_identity
def settled(book: Correlations) -> Correlations:
    """With the newest marks entered into what is followed."""
    at = book.marked_at
    if at is None:
        return book
    marks = dict(zip(book.marked or (), book.marks, strict=True))
    followed = [
        Followed(f.asset, f.symbol, marks[f.symbol], at, f.grid_mark, f.grid, at) if f.symbol in marks else f
        for f in book.followed
    ]
    return replace(book, followed=tuple(followed), marks=(), marked_at=None)


def marked_alone(book: Correlations, seen: Snapshot) -> Correlations | None:
    """After a read that brings nothing but marks of what was held before; None where there is more to it."""
    at, positions = seen.asked_at, seen.positions or ()
    held = [p for p in positions if p.quantity]
    if book.marked != tuple([p.symbol for p in held]) or _coins_in(seen.wallet):
        return None
    if book.marked_at is None or len(held) < len(book.followed):
        oldest = at - FORGOTTEN_AFTER
        if any((f.held_at or f.seen_at) < oldest for f in book.followed):
            return None
    if not held:
        return book
    marks = marks_of(positions if len(held) == len(positions) else tuple(held))
    if min(marks) <= 0 or not isfinite(sum(marks)):
        return None
    return replace(book, marks=marks, marked_at=at)


@by_identity
def marks_of(positions: tuple[Position, ...]) -> tuple[float, ...]:
    """As floats: of each read the risk asks for them as well."""
    return tuple([float(p.mark) for p in positions])


def _coins_in(wallet: Wallet | None) -> bool:
    return wallet is not None and True in [b.price != ONE and _is_coin(b, wallet) for b in wallet.balances]


def followed(book: Correlations, seen: Snapshot) -> Correlations:
    """After any read: what is held, what was, and all of their newest marks. The book must be settled."""
    at, held = seen.asked_at, [p for p in seen.positions or () if p.quantity]
    known = {f.asset: f for f in book.followed if at - (f.held_at or f.seen_at) <= FORGOTTEN_AFTER}
    size: dict[str, float] = {}
    fresh: dict[str, Followed] = {}
    for p in sorted(held, key=lambda p: p.leg):
        mark = float(p.mark)
        if not 0 < mark or not isfinite(mark):
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
    kept = tuple(candidates[name] for name in sorted(order[:MAXIMUM_ASSETS]))
    return replace(book, followed=kept, marked=_distinct(held, kept))


def _distinct(held: list[Position], kept: tuple[Followed, ...]) -> tuple[str, ...] | None:
    """The symbols of what is held, if each is the one by which its asset is followed; None if not."""
    symbols = tuple(p.symbol for p in held)
    one_each = len(set(symbols)) == len(symbols) and set(symbols) <= {f.symbol for f in kept}
    return symbols if one_each else None


def _held(own: Followed) -> float:
    return (own.held_at or own.seen_at).timestamp()


def _coins(wallet: Wallet | None, known: dict[str, Followed], at: datetime) -> Iterator[Followed]:
    """Coins over 1 % of the equity at the wallet's price; what is worth 1 is the money that counts."""
    for b in wallet.balances if wallet else ():
        if wallet is not None and _is_coin(b, wallet):
            old = known.get(b.currency)
            fresh = Followed(b.currency, b.currency, float(b.price), at, held_at=at)
            same = old is not None and old.symbol == b.currency
            yield replace(fresh, grid_mark=old.grid_mark, grid=old.grid) if same and old else fresh


def _is_coin(b: Balance, wallet: Wallet) -> bool:
    price = float(b.price)
    if price == 1 or not 0 < price < inf:
        return False
    return abs(b.quantity * b.price) > LEAST_COIN * abs(wallet.equity)


# --- what was held, at its quotes -----------------------------------------------------------------------


def clustered(book: Correlations) -> frozenset[str]:
    """The assets that were held as positions at the last read."""
    return _members(book.clusters)


@by_identity
def _members(clusters: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    return frozenset(asset for group in clusters for asset in group)


def quoted(book: Correlations, markets: Markets) -> Correlations:
    """The newest quotes of what is followed and not held. A new cell's wait for the read that begins it."""
    at = markets.quoted_at
    if at is None or cell_of(at) > book.grid:
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
