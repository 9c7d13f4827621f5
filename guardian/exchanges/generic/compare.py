"""A second venue's public prices, for comparison: a feed that lies shows where two venues differ.

Any venue that ccxt knows. Its own client, its own thread and its own pace: a look at the market takes what is
there and never waits, and what is too old is not told. Absent is None, never a price.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from guardian.core.facts.market import Quote
from guardian.exchanges.generic.venue import Compared
from guardian.exchanges.generic.wire import localise

T = TypeVar("T")

FRESH_S = 15.0
"""A price older than this is not told: it would differ because of its age."""

_EVERY_S = 4.0
_REST_S = 60.0
"""After a failure the other venue is left alone for so long."""

_TIMEOUT_MS = 8_000
_MOST = 100


class OtherVenue:
    """`beside` puts the prices known so far next to a venue's own, and asks for newer ones in the back."""

    def __init__(self, compared: Compared, egress: str = "") -> None:
        """`egress`: a proxy is used here too, a source address is not."""
        self._compared = compared
        self._proxy = egress if "://" in egress else ""
        self._venue: Any = None
        self._prices: dict[str, tuple[float, Decimal]] = {}
        self._due_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    def beside(self, quotes: tuple[Quote, ...]) -> tuple[Quote, ...]:
        self._ask_if_due([quote.symbol for quote in quotes])
        oldest = time.monotonic() - FRESH_S
        told = {symbol: price for symbol, (at, price) in self._prices.items() if at >= oldest}
        name = self._compared.venue
        return tuple(
            replace(quote, other=told[quote.symbol], other_venue=name) if quote.symbol in told else quote
            for quote in quotes
        )

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _ask_if_due(self, symbols: list[str]) -> None:
        busy = self._asking is not None and not self._asking.done()
        if not busy and symbols and time.monotonic() >= self._due_at:
            self._asking = asyncio.create_task(self._ask(symbols[:_MOST]), name="compare")

    async def _ask(self, symbols: list[str]) -> None:
        """Whatever goes wrong over there costs a comparison and nothing else."""
        asked = time.monotonic()
        self._due_at = asked + _EVERY_S
        try:
            found = await _aside(lambda: self._fetch(symbols))
        except Exception:
            self._due_at = time.monotonic() + _REST_S
            return
        self._prices = {symbol: (asked, price) for symbol, price in found.items()}

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
        tickers = self._tickers(sorted(set(theirs.values())))
        prices = {symbol: _price(tickers[name]) for symbol, name in theirs.items() if name in tickers}
        return {symbol: price for symbol, price in prices.items() if price is not None}

    def _tickers(self, names: Iterable[str]) -> dict[str, Any]:
        """Contracts and spot apart: no venue answers for both at once."""
        found: dict[str, Any] = {}
        for contracts in (True, False):
            wanted = [name for name in names if (":" in name) is contracts]
            if wanted:
                found |= self._venue.fetch_tickers(wanted)
        return found


async def _aside(work: Callable[[], T]) -> T:
    """In a thread of its own that keeps nobody from stopping: an executor's would be waited for."""
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

    threading.Thread(target=run, name="compare", daemon=True).start()
    return await done


def _named(symbol: str, markets: Any) -> str:
    """The same contract over there, else the same pair on its spot market; "" for neither."""
    return next((name for name in (symbol, symbol.partition(":")[0]) if name in (markets or {})), "")


def _price(ticker: Any) -> Decimal | None:
    """The middle of bid and ask, else the last price."""
    bid, ask, last = (_number(ticker.get(name)) for name in ("bid", "ask", "last"))
    return (bid + ask) / 2 if bid is not None and ask is not None else last


def _number(raw: Any) -> Decimal | None:
    value = Decimal(str(raw)) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
    return value if value is not None and value.is_finite() and value > 0 else None
