"""Coins bought and sold for cash: a trade of two balances, each with its ledger row, and of no position."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from guardian.sim.world import flows
from guardian.sim.world.account import CASH, Account, Execution, to_cents
from guardian.sim.world.margin import coin_price, margin_of
from guardian.sim.world.orders import ZERO, Kind, Refusal, Refused, Side

if TYPE_CHECKING:
    from guardian.sim.world.engine import World

FEE = Decimal("0.001")
"""Of what is received, in its coin."""


def trade(world: World, account: Account, coin: str, worth: Decimal, now: int) -> Execution:
    """Coins for so much cash at mark; below zero they are sold. Raises Refused for more than there is."""
    price = coin_price(coin, world.markets)
    quantity = to_cents(abs(worth) / price) if price else ZERO
    side = Side.BUY if worth > 0 else Side.SELL
    short = quantity > account.balance(coin) if side is Side.SELL else worth > account.cash
    if not quantity or short or abs(worth) > margin_of(account, world.markets).available:
        raise Refused(Refusal.NO_FUNDS)
    paid, got = ((abs(worth), CASH), (quantity, coin))[:: side.sign]
    fee = to_cents(got[0] * FEE)
    flows.settle(world, account, "TRADE", (-paid[0], paid[1]), now)
    flows.settle(world, account, "TRADE", (got[0] - fee, got[1]), now)
    account.executions.append(_execution(world, (coin, side, quantity, price), (fee, got[1]), now))
    return account.executions[-1]


def _execution(
    world: World, traded: tuple[str, Side, Decimal, Decimal], fee: tuple[Decimal, str], now: int
) -> Execution:
    coin, side, quantity, price = traded
    return Execution(
        id=world.new_id(),
        seq=world.next_seq(),
        at=now,
        symbol=coin + CASH,
        index=0,
        side=side,
        qty=quantity,
        price=price,
        fee=fee[0],
        fee_rate=FEE,
        maker=False,
        closed=ZERO,
        order_id=world.new_id(),
        link_id="",
        order_qty=quantity,
        order_price=price,
        order_kind=Kind.MARKET.value,
        leaves=ZERO,
        mark=price,
        stop_kind="",
        key_id="",
        currency=fee[1],
        spot=True,
    )
