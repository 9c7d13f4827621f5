"""Cross margin of one account, from its books and the marks of the moment.

Everything that the account holds is collateral at its full price: USDT, coins, and what legs have gained in
the coin that they settle in. A coin is priced by its USDT market; a dollar coin is one dollar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from guardian.sim.world.account import CASH, Account, Leg
from guardian.sim.world.market import Market
from guardian.sim.world.orders import ZERO, Order

TAKER = Decimal("0.00055")
MAKER = Decimal("0.0002")

ONE = Decimal(1)
DOLLARS = frozenset({CASH, "USDC", "USD"})

Markets = Mapping[str, Market]


@dataclass(frozen=True, slots=True)
class Margin:
    """Amounts of one coin, or of the account in USDT.

    equity = cash + open_pnl; available = equity - position_im - order_im, not below 0.
    """

    cash: Decimal
    open_pnl: Decimal
    position_im: Decimal
    order_im: Decimal
    maintenance: Decimal

    @property
    def equity(self) -> Decimal:
        return self.cash + self.open_pnl

    @property
    def free(self) -> Decimal:
        """What is left for new risk; below 0 when the marks have gone against the account."""
        return self.equity - self.position_im - self.order_im

    @property
    def available(self) -> Decimal:
        return max(ZERO, self.free)


def coin_price(coin: str, markets: Markets) -> Decimal:
    """In USDT; 0 for a coin that no market prices."""
    if coin in DOLLARS:
        return ONE
    market = markets.get(coin + CASH)
    return market.mark if market else ZERO


def open_pnl(leg: Leg, markets: Markets) -> Decimal:
    """In the settle coin, as all margin of a leg."""
    market = markets[leg.symbol]
    return market.instrument.gain(leg.size, leg.entry, market.mark)


def leg_value(leg: Leg, markets: Markets) -> Decimal:
    """Unsigned, at mark, in the settle coin."""
    market = markets[leg.symbol]
    return market.instrument.value(abs(leg.size), market.mark)


def leg_initial(account: Account, leg: Leg, markets: Markets) -> Decimal:
    return leg_value(leg, markets) / account.leverage_of(leg.symbol)


def leg_maintenance(leg: Leg, markets: Markets) -> Decimal:
    return leg_value(leg, markets) * (markets[leg.symbol].instrument.maintenance_rate + TAKER)


def order_initial(account: Account, order: Order, markets: Markets) -> Decimal:
    """Margin that a resting order holds: conditional and reduce-only ones hold none."""
    if order.reduce_only or order.is_conditional or order.price is None:
        return ZERO
    value = markets[order.symbol].instrument.value(order.leaves, order.price)
    return value / account.leverage_of(order.symbol)


def coin_margins(account: Account, markets: Markets) -> dict[str, Margin]:
    """Each coin that the account holds or settles in, in units of that coin."""
    sums = {coin: [cash, ZERO, ZERO, ZERO, ZERO] for coin, cash in account.balances.items()}
    for leg in account.open_legs():
        row = sums.setdefault(markets[leg.symbol].instrument.settle, [ZERO] * 5)
        row[1] += open_pnl(leg, markets)
        row[2] += leg_initial(account, leg, markets)
        row[4] += leg_maintenance(leg, markets)
    for order in account.open_orders.values():
        held = order_initial(account, order, markets)
        if held:
            sums.setdefault(markets[order.symbol].instrument.settle, [ZERO] * 5)[3] += held
    return {coin: Margin(*row) for coin, row in sums.items()}


def margin_of(account: Account, markets: Markets) -> Margin:
    """The account as a whole, in USDT."""
    coins = coin_margins(account, markets)
    if len(coins) == 1:
        return coins[CASH]
    sums = [ZERO] * 5
    for coin, own in coins.items():
        price = coin_price(coin, markets)
        amounts = (own.cash, own.open_pnl, own.position_im, own.order_im, own.maintenance)
        sums = [total + amount * price for total, amount in zip(sums, amounts, strict=True)]
    return Margin(*sums)


def standing(account: Account, markets: Markets) -> tuple[Decimal, Decimal]:
    """Equity and maintenance margin: what each tick asks of each account, without the rest."""
    equity = sum((cash * coin_price(coin, markets) for coin, cash in account.balances.items() if cash), ZERO)
    needed = ZERO
    for leg in account.open_legs():
        market = markets[leg.symbol]
        instrument, mark = market.instrument, market.mark
        price = coin_price(instrument.settle, markets) if instrument.inverse else ONE
        equity += instrument.gain(leg.size, leg.entry, mark) * price
        needed += instrument.value(abs(leg.size), mark) * (instrument.maintenance_rate + TAKER) * price
    return equity, needed


def above_maintenance(account: Account, markets: Markets) -> bool:
    equity, needed = standing(account, markets)
    return equity > needed


def opening_cost(account: Account, order: Order, price: Decimal, market: Market) -> Decimal:
    """Initial margin plus taker fee, in the settle coin, of the part of an order that opens risk."""
    size = account.size(order.symbol, order.index)
    opening = max(ZERO, order.leaves - abs(size)) if size * order.side.sign < 0 else order.leaves
    return market.instrument.value(opening, price) * (1 / account.leverage_of(order.symbol) + TAKER)


def liquidation_price(leg: Leg, margin: Margin, markets: Markets) -> Decimal | None:
    """An estimate: the mark at which this leg alone would bring equity to maintenance margin.

    `margin` is the account's. What the settle coin is worth is held still, so that for an inverse leg the
    account is liquidated a little earlier than this on the way down. None where no such price exists.
    """
    market = markets[leg.symbol]
    instrument, room = market.instrument, margin.equity - margin.maintenance
    if not instrument.inverse:
        price = market.mark - room / leg.size
        return instrument.round_price(price) if price > 0 else None
    worth = coin_price(instrument.settle, markets)
    inverse = 1 / market.mark + room / (leg.size * worth) if worth else ZERO
    return instrument.round_price(1 / inverse) if inverse > 0 else None
