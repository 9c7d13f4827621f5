"""The beds: every opener of a venue's ports on which the contract suites run.

The suites know only the shape in `bed`, so that the next venue's face, or a fake of a port, is held to the
same promises by adding one opener to BEDS. The simulator's ports are among them: what they answer must be
what the adapters make of the wire, or what the simulator proves is proven of something else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guardian.exchanges import Endpoint, Heard, venue
from guardian.ports import Credential, History, KeyAdmin, MarketReader, Reader, Trader
from guardian.sim.faces.bybit import BybitVenue
from guardian.sim.faces.faults import rule_of
from guardian.sim.faces.options import VenueOptions
from tests.contracts.bed import ROLES, Bed, skip_without_wire
from tests.contracts.simulated import simulated_bed

__all__ = ["BEDS", "WIRE", "Bed", "skip_unless_it_concerns"]


@dataclass(repr=False)
class WireBed(Bed):
    """The adapters, over a socket, against the venue's face."""

    venue: BybitVenue
    endpoint: Endpoint

    def reader(self, booked_to: datetime | None = None) -> Reader:
        endpoint = replace(self.endpoint, booked_to=booked_to)
        return venue("bybit").open_reader(endpoint, self.credentials["watch"])

    def market(self) -> MarketReader:
        return venue("bybit").open_market(self.endpoint)

    def history(self, done_to: Heard | None = None) -> History:
        endpoint = replace(self.endpoint, done_to=done_to or Heard())
        return venue("bybit").open_history(endpoint, self.credentials["watch"])

    def trader(self) -> Trader:
        return venue("bybit").open_trader(self.endpoint)

    def admin(self) -> KeyAdmin:
        watch, hands = self.credentials["watch"].key, self.credentials["hands"].key
        return venue("bybit").open_admin(self.endpoint, watch, (hands,))

    def commits(self, effect: str, match: str, **more: Any) -> None:
        self.venue.faults.rules.append(rule_of({"effect": effect, "match": match, **more}))

    def behaves(self) -> None:
        self.venue.faults.clear()


@asynccontextmanager
async def bybit_bed(**changes: Any) -> AsyncIterator[WireBed]:
    """Options as in VenueOptions, but for the endpoint's `timeout_s` and `flows_seconds`."""
    timing = {
        name: changes.pop(name, default) for name, default in (("timeout_s", 0.5), ("flows_seconds", 60.0))
    }
    async with BybitVenue.running(VenueOptions(**({"seed": 7} | changes))) as running:
        (account, *_) = running.accounts
        credentials = {role: Credential(**account[role]) for role in ROLES}
        endpoint = Endpoint("main", "bybit", running.url, "USDT", **timing)
        yield WireBed(running, credentials, endpoint)


WIRE: dict[str, Callable[..., AbstractAsyncContextManager[Bed]]] = {"bybit": bybit_bed}
BEDS: dict[str, Callable[..., AbstractAsyncContextManager[Bed]]] = {**WIRE, "simulator": simulated_bed}


def skip_unless_it_concerns(name: str, promise: Any) -> None:
    """A promise about the wire is asked only of the beds that have one."""
    skip_without_wire(promise, name in WIRE)
