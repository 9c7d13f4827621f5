"""Take a venue's pulse through a public endpoint: no key is needed, and none is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from guardian.errors import VenueError
from guardian.exchanges.bybit.pulse import pulse as bybit_pulse
from guardian.exchanges.generic.pulse import Pulse
from guardian.exchanges.generic.venue import Endpoint

UNMEASURED = "unmeasured"

PULSES: dict[str, Callable[[Endpoint], Awaitable[Pulse]]] = {"bybit": bybit_pulse}


async def take_pulse(endpoint: Endpoint) -> Pulse:
    """Raises VenueError; its code is `UNMEASURED` for a venue whose pulse guardian cannot take."""
    take = PULSES.get(endpoint.venue)
    if take is None:
        raise VenueError(UNMEASURED, f"guardian cannot ask {endpoint.venue} for its time without a key")
    return await take(endpoint)


__all__ = ["PULSES", "UNMEASURED", "Pulse", "take_pulse"]
