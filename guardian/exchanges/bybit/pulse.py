"""Is Bybit there, how long does an answer take, and how far is its clock from ours? GET /v5/market/time."""

from __future__ import annotations

import asyncio
import time

from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.generic.pulse import Pulse
from guardian.exchanges.generic.venue import Endpoint

SAMPLES = 3
PAUSE_S = 0.05


async def pulse(endpoint: Endpoint) -> Pulse:
    """The quickest of three answers, whose clock is known best. Raises VenueError if the first fails."""
    client = BybitClient(endpoint)
    try:
        found = [await _sample(client)]
        for _ in range(SAMPLES - 1):
            await asyncio.sleep(PAUSE_S)
            found.append(await _sample(client))
    finally:
        await client.close()
    return min(found, key=lambda each: each.round_trip_s)


async def _sample(client: BybitClient) -> Pulse:
    asked = time.monotonic()
    await client.measure_clock()
    offset_ms = client.clock.offset_ms
    assert offset_ms is not None, "a measurement that did not raise has an offset"
    return Pulse(time.monotonic() - asked, offset_ms / 1000)
