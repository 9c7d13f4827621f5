"""Rows of Bybit's public tickers and order book become the market's nouns, or the symbol is left out.

Sources: docs/v5/market/tickers, docs/v5/market/orderbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from guardian.core.facts.market import Book, Quote, Rows
from guardian.exchanges.bybit.symbols import symbol_of
from guardian.exchanges.generic.fields import (
    Row,
    garbage,
    integer,
    optional_number,
    optional_positive,
    plausible_ms,
    positive,
    text,
)

LEVELS = 200
"""Levels asked for: the most that the venue gives of a linear contract."""

# The first levels are kept as they are; behind them ever more are told as one, so that a journal can bear it.
_EXACT = 8
_GROUPS = 4


def parse_quote(row: Row) -> Quote:
    """One ticker. Dated contracts have no funding: their fields are empty or "0"."""
    hours = optional_positive(row, "fundingIntervalHour")
    return Quote(
        symbol=symbol_of(text(row, "symbol")),
        mark=positive(row, "markPrice"),
        index=optional_positive(row, "indexPrice"),
        last=optional_positive(row, "lastPrice"),
        bid=optional_positive(row, "bid1Price"),
        ask=optional_positive(row, "ask1Price"),
        funding_rate=optional_number(row, "fundingRate"),
        funding_at=_funding_at(row),
        funding_hours=None if hours is None else float(hours),
        day_volume=optional_number(row, "volume24h"),
    )


def _funding_at(row: Row) -> datetime | None:
    if row.get("nextFundingTime") in (None, "", "0", 0):
        return None
    at = integer(row, "nextFundingTime")
    if not plausible_ms(at):
        raise garbage("nextFundingTime is not a plausible instant")
    return datetime.fromtimestamp(at / 1000, UTC)


def parse_book(result: Row, symbol: str) -> Book:
    """One symbol's book, folded to about thirty levels a side; see `folded`."""
    if symbol_of(text(result, "s")) != symbol:
        raise garbage("the book is of another symbol")
    bids, asks = _side(result, "b"), _side(result, "a")
    if [p for p, _ in bids] != sorted((p for p, _ in bids), reverse=True):
        raise garbage("the bids are not in order")
    if [p for p, _ in asks] != sorted(p for p, _ in asks):
        raise garbage("the asks are not in order")
    truncated = max(len(bids), len(asks)) >= LEVELS
    return Book(symbol, folded(bids), folded(asks), truncated=truncated)


def _side(result: Row, name: str) -> Rows:
    raw = result.get(name)
    if not isinstance(raw, list) or not all(isinstance(level, list) and len(level) >= 2 for level in raw):
        raise garbage(f"{name} is not a list of levels")
    levels = ({"price": level[0], "quantity": level[1]} for level in raw)
    return tuple((positive(level, "price"), positive(level, "quantity")) for level in levels)


def folded(levels: Rows) -> Rows:
    """The first eight levels as they are, then groups of 2, 4, 8 ... as one level at the group's worst price.

    What a walk through it costs is never less than through the whole: a group sells at its last price.
    """
    return (*levels[:_EXACT], *(_as_one(group) for group in _grouped(levels[_EXACT:])))


def _grouped(rest: Rows) -> Iterator[Rows]:
    size = 2
    while rest:
        for _ in range(_GROUPS):
            if rest:
                yield rest[:size]
                rest = rest[size:]
        size *= 2


def _as_one(group: Sequence[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    return group[-1][0], sum((quantity for _, quantity in group), Decimal(0))
