"""M21, M22, the arithmetic: what a book holds, and what walking it costs.

A side is that of the order that takes: +1 buys from the asks, -1 sells into the bids. Quantities are
contracts. Costs are fractions of the value at mid, positive = bad; those of an inverse contract are of the
coins that it pays, so that c = sum q (mid/p - 1) / sum q there, and sum q (1 - p/mid) / sum q else.
Fees are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

from guardian.core.facts.market import Book, Rows
from guardian.core.frozen import replace

IMPACT = 1.0
"""Y of the square-root law: cost = Y sigma_day sqrt(quantity / day's volume)."""

DAY_SIGMA = 0.04
"""The day's volatility that impact is computed with: a bad day of a large coin, not a quiet one."""


@dataclass(frozen=True, slots=True)
class Walk:
    """`filled` contracts at `average` (None where nothing was) for `cost`; the last level cost `last`."""

    filled: Decimal
    average: Decimal | None
    cost: float
    last: float


def mid(book: Book) -> Decimal | None:
    return (book.bids[0][0] + book.asks[0][0]) / 2 if book.bids and book.asks else None


def spread(book: Book) -> float | None:
    """(ask - bid) / mid."""
    middle = mid(book)
    return None if middle is None else float((book.asks[0][0] - book.bids[0][0]) / middle)


def taken_by(book: Book, side: int) -> Rows:
    return book.asks if side > 0 else book.bids


def depth_within(book: Book, side: int, fraction: float) -> Decimal:
    """The contracts that an order of this side finds no farther than `fraction` from mid."""
    middle = mid(book)
    if middle is None:
        return Decimal(0)
    far = middle * Decimal(str(fraction))
    return sum((q for price, q in taken_by(book, side) if abs(price - middle) <= far), Decimal(0))


def thinned(book: Book, factor: Decimal) -> Book:
    """The same prices with a part of their depth: books thin 5 to 20 times in a crash."""
    bids, asks = (tuple((price, q * factor) for price, q in rows) for rows in (book.bids, book.asks))
    return replace(book, bids=bids, asks=asks)


def walk(book: Book, side: int, quantity: Decimal, inverse: bool = False) -> Walk:
    """Take `quantity` contracts from the best level on."""
    middle = mid(book)
    left, weighed, spent, last = quantity, Decimal(0), Decimal(0), 0.0
    for price, offered in taken_by(book, side) if middle is not None else ():
        taken = min(left, offered)
        if taken <= 0:
            break
        assert middle is not None
        away = (middle / price - 1 if inverse else 1 - price / middle) * -side
        left, spent, last = left - taken, spent + taken * away, float(away)
        weighed += taken / price if inverse else taken * price
    filled = quantity - left
    if not filled:
        return Walk(filled, None, 0.0, 0.0)
    return Walk(filled, filled / weighed if inverse else weighed / filled, float(spent / filled), last)


def impact(quantity: Decimal, day_volume: Decimal, sigma: float = DAY_SIGMA) -> float:
    """The square-root law (Toth et al. 2011): at sigma 4 %, one percent of the volume costs 40 bps."""
    return IMPACT * sigma * sqrt(quantity / day_volume) if day_volume > 0 else 1.0
