"""The shape of a test bed: one account on a simulated venue, whatever carries the requests to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import pytest

from guardian.exchanges import Heard
from guardian.ports import Credential, History, KeyAdmin, MarketReader, Reader, Trader
from guardian.sim.faces.truth import account_truth
from guardian.sim.world.engine import World
from guardian.sim.world.orders import Kind, OrderRequest, Side
from guardian.sim.world.seed import Tenant, permissions
from guardian.sim.world.takeover import Taken

ROLES = ("watch", "hands", "bot", "admin")
Promise = TypeVar("Promise", bound=Callable[..., Any])


def about_the_wire(why: str) -> Callable[[Promise], Promise]:
    """A promise about bytes and HTTP, which a port without a wire cannot keep or break."""

    def marked(promise: Promise) -> Promise:
        vars(promise)["about_the_wire"] = why
        return promise

    return marked


def skip_without_wire(promise: Any, has_wire: bool) -> None:
    why = vars(promise).get("about_the_wire")
    if why and not has_wire:
        pytest.skip(why)


class Ground(Protocol):
    """What every bed stands on: a world, its tenants, and the venue's clock in milliseconds."""

    @property
    def world(self) -> World: ...

    @property
    def tenants(self) -> list[Tenant]: ...

    def clock(self) -> int: ...


@dataclass(repr=False)
class Bed:
    """One account on a simulated venue. `credentials` by role: watch, hands, bot, admin."""

    venue: Ground
    credentials: dict[str, Credential]

    def reader(self, booked_to: datetime | None = None) -> Reader:
        """`booked_to`: an earlier run has delivered the ledger up to then."""
        raise NotImplementedError

    def market(self) -> MarketReader:
        raise NotImplementedError

    def history(self, done_to: Heard | None = None) -> History:
        """`done_to`: an earlier run has told the fills and past orders up to then."""
        raise NotImplementedError

    def trader(self) -> Trader:
        raise NotImplementedError

    def admin(self) -> KeyAdmin:
        raise NotImplementedError

    def commits(self, effect: str, match: str, **more: Any) -> None:
        """From now on the venue commits this fault on requests that match."""
        raise NotImplementedError

    def behaves(self) -> None:
        raise NotImplementedError

    def truth(self) -> dict[str, Any]:
        return account_truth(self.venue.world, self.venue.tenants[0])

    def sizes(self) -> dict[str, Decimal]:
        return {row["symbol"]: Decimal(row["size"]) for row in self.truth()["positions"]}

    def key(self, role: str) -> dict[str, Any]:
        wanted = self.credentials[role].key
        found: dict[str, Any] = next(row for row in self.truth()["keys"] if row["id"] == wanted)
        return found

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

    def hold_inverse(self, dollars: int, base: str = "BTC") -> str:
        """A position in the contract that is margined in this coin, of which one is held; the market's id."""
        world, account, now = self.venue.world, self.venue.tenants[0].account, self.venue.clock()
        if base + "USD" not in world.markets:
            world.list_inverse(base)
            world.transfer(account, Decimal(1), now, base)
        world.take_over(
            account, Taken(symbol=base + "USD", index=0, origin="block", signed_qty=Decimal(dollars)), now
        )
        return base + "USD"

    def close_linear(self) -> None:
        """All of it is gone, orders too."""
        world, account, now = self.venue.world, self.venue.tenants[0].account, self.venue.clock()
        for order in list(account.open_orders.values()):
            world.cancel(account, order, now)
        for leg in account.open_legs():
            if not world.instruments[leg.symbol].inverse:
                world.take_over(account, Taken(symbol=leg.symbol, index=leg.index, origin="adl"), now)

    def leave_dust(self) -> str:
        """One step of a market whose smallest order is two steps is held; the market's id."""
        world, account = self.venue.world, self.venue.tenants[0].account
        held = {leg.symbol for leg in account.open_legs()}
        symbol = next(s for s in world.instruments if s not in held)
        step = world.instruments[symbol].step
        larger = replace(world.instruments[symbol], min_qty=step * 2)
        world.instruments[symbol] = world.markets[symbol].instrument = larger
        taken = Taken(symbol=symbol, index=0, origin="block", signed_qty=step)
        world.take_over(account, taken, self.venue.clock())
        return symbol

    def lower_maximum(self, symbol: str, parts: int) -> None:
        """The venue takes this position only in so many orders."""
        world, size = self.venue.world, abs(self.sizes()[symbol])
        instrument = world.instruments[symbol]
        most = instrument.floor_qty(size / parts)
        smaller = replace(instrument, max_market_qty=most, max_limit_qty=most)
        world.instruments[symbol] = world.markets[symbol].instrument = smaller

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
