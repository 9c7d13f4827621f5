"""The newest quotes and books of an account's symbols, for the metrics that read the market.

A look in which one part failed leaves that part at its old age. Prices that are no prices are left out: a
metric then says that it does not know. Since when a mark is the same outlives answers without it, for an
hour: a gap in which it may have moved and come back is no change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite

from guardian.core.facts.market import Book, Mark, Market, Quote
from guardian.core.frozen import replace
from guardian.core.memory import Markets

FORGOTTEN_AFTER = timedelta(hours=1)
MAXIMUM_MISSED = 60
"""Bound on the marks that are remembered beside those of the newest answer: those seen last."""


def fold_market(known: Markets, seen: Market) -> Markets:
    """What is known after one look; an answer older than what is known changes nothing."""
    if seen.quotes is not None and (known.quoted_at is None or seen.asked_at > known.quoted_at):
        quotes = tuple(sorted((q for q in seen.quotes if _sound(q)), key=lambda q: q.symbol))
        marks = fold_marks(known.marks, quotes, seen.asked_at)
        known = replace(known, quotes=quotes, quoted_at=seen.asked_at, marks=marks)
    if seen.books is not None and (known.booked_at is None or seen.asked_at > known.booked_at):
        books = tuple(sorted((b for b in seen.books if _uncrossed(b)), key=lambda b: b.symbol))
        known = replace(known, books=books, booked_at=seen.asked_at)
    return known


def fold_marks(known: tuple[Mark, ...], quotes: tuple[Quote, ...], at: datetime) -> tuple[Mark, ...]:
    """Since when each mark is the same, after quotes that were asked for at `at`."""
    before = {mark.symbol: mark for mark in known}
    told = [_marked(before.pop(quote.symbol, None), quote, at) for quote in quotes]
    missed = (mark for mark in before.values() if at - mark.seen_at <= FORGOTTEN_AFTER)
    kept = sorted(missed, key=lambda mark: (mark.seen_at, mark.symbol))[-MAXIMUM_MISSED:]
    return tuple(sorted([*told, *kept], key=lambda mark: mark.symbol))


def _marked(before: Mark | None, quote: Quote, at: datetime) -> Mark:
    if before is None or before.price != quote.mark:
        return Mark(quote.symbol, quote.mark, at, at, moved=before is not None)
    return replace(before, seen_at=at)


def _sound(quote: Quote) -> bool:
    """A mark above zero, and no value that is not a finite number."""
    prices = (quote.mark, quote.index, quote.last, quote.bid, quote.ask, quote.other, quote.day_volume)
    numbers = [n for n in (*prices, quote.funding_rate) if n is not None]
    hours = quote.funding_hours
    if hours is not None and not (isfinite(hours) and hours > 0):
        return False
    return all(map(Decimal.is_finite, numbers)) and all(p > 0 for p in prices[:6] if p is not None)


def _uncrossed(book: Book) -> bool:
    """Levels of finite prices and quantities above zero, both sides in order and not crossed."""
    rows = (*book.bids, *book.asks)
    if not all(n.is_finite() and n > 0 for n in (book.contract_size, *(n for row in rows for n in row))):
        return False
    bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
    ordered = bids == sorted(bids, reverse=True) and asks == sorted(asks)
    return ordered and not (bids and asks and bids[0] >= asks[0])
