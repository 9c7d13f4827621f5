"""A second venue's public prices, for comparison: a feed that lies shows where two venues differ.

Any venue that ccxt knows. Its own client, its own thread and its own pace: a look at the market takes what is
there and never waits, and what is too old is not told. Absent is None, never a price: a quote of a symbol
that the other venue lists, or may list, then bears its name alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Context, Decimal
from typing import Any, NamedTuple, TypeVar, cast

from guardian.core.facts.market import Quote
from guardian.exchanges.generic.venue import Compared
from guardian.exchanges.generic.wire import localise

T = TypeVar("T")

FRESH_S = 15.0
"""A price older than this is not told: it would differ because of its age. No answer is waited for longer."""

WIDEST = Decimal("0.01")
"""Of the middle of bid and ask: in a wider book it is nobody's price."""

_EVERY_S = 4.0
_REST_S = 60.0
"""After a failure the other venue is left alone for so long."""

_TIMEOUT_MS = 8_000
_MOST, _NAMED = 100, 5
_DIGITS = Context(prec=12)


class Price(NamedTuple):
    """What the other venue told, when it was asked, and what this venue's mark was then."""

    asked: float
    price: Decimal
    mark: Decimal


class OtherVenue:
    """`beside` puts the prices known so far next to a venue's own, and asks for newer ones in the back."""

    def __init__(self, compared: Compared, egress: str = "") -> None:
        """`egress`: a proxy is used here too, a source address is not."""
        self._compared = compared
        self._proxy = egress if "://" in egress else ""
        self._venue: Any = None
        self._prices: dict[str, Price] = {}
        self._unlisted: frozenset[str] = frozenset()
        self._due_at = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._thread = threading.Thread()

    def beside(self, quotes: tuple[Quote, ...]) -> tuple[Quote, ...]:
        self._ask_if_due({quote.symbol: quote.mark for quote in quotes[:_MOST]})
        oldest = time.monotonic() - FRESH_S
        told = {symbol: price for symbol, price in self._prices.items() if price.asked >= oldest}
        return tuple(self._told(quote, told.get(quote.symbol)) for quote in quotes)

    def missing(self, quotes: tuple[Quote, ...]) -> str:
        """Of which of these it told no price, in words; "" where it told all that it lists."""
        silent = [quote.symbol for quote in quotes if quote.other_venue and quote.other is None]
        more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
        return f"no price from {self._compared.venue}: {', '.join(silent[:_NAMED])}{more}" if silent else ""

    def _told(self, quote: Quote, told: Price | None) -> Quote:
        """Its price is moved by what the mark has done since, or a fast market would look like a lie."""
        if quote.symbol in self._unlisted:
            return quote
        other = told and _DIGITS.divide(told.price * quote.mark, told.mark)
        return replace(quote, other=other, other_venue=self._compared.venue)

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _ask_if_due(self, marks: dict[str, Decimal]) -> None:
        # A thread that was given up on may be stuck for good: no other one joins it.
        busy = self._thread.is_alive() or (self._asking is not None and not self._asking.done())
        if not busy and marks and time.monotonic() >= self._due_at:
            self._asking = asyncio.create_task(self._ask(marks), name="compare")

    async def _ask(self, marks: dict[str, Decimal]) -> None:
        """Whatever goes wrong over there costs a comparison and nothing else."""
        asked = time.monotonic()
        self._due_at = asked + _EVERY_S
        try:
            self._thread, answer = _aside(lambda: self._fetch(list(marks)))
            async with asyncio.timeout(FRESH_S):
                found = await answer
        except Exception:
            self._due_at = time.monotonic() + _REST_S
            return
        self._prices = {symbol: Price(asked, price, marks[symbol]) for symbol, price in found.items()}

    def _fetch(self, symbols: list[str]) -> dict[str, Decimal]:
        """In a thread: its list of markets takes a second of computing, which no snapshot may wait for."""
        if self._venue is None:
            ccxt = importlib.import_module("ccxt")
            venue = getattr(ccxt, self._compared.venue)({"enableRateLimit": True, "timeout": _TIMEOUT_MS})
            if self._compared.url is not None:
                localise(venue.urls["api"], self._compared.url)
            if self._proxy:
                venue.https_proxy = self._proxy
            venue.load_markets()
            self._venue = venue
        theirs = {symbol: name for symbol in symbols if (name := _named(symbol, self._venue.markets))}
        self._unlisted = frozenset(symbols) - theirs.keys()
        tickers = self._tickers(sorted(set(theirs.values())))
        now = time.time()
        prices = {symbol: price_of(tickers[name], now) for symbol, name in theirs.items() if name in tickers}
        return {symbol: price for symbol, price in prices.items() if price is not None}

    def _tickers(self, names: Iterable[str]) -> dict[str, Any]:
        """Contracts and spot apart: no venue answers for both at once."""
        found: dict[str, Any] = {}
        for contracts in (True, False):
            wanted = [name for name in names if (":" in name) is contracts]
            if wanted:
                found |= self._venue.fetch_tickers(wanted)
        return found


def _aside(work: Callable[[], T]) -> tuple[threading.Thread, asyncio.Future[T]]:
    """Begun in a thread that keeps nobody from stopping: an executor's would be waited for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast(T, result))

    def run() -> None:
        try:
            result, error = work(), None
        except Exception as failure:
            result, error = None, failure
        with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
            loop.call_soon_threadsafe(settle, result, error)

    thread = threading.Thread(target=run, name="compare", daemon=True)
    thread.start()
    return thread, done


def _named(symbol: str, markets: Any) -> str:
    """The same contract over there, else the same pair on its spot market; "" for neither."""
    return next((name for name in (symbol, symbol.partition(":")[0]) if name in (markets or {})), "")


def price_of(ticker: Any, now: float) -> Decimal | None:
    """The middle of a narrow book, else the last trade where it bears a stamp; neither may be old.

    A book without a stamp is that of the answer; a last trade without one may be of any day.
    """
    bid, ask, last = (_number(ticker.get(name)) for name in ("bid", "ask", "last"))
    stamped = _number(ticker.get("timestamp"))
    if stamped is not None and abs(float(stamped) / 1000 - now) > FRESH_S:
        return None
    if bid is None or ask is None:
        return last if stamped is not None else None
    middle = (bid + ask) / 2
    return middle if 0 <= ask - bid <= WIDEST * middle else None


def _number(raw: Any) -> Decimal | None:
    value = Decimal(str(raw)) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
    return value if value is not None and value.is_finite() and value > 0 else None
