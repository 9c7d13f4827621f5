"""Cross margin of one account, from its books and the marks of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from guardian.sim.world.account import Account, Leg
from guardian.sim.world.market import Market
from guardian.sim.world.orders import ZERO, Order

TAKER = Decimal("0.00055")
MAKER = Decimal("0.0002")

Markets = Mapping[str, Market]


@dataclass(frozen=True, slots=True)
class Margin:
    """USDT amounts. equity = cash + open_pnl; available = equity - position_im - order_im, not below 0."""

    cash: Decimal
    open_pnl: Decimal
    position_im: Decimal
    order_im: Decimal
    maintenance: Decimal

    @property
    def equity(self) -> Decimal:
        return self.cash + self.open_pnl

    @property
    def available(self) -> Decimal:
        return max(ZERO, self.equity - self.position_im - self.order_im)


def open_pnl(leg: Leg, markets: Markets) -> Decimal:
    return leg.size * (markets[leg.symbol].mark - leg.entry)


def leg_initial(account: Account, leg: Leg, markets: Markets) -> Decimal:
    return abs(leg.size) * markets[leg.symbol].mark / account.leverage_of(leg.symbol)


def leg_maintenance(leg: Leg, markets: Markets) -> Decimal:
    market = markets[leg.symbol]
    return abs(leg.size) * market.mark * (market.instrument.maintenance_rate + TAKER)


def order_initial(account: Account, order: Order) -> Decimal:
    """Margin that a resting order holds: conditional and reduce-only ones hold none."""
    if order.reduce_only or order.is_conditional or order.price is None:
        return ZERO
    return order.leaves * order.price / account.leverage_of(order.symbol)


def margin_of(account: Account, markets: Markets) -> Margin:
    legs = account.open_legs()
    return Margin(
        cash=account.cash,
        open_pnl=sum((open_pnl(leg, markets) for leg in legs), ZERO),
        position_im=sum((leg_initial(account, leg, markets) for leg in legs), ZERO),
        order_im=sum((order_initial(account, order) for order in account.open_orders.values()), ZERO),
        maintenance=sum((leg_maintenance(leg, markets) for leg in legs), ZERO),
    )


def opening_cost(account: Account, order: Order, price: Decimal) -> Decimal:
    """Initial margin plus taker fee of the part of an order that opens risk."""
    size = account.size(order.symbol, order.index)
    opening = order.leaves
    if size * order.side.sign < 0:
        opening = max(ZERO, order.leaves - abs(size))
    return opening * price * (1 / account.leverage_of(order.symbol) + TAKER)
