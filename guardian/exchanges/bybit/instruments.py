"""Lot sizes of linear and inverse contracts, loaded in the background so that no read and no close waits.

What the venue says is another contract than its category has none: what is held of it is not read.

Source: GET /v5/market/instruments-info (docs/v5/market/instrument), paged, 1000 a page.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from guardian.errors import VenueError
from guardian.exchanges.bybit.client import BybitClient, following
from guardian.exchanges.bybit.symbols import SETTLE_COINS, Category, symbol_of
from guardian.exchanges.generic.fields import Row, garbage, mapping, optional_text, positive, rows, text
from guardian.ports import InstrumentFacts

_FRESH_S = 24 * 3600.0
# An unknown or delisted symbol must not turn every snapshot into a market load.
_RETRY_S = 60.0
_PAGE = 1000
_MOST_PAGES = 20
_KINDS: dict[Category, tuple[str, ...]] = {
    "linear": ("LinearPerpetual", "LinearFutures"),
    "inverse": ("InversePerpetual", "InverseFutures"),
}
_LONGEST_WORD = 32


class Instruments:
    """Facts by the venue's id. `known` answers at once; a load that is due runs beside the reads."""

    def __init__(self, client: BybitClient) -> None:
        self._client = client
        self._facts: dict[str, InstrumentFacts] = {}
        self._odd: dict[str, str] = {}
        self._loaded_at: float | None = None
        self._tried_at: float | None = None
        self._loading: asyncio.Task[None] | None = None

    def known(self, venue_id: str) -> InstrumentFacts | None:
        facts = self._facts.get(venue_id)
        if facts is None:
            self._loaded_at = None
        return facts

    def held(self, venue_id: str) -> InstrumentFacts | None:
        """As `known`, of what is held. Raises VenueError("contract") for what is not what its category says.

        What such a contract is worth has a multiplier of its own: read as linear it would be of any size.
        """
        if venue_id in self._odd:
            raise VenueError("contract", f"{venue_id} is {self._odd[venue_id]}")
        return self.known(venue_id)

    def refresh_if_due(self) -> None:
        """Needs a running event loop."""
        if self._due() and (self._loading is None or self._loading.done()):
            self._loading = asyncio.create_task(self._load_quietly())

    async def load_if_due(self) -> None:
        self.refresh_if_due()
        if self._loading is not None:
            await asyncio.shield(self._loading)

    async def close(self) -> None:
        if self._loading is not None and not self._loading.done():
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)

    def _due(self) -> bool:
        current = time.monotonic()
        if self._tried_at is not None and current - self._tried_at < _RETRY_S:
            return False
        return self._loaded_at is None or current - self._loaded_at > _FRESH_S

    async def _load_quietly(self) -> None:
        """A failed load keeps the last facts; positions then carry a step derived from their own size."""
        self._tried_at = time.monotonic()
        answers = await asyncio.gather(*map(self._load, _KINDS), return_exceptions=True)
        for category, listed in zip(_KINDS, answers, strict=True):
            if isinstance(listed, list):
                self._learn(category, listed)
            elif not isinstance(listed, VenueError):
                raise listed
        if not any(isinstance(listed, VenueError) for listed in answers):
            self._loaded_at = time.monotonic()

    def _learn(self, category: Category, listed: list[Row]) -> None:
        """What is listed no more keeps its lot size: the venue takes orders by it, or none at all."""
        for row in listed:
            venue_id, facts = optional_text(row, "symbol"), _facts_of(row, category)
            self._odd.pop(venue_id, None)
            self._facts.pop(venue_id, None)
            if why := _oddity(row, category):
                self._odd[venue_id] = why
            elif facts is not None:
                self._facts[venue_id] = facts

    async def _load(self, category: Category) -> list[Row]:
        found: list[Row] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            params = {"category": category, "limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            page = await self._client.ask("publicGetV5MarketInstrumentsInfo", params, None)
            listed = rows(page.result, "list")
            found += listed
            cursor = following(page.result, full=len(listed) >= _PAGE)
            if not cursor:
                return found
        raise garbage("instruments-info does not end")


def _oddity(row: Row, category: Category) -> str:
    """How it is not what its category says: linear, settled in what it is quoted in, or inverse, in its base.

    "" if it is, or nothing is said.
    """
    kind, quote, settle = (optional_text(row, name) for name in ("contractType", "quoteCoin", "settleCoin"))
    if kind and kind not in _KINDS[category]:
        return f"no {category} contract: {kind[:_LONGEST_WORD]!a}"
    if category == "inverse":
        quote = optional_text(row, "baseCoin")
    # A dollar is quoted, and a stablecoin settles: the price is the same, as far as the peg holds.
    if not quote or not settle or quote == settle or (quote == "USD" and settle in SETTLE_COINS):
        return ""
    of = "on" if category == "inverse" else "quoted in"
    return f"a quanto contract: {of} {quote[:_LONGEST_WORD]!a}, settled in {settle[:_LONGEST_WORD]!a}"


def _facts_of(row: Row, category: Category) -> InstrumentFacts | None:
    """None for a row that cannot be read: one odd new listing must not cost the facts of all others."""
    if _oddity(row, category):
        return None
    try:
        lot, price = mapping(row, "lotSizeFilter"), mapping(row, "priceFilter")
        step, minimum = positive(lot, "qtyStep"), positive(lot, "minOrderQty")
        maximum = positive(lot, "maxMktOrderQty")
        if not step <= minimum <= maximum:
            # A position under such a minimum would be left open as dust.
            return None
        return InstrumentFacts(
            symbol=symbol_of(text(row, "symbol")),
            step=step,
            minimum=minimum,
            maximum=maximum,
            tick=positive(price, "tickSize"),
            contract_size=Decimal(1),
            settle=text(row, "settleCoin"),
        )
    except VenueError:
        return None
