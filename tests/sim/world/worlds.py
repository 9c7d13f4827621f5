"""A small world to build accounts in: bitcoin at 40,000, linear and inverse, and legs without a book."""

from __future__ import annotations

import random
from decimal import Decimal

from guardian.sim.world.account import Account
from guardian.sim.world.engine import World
from guardian.sim.world.takeover import Taken

NOW = 1_763_719_200_000
D = Decimal


def bitcoin_world() -> World:
    world = World(random.Random(1), instruments=5)
    world.list_inverse("BTC")
    world.set_prices({"BTCUSDT": D(40_000)}, NOW)
    return world


def funded(world: World) -> Account:
    account = world.add_account("sub", world.add_account("master"))
    world.transfer(account, D(100_000), NOW)
    return account


def block(symbol: str, qty: str, price: str | None = None, index: int = 0) -> Taken:
    at = D(price) if price else None
    return Taken(symbol=symbol, index=index, origin="block", signed_qty=D(qty), price=at)


def ledger_sums(account: Account) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in account.ledger:
        sums[row.currency] = sums.get(row.currency, D(0)) + row.change
    return sums
