"""The public market of one account's symbols: tickers and order books, on a client without any key.

Nothing raises. A symbol that cannot be read is left out and named in `problem`, so that one delisted contract
does not blind all others; a part of which nothing came is None. Few symbols are asked one by one, more of
them in one answer that lists all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from guardian.core.facts.market import Book, Market, Quote
from guardian.errors import VenueError
from guardian.exchanges.bybit.beside.quotes import LEVELS, parse_book, parse_quote
from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.bybit.symbols import category_of, id_of
from guardian.exchanges.generic.clock import now
from guardian.exchanges.generic.compare import OtherVenue
from guardian.exchanges.generic.fields import Row, garbage, optional_text, rows
from guardian.exchanges.generic.pace import Bucket, Pacer
from guardian.exchanges.generic.venue import Endpoint

T = TypeVar("T")
Found = tuple[tuple[T, ...] | None, str]

MOST_BOOKS = 30
_PER_SECOND = 10
"""The venue allows 600 requests in 5 s from one address, which whoever acts shares."""

_ONE_BY_ONE = 8
_BOOKS_S = 3.0
_NAMED = 5


class BybitMarket:
    """See ports.MarketReader. Covers linear and inverse contracts."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._pacer = Pacer((Bucket("public", _PER_SECOND),))
        self._other = None if endpoint.compare is None else OtherVenue(endpoint.compare, endpoint.egress)
        self._opened: BybitClient | None = None

    @property
    def _client(self) -> BybitClient:
        """Built by the first look: a start with an open incident has better things to do."""
        if self._opened is None:
            self._opened = BybitClient(self._endpoint)
        return self._opened

    async def look(self, symbols: Sequence[str]) -> Market:
        """Quotes of all symbols; books of the first thirty, so put the largest positions first."""
        asked_at = now()
        await self._client.keep_clock()
        (quotes, unquoted), (books, unbooked) = await asyncio.gather(
            self._part(self._quotes(symbols)), self._part(self._books(symbols[:MOST_BOOKS]))
        )
        if quotes is not None and self._other is not None:
            quotes = self._other.beside(quotes)
            uncompared = self._other.missing(quotes)
        else:
            uncompared = ""
        skipped = len(symbols) - MOST_BOOKS
        unasked = f"no book asked for {skipped} more symbols" if skipped > 0 else ""
        return Market(
            account=self._endpoint.account,
            asked_at=asked_at,
            quotes=quotes,
            books=books,
            problem="; ".join(filter(None, (unquoted, unbooked, unasked, uncompared))),
            calls=self._client.calls.take(),
        )

    async def close(self) -> None:
        if self._other is not None:
            await self._other.close()
        if self._opened is not None:
            await self._opened.close()

    async def _part(self, question: Awaitable[Found[T]]) -> Found[T]:
        try:
            async with asyncio.timeout(self._endpoint.timeout_s + _BOOKS_S):
                return await question
        except VenueError as error:
            return None, f"{error.code}: {error.detail}"
        except TimeoutError:
            return None, "timeout: no complete answer in time"

    async def _quotes(self, symbols: Sequence[str]) -> Found[Quote]:
        if len(symbols) <= _ONE_BY_ONE:
            return await _each(symbols, self._quote)
        listed: dict[str, Row] = {}
        for category in sorted({category_of(symbol) for symbol in symbols} - {"option"}):
            page = await self._ask("publicGetV5MarketTickers", {"category": category})
            listed |= {optional_text(row, "symbol"): row for row in rows(page, "list")}

        async def pick(symbol: str) -> Quote:
            if id_of(symbol) not in listed:
                raise garbage("not listed")
            return _sensible(parse_quote, listed[id_of(symbol)])

        return await _each(symbols, pick)

    async def _quote(self, symbol: str) -> Quote:
        params: dict[str, object] = {"category": category_of(symbol), "symbol": id_of(symbol)}
        found = rows(await self._ask("publicGetV5MarketTickers", params), "list")
        if len(found) != 1 or found[0].get("symbol") != id_of(symbol):
            raise garbage("not one ticker")
        return _sensible(parse_quote, found[0])

    async def _books(self, symbols: Sequence[str]) -> Found[Book]:
        return await _each(symbols, self._book)

    async def _book(self, symbol: str) -> Book:
        params: dict[str, object] = {
            "category": category_of(symbol),
            "symbol": id_of(symbol),
            "limit": LEVELS,
        }
        result = await self._ask("publicGetV5MarketOrderbook", params)
        return _sensible(lambda row: parse_book(row, symbol), result)

    async def _ask(self, method: str, params: dict[str, object]) -> Row:
        await self._pacer.turn()
        return (await self._client.ask(method, params, None)).result


def _sensible(parse: Callable[[Row], T], row: Row) -> T:
    """A shape that no check foresaw is still the venue's nonsense: the port never raises for it."""
    try:
        return parse(row)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise garbage(f"unforeseen shape: {type(error).__name__}") from None


async def _each(symbols: Sequence[str], ask: Callable[[str], Awaitable[T]]) -> Found[T]:
    """What came of each, and a sentence about the rest; None where nothing came of any."""
    answers = await asyncio.gather(*(_or_why(ask(symbol)) for symbol in symbols))
    found = tuple(answer for answer in answers if not isinstance(answer, VenueError))
    failed = [(s, a) for s, a in zip(symbols, answers, strict=True) if isinstance(a, VenueError)]
    shown = [f"{symbol}: {error.code} {error.detail}".rstrip() for symbol, error in failed[:_NAMED]]
    if len(failed) > _NAMED:
        shown.append(f"and {len(failed) - _NAMED} more")
    return (found if found or not symbols else None), ", ".join(shown)


async def _or_why(question: Awaitable[T]) -> T | VenueError:
    try:
        return await question
    except VenueError as error:
        return error
