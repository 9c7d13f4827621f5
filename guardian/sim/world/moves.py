"""What a price move, a trigger, an amendment or a funding hour does to an account's orders and legs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from guardian.sim.world import checks, fills
from guardian.sim.world.account import Account, LedgerRow, Leg, to_cents
from guardian.sim.world.market import Fill
from guardian.sim.world.orders import (
    ZERO,
    Kind,
    Order,
    Refusal,
    Refused,
    Side,
    Status,
    TimeInForce,
)

if TYPE_CHECKING:
    from guardian.sim.world.engine import World


def reached(world: World, account: Account) -> set[str]:
    """Symbols of which some order may act at the marks of now; of all others none can."""
    found = set()
    for order in account.open_orders.values():
        mark = world.markets[order.symbol].mark
        if order.trigger is not None and order.is_conditional:
            if (mark >= order.trigger) if order.rises else (mark <= order.trigger):
                found.add(order.symbol)
        elif order.price is not None and (order.price - mark) * order.side.sign >= 0:
            found.add(order.symbol)
    return found


def match_resting(world: World, account: Account, symbol: str, now: int) -> None:
    """Fill resting limit orders that the market reached, as maker at their own price, oldest first."""
    market = world.markets[symbol]
    for order in _of_symbol(account, symbol):
        if order.is_conditional or order.price is None or not order.is_open:
            continue
        if (order.price - market.best(order.side)) * order.side.sign < 0:
            continue
        qty = fills.clip(account, order)
        if qty <= 0:
            fills.close_order(account, order, "CancelByReduceOnly", now)
            continue
        qty = market.within_depth(qty)
        if qty <= 0:
            continue
        fills.execute(world, account, order, Fill(order.price, qty, maker=True), now)
        attach_from_order(world, account, order, now)


def fire_conditionals(world: World, account: Account, symbol: str, now: int) -> None:
    """Conditional orders whose trigger the mark reached become live orders."""
    mark = world.markets[symbol].mark
    for order in _of_symbol(account, symbol):
        if not order.is_conditional or order.trigger is None:
            continue
        if (mark >= order.trigger) if order.rises else (mark <= order.trigger):
            _fire(world, account, order, now)


def _fire(world: World, account: Account, order: Order, now: int) -> None:
    order.status, order.updated = Status.NEW, now
    if checks.only_reduces(order.reduce_only, order.index, order.side):
        room = checks.reducible(account, order.symbol, order.index, order.side)
        if room <= 0:
            fills.close_order(account, order, "CancelByReduceOnly", now, reject="EC_ReduceOnly")
            return
        whole = order.qty == 0 or order.stop_kind in ("StopLoss", "TakeProfit")
        order.qty = room if whole else min(order.qty, room)
    if not fills.margin_allows(world, account, order):
        fills.close_order(account, order, "CancelByAdmin", now, reject="EC_NoEnoughBalance")
        return
    fills.activate(world, account, order, now)


def _of_symbol(account: Account, symbol: str) -> list[Order]:
    return [order for order in list(account.open_orders.values()) if order.symbol == symbol]


# --- stops attached to a position -------------------------------------------------------------


def attach_from_order(world: World, account: Account, order: Order, now: int) -> None:
    """A filled order's own stop loss and take profit become the position's."""
    prices = {"StopLoss": order.stop_loss, "TakeProfit": order.take_profit}
    wanted = {kind: price for kind, price in prices.items() if price}
    leg = account.leg(order.symbol, order.index)
    if wanted and order.filled and leg.size:
        order.stop_loss = order.take_profit = None
        attach_stops(world, account, leg, wanted, now)


def attach_stops(world: World, account: Account, leg: Leg, prices: Mapping[str, Decimal], now: int) -> None:
    """Replace the leg's stops; raises Refused before any change if one is on the wrong side."""
    if not leg.size:
        raise Refused(Refusal.NO_POSITION)
    mark = world.market(leg.symbol).mark
    current = attached(account, leg)
    unchanged = all(
        (current[kind].trigger if kind in current else ZERO) == price for kind, price in prices.items()
    )
    if unchanged:
        raise Refused(Refusal.NOT_MODIFIED)
    for kind, price in prices.items():
        if price and (price > mark) != _rises(kind, leg):
            raise Refused(Refusal.STOP_WRONG_SIDE, f"{kind} {price} against {mark}")
    for kind, price in prices.items():
        if kind in current:
            fills.close_order(account, current[kind], "CancelByTpSlTsClear", now)
        if price:
            world.remember(account, attached_order(world, leg, kind, price, now))


