"""What a flatten would have to trade: the legs of an account by symbol and side, with their market.

Legs of one symbol that oppose each other are two orders, for each takes the other side of the book. What is
smaller than the venue's smallest order is left out: no order can close it. Spot holdings stay unless the
account's `flatten.spot` says otherwise, and are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from guardian.core.facts.market import Book, Quote
from guardian.core.frozen import replace
from guardian.core.metrics.exposure import settle_price, settle_prices
from guardian.core.metrics.metric import View
from guardian.core.model import Position


@dataclass(frozen=True, slots=True)
class Closing:
    """`quantity` contracts to be traded to `side`, worth `notional` in the reporting currency at mark."""

    symbol: str
    side: int
    quantity: Decimal
    notional: Decimal
    maximum: Decimal
    inverse: bool
    book: Book | None
    quote: Quote | None


def closings(view: View) -> tuple[Closing, ...]:
    """One for each symbol and side, in their order."""
    account = view.account
    prices = settle_prices(account.evidence.wallet)
    books = {b.symbol: b for b in account.markets.books}
    quotes = {q.symbol: q for q in account.markets.quotes}
    found: dict[tuple[str, int], Closing] = {}
    for p in sorted(account.evidence.positions, key=lambda p: p.leg):
        if not p.quantity or abs(p.quantity) < p.minimum:
            continue
        side = -1 if p.quantity > 0 else 1
        worth = abs(p.notional) * settle_price(p, prices)
        known = found.get((p.symbol, side))
        if known is not None:
            quantity, notional = known.quantity + abs(p.quantity), known.notional + worth
            found[p.symbol, side] = replace(known, quantity=quantity, notional=notional)
            continue
        book, quote = _in_contracts_of(p, books.get(p.symbol)), quotes.get(p.symbol)
        closing = Closing(p.symbol, side, abs(p.quantity), worth, p.maximum, p.inverse, book, quote)
        found[p.symbol, side] = closing
    return tuple(found.values())


def _in_contracts_of(position: Position, book: Book | None) -> Book | None:
    if book is None or book.contract_size == position.contract_size:
        return book
    factor = book.contract_size / position.contract_size
    bids, asks = (tuple((price, q * factor) for price, q in rows) for rows in (book.bids, book.asks))
    return replace(book, bids=bids, asks=asks)


def booked_at(view: View) -> datetime | None:
    """`Metric.aged` of what reads books. An account that holds nothing needs none."""
    return view.account.markets.booked_at if closings(view) else view.now


def quoted_at(view: View) -> datetime | None:
    """`Metric.aged` of what reads quotes. An account that holds nothing needs none."""
    return view.account.markets.quoted_at if closings(view) else view.now
