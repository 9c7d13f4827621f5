"""What happens to a leg without its owner's order: liquidation, auto-deleveraging, and trades off the book.

Each is a fill at a given price that walks no book, with its execution and its ledger row as every other fill,
so that the books still explain every cent. `Taken` says which leg, how much of it, and at what price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from guardian.sim.world import fills, flows
from guardian.sim.world.account import Account, Leg, to_cents
from guardian.sim.world.margin import above_maintenance, coin_price
from guardian.sim.world.market import Fill, Market
from guardian.sim.world.moves import attached_order
from guardian.sim.world.orders import ZERO, Order, Refusal, Refused, Side, Status

if TYPE_CHECKING:
    from guardian.sim.world.engine import World

Origin = Literal["liquidation", "adl", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A fill that nobody sent an order for. `signed_qty` is what the leg gains; None takes all of it away.

    `price` None is the mark. A block trade may open, of any size: dust below the smallest order, or more
    than the largest; the other two only ever close. `link_id` is whose trade it is, where it is somebody's.
    """

    symbol: str
    index: int
    origin: Origin
    signed_qty: Decimal | None = None
    price: Decimal | None = None
    link_id: str = ""


def bankruptcy_price(account: Account, leg: Leg, markets: Mapping[str, Market]) -> Decimal:
    """Where the leg has lost its own initial margin: what a venue takes over and deleverages at."""
    instrument, share = markets[leg.symbol].instrument, 1 / account.leverage_of(leg.symbol)
    sign = 1 if leg.size > 0 else -1
    price = leg.entry / (1 + sign * share) if instrument.inverse else leg.entry * (1 - sign * share)
    return instrument.round_price(price)


def take(world: World, account: Account, taken: Taken, now: int) -> Order:
    """Fill the leg; raises Refused when there is nothing to take, or when a close would open."""
    market, leg = world.market(taken.symbol), account.leg(taken.symbol, taken.index)
    qty = -leg.size if taken.signed_qty is None else taken.signed_qty
    closes = leg.size * qty < 0 and abs(qty) <= abs(leg.size)
    if not qty or not (closes or taken.origin == "block"):
        raise Refused(Refusal.NOTHING_TO_REDUCE)
    if taken.origin == "liquidation":
        for order in account.resting(leg.symbol, leg.index):
            fills.close_order(account, order, "CancelByPrepareLiq", now)
    order = _order(world, leg, qty, taken.origin, now)
    order.link_id = taken.link_id
    world.remember(account, order)
    fills.execute(world, account, order, Fill(taken.price or market.mark, abs(qty)), now)
    return order


def _order(world: World, leg: Leg, signed_qty: Decimal, origin: Origin, now: int) -> Order:
    """The row that the venue itself shows for it: no key signed it."""
    order = attached_order(world, leg, "", ZERO, now)
    order.trigger, order.status, order.origin = None, Status.NEW, origin
    order.side, order.qty = Side.BUY if signed_qty > 0 else Side.SELL, abs(signed_qty)
    order.reduce_only = order.close_on_trigger = leg.size * signed_qty < 0
    return order


def liquidate_if_due(world: World, account: Account, now: int) -> None:
    """Equity under maintenance margin: every order is cancelled and every leg taken over at mark."""
    legs = account.open_legs()
    if not legs or above_maintenance(account, world.markets):
        return
    for order in list(account.open_orders.values()):
        fills.close_order(account, order, "CancelByPrepareLiq", now)
    for leg in legs:
        take(world, account, Taken(symbol=leg.symbol, index=leg.index, origin="liquidation"), now)
    _cover_debts(world, account, now)


def _cover_debts(world: World, account: Account, now: int) -> None:
    """Coins are sold for what is owed; the insurance fund makes up the rest. Rows explain each of it."""
    for owed in [coin for coin, quantity in account.balances.items() if quantity < 0]:
        for coin in [c for c, quantity in account.balances.items() if quantity > 0]:
            _convert(world, account, coin, owed, now)
        debt = account.balance(owed)
        if debt < 0:
            flows.settle(world, account, "LIQUIDATION", (-debt, owed), now)


def _convert(world: World, account: Account, coin: str, owed: str, now: int) -> None:
    """Sell as much of a coin as the debt needs, at the marks."""
    rate = coin_price(coin, world.markets) / coin_price(owed, world.markets)
    debt, held = -account.balance(owed), account.balance(coin)
    if debt <= 0 or not rate:
        return
    sold = min(held, to_cents(debt / rate))
    flows.settle(world, account, "CURRENCY_SELL", (-sold, coin), now)
    flows.settle(world, account, "CURRENCY_BUY", (min(debt, to_cents(sold * rate)), owed), now)