def attached(account: Account, leg: Leg) -> dict[str, Order]:
    """The leg's open "StopLoss" and "TakeProfit", by kind."""
    stops = (o for o in account.open_orders.values() if o.symbol == leg.symbol and o.index == leg.index)
    return {o.stop_kind: o for o in stops if o.stop_kind in ("StopLoss", "TakeProfit")}


def _rises(kind: str, leg: Leg) -> bool:
    return (kind == "TakeProfit") == (leg.size > 0)


def attached_order(world: World, leg: Leg, kind: str, price: Decimal, now: int) -> Order:
    return Order(
        id=world.new_id(),
        seq=world.next_seq(),
        symbol=leg.symbol,
        side=Side.SELL if leg.size > 0 else Side.BUY,
        kind=Kind.MARKET,
        qty=abs(leg.size),
        price=None,
        tif=TimeInForce.IOC,
        reduce_only=True,
        close_on_trigger=True,
        index=leg.index,
        link_id="",
        trigger=price,
        rises=_rises(kind, leg),
        key_id="",
        created=now,
        updated=now,
        last_on_created=world.markets[leg.symbol].last,
        status=Status.UNTRIGGERED,
        stop_kind=kind,
        origin="position",
        inverse=world.markets[leg.symbol].instrument.inverse,
    )


# --- amendments -------------------------------------------------------------------------------


def amend(world: World, account: Account, order: Order, changes: Mapping[str, Decimal], now: int) -> None:
    """Apply `qty`, `price`, `trigger`; refused as a whole if any is wrong or nothing changes."""
    market = world.markets[order.symbol]
    qty = changes.get("qty", order.qty)
    price = changes.get("price", order.price)
    trigger = changes.get("trigger", order.trigger)
    if (qty, price, trigger) == (order.qty, order.price, order.trigger):
        raise Refused(Refusal.NOT_MODIFIED)
    _check_amend(market.instrument.step, order, qty)
    if order.kind is Kind.LIMIT:
        checks.check_price(market.instrument, price)
        checks.check_band(market, order.side, price)
    if trigger is not None and trigger != order.trigger:
        checks.check_price(market.instrument, trigger)
        checks.check_trigger(trigger, order.rises, market.mark)
    old = (order.qty, order.price)
    order.qty, order.price = qty, price
    if not order.is_conditional and not fills.margin_allows(world, account, order):
        order.qty, order.price = old
        raise Refused(Refusal.NO_FUNDS)
    order.trigger, order.updated = trigger, now
    if not order.is_conditional:
        fills.activate(world, account, order, now)


def _check_amend(step: Decimal, order: Order, qty: Decimal) -> None:
    if qty <= order.filled:
        raise Refused(Refusal.QTY_TOO_SMALL)
    if qty % step:
        raise Refused(Refusal.QTY_STEP)
    if order.reduce_only and qty > order.qty:
        raise Refused(Refusal.NOTHING_TO_REDUCE)


# --- funding -----------------------------------------------------------------------------------


def settle_funding(world: World, account: Account, symbol: str, rate: Decimal, now: int) -> None:
    """One SETTLEMENT row for each open leg of the symbol; funding > 0 was received."""
    for leg in [leg for leg in account.open_legs() if leg.symbol == symbol]:
        mark, instrument = world.markets[symbol].mark, world.markets[symbol].instrument
        funding = to_cents(-instrument.value(leg.size, mark) * rate)
        row = LedgerRow(
            id=f"{account.uid}_{symbol}_{world.next_seq()}",
            seq=world.next_seq(),
            at=now,
            type="SETTLEMENT",
            change=funding,
            cash=account.balance(instrument.settle) + funding,
            funding=funding,
            symbol=symbol,
            side=Side.BUY.value if leg.size > 0 else Side.SELL.value,
            qty=abs(leg.size),
            size=leg.size,
            price=mark,
            fee_rate=rate if leg.size > 0 else -rate,
            currency=instrument.settle,
        )
        account.book(row)
