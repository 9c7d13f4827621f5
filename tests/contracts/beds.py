"""Test beds: a venue whose world the test can move, and the ports opened on it.

The contract suites know only this shape, so that the next venue's face, or a fake of a port, is held to the
same promises by adding one opener to BEDS.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from guardian.exchanges import Endpoint, venue
from guardian.ports import Credential, KeyAdmin, Reader, Trader
from guardian.sim.faces.bybit import BybitVenue
from guardian.sim.faces.faults import rule_of
from guardian.sim.faces.options import VenueOptions
from guardian.sim.faces.truth import account_truth
from guardian.sim.world.orders import Kind, OrderRequest, Side
from guardian.sim.world.seed import permissions

ROLES = ("watch", "hands", "bot", "admin")


@dataclass(frozen=True, repr=False)
class Bed:
    """One account on a simulated Bybit. `credentials` by role: watch, hands, bot, admin."""

    venue: BybitVenue
    credentials: dict[str, Credential]
    endpoint: Endpoint

    def reader(self) -> Reader:
        return venue("bybit").open_reader(self.endpoint, self.credentials["watch"])

    def trader(self) -> Trader:
        return venue("bybit").open_trader(self.endpoint)

    def admin(self) -> KeyAdmin:
        watch, hands = self.credentials["watch"].key, self.credentials["hands"].key
        return venue("bybit").open_admin(self.endpoint, watch, (hands,))

    def truth(self) -> dict[str, Any]:
        return account_truth(self.venue.world, self.venue.tenants[0])

    def sizes(self) -> dict[str, Decimal]:
        return {row["symbol"]: Decimal(row["size"]) for row in self.truth()["positions"]}

    def key(self, role: str) -> dict[str, Any]:
        wanted = self.credentials[role].key
        found: dict[str, Any] = next(row for row in self.truth()["keys"] if row["id"] == wanted)
        return found

    def commits(self, effect: str, match: str, **more: Any) -> None:
        """From now on the venue commits this fault on requests that match."""
        self.venue.faults.rules.append(rule_of({"effect": effect, "match": match, **more}))

    def behaves(self) -> None:
        self.venue.faults.clear()

    def transfer(self, amount: int) -> None:
        account = self.venue.tenants[0].account
        self.venue.world.transfer(account, Decimal(amount), self.venue.clock())

    def rest_orders(self, count: int) -> None:
        """Small bids of the bot far below the market."""
        tenant, world = self.venue.tenants[0], self.venue.world
        market = world.markets["BTCUSDT"]
        price = market.instrument.round_price(market.mark * Decimal("0.7"))
        for number in range(count):
            world.place(
                tenant.account,
                OrderRequest(
                    symbol="BTCUSDT",
                    side=Side.BUY,
                    kind=Kind.LIMIT,
                    qty=Decimal("0.001"),
                    price=price,
                    link_id=f"ft-{number}",
                    key_id=tenant.keys["bot"].id,
                ),
                self.venue.clock(),
            )

    def add_bot_keys(self, count: int) -> None:
        tenant, world = self.venue.tenants[0], self.venue.world
        for _ in range(count):
            world.add_key(
                tenant.account,
                "bot",
                self.venue.clock(),
                read_only=False,
                permissions=permissions(ContractTrade=["Order", "Position"]),
            )


@asynccontextmanager
async def bybit_bed(**changes: Any) -> AsyncIterator[Bed]:
    """Options as in VenueOptions, but for the endpoint's `timeout_s` and `flows_seconds`."""
    timing = {
        name: changes.pop(name, default) for name, default in (("timeout_s", 0.5), ("flows_seconds", 60.0))
    }
    async with BybitVenue.running(VenueOptions(**({"seed": 7} | changes))) as running:
        (account, *_) = running.accounts
        credentials = {role: Credential(**account[role]) for role in ROLES}
        endpoint = Endpoint("main", "bybit", running.url, "USDT", **timing)
        yield Bed(running, credentials, endpoint)


BEDS: dict[str, Callable[..., AbstractAsyncContextManager[Bed]]] = {"bybit": bybit_bed}
