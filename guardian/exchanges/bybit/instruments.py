"""Lot sizes of every linear contract, loaded in the background so that no read and no close waits for them.

Source: GET /v5/market/instruments-info (docs/v5/market/instrument), paged, 1000 a page.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from guardian.errors import VenueError
from guardian.exchanges.bybit.client import BybitClient, following
from guardian.exchanges.bybit.symbols import symbol_of
from guardian.exchanges.generic.fields import Row, garbage, mapping, positive, rows, text
from guardian.ports import InstrumentFacts

_FRESH_S = 24 * 3600.0
# An unknown or delisted symbol must not turn every snapshot into a market load.
_RETRY_S = 60.0
_PAGE = 1000
_MOST_PAGES = 20


class Instruments:
    """Facts by the venue's id. `known` answers at once; a load that is due runs beside the reads."""

    def __init__(self, client: BybitClient) -> None:
        self._client = client
        self._facts: dict[str, InstrumentFacts] = {}
        self._loaded_at: float | None = None
        self._tried_at: float | None = None
        self._loading: asyncio.Task[None] | None = None

    def known(self, venue_id: str) -> InstrumentFacts | None:
        facts = self._facts.get(venue_id)
        if facts is None:
            self._loaded_at = None
        return facts

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
        try:
            facts = await self._load()
        except VenueError:
            return
        self._facts = facts
        self._loaded_at = time.monotonic()

    async def _load(self) -> dict[str, InstrumentFacts]:
        facts: dict[str, InstrumentFacts] = {}
        cursor = ""
        for _ in range(_MOST_PAGES):
            params = {"category": "linear", "limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            page = await self._client.ask("publicGetV5MarketInstrumentsInfo", params, None)
            listed = rows(page.result, "list")
            for row in listed:
                parsed = _facts_of(row)
                if parsed is not None:
                    facts[text(row, "symbol")] = parsed
            cursor = following(page.result, full=len(listed) >= _PAGE)
            if not cursor:
                return facts
        raise garbage("instruments-info does not end")


def _facts_of(row: Row) -> InstrumentFacts | None:
    """None for a row that cannot be read: one odd new listing must not cost the facts of all others."""
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
