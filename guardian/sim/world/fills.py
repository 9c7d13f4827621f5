"""Matching one order against its market, and the bookkeeping of every fill.

The law of reduce-only lives here: before each fill the quantity is clipped to what the leg still holds,
so such an order can never increase or flip a position, whatever happened since it was accepted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from guardian.sim.world import checks
from guardian.sim.world.account import Account, Execution, LedgerRow, Leg, to_cents
from guardian.sim.world.margin import MAKER, TAKER, coin_price, margin_of, opening_cost, order_initial
from guardian.sim.world.market import Fill
from guardian.sim.world.orders import ZERO, Kind, Order, OrderRequest, Status, TimeInForce

if TYPE_CHECKING:
    from guardian.sim.world.engine import World


def affordable(world: World, account: Account, request: OrderRequest, qty: Decimal, price: Decimal) -> bool:
    """Whether free margin covers the part of the order that opens risk."""
    size = account.size(request.symbol, request.index)
    opening = max(ZERO, qty - abs(size)) if size * request.side.sign < 0 else qty
    instrument = world.markets[request.symbol].instrument
    need = instrument.value(opening, price) * (1 / account.leverage_of(request.symbol) + TAKER)
    if need <= 0:
        return True
    return need * coin_price(instrument.settle, world.markets) <= margin_of(account, world.markets).available


def activate(world: World, account: Account, order: Order, now: int) -> None:
    """Match a live order now; what is left rests, or is cancelled as its time in force says."""
    market = world.markets[order.symbol]
    worst = order.price if order.price is not None else market.protected(order.side)
    crosses = (worst - market.best(order.side)) * order.side.sign >= 0
    if order.tif is TimeInForce.POST_ONLY and crosses:
        close_order(account, order, "CancelByPrepareToOrder", now, reject="EC_PostOnlyWillTakeLiquidity")
        return
    fillable = market.walk(order.side, clip(account, order), worst, now) if crosses else []
    if order.tif is TimeInForce.FOK and sum((f.qty for f in fillable), ZERO) < order.leaves:
        fillable = []
    for fill in fillable:
        market.take(order.side, fill)
        execute(world, account, order, fill, now)
    if order.is_open and (order.kind is Kind.MARKET or order.tif in (TimeInForce.IOC, TimeInForce.FOK)):
        close_order(account, order, "CancelByNoImmediateFill", now, reject="EC_NoImmediateQtyToFill")
    if order.is_open and order.reduce_only:
        shrink_resting(account, order.symbol, order.index, now)


def clip(account: Account, order: Order) -> Decimal:
    """How much of the order may fill now."""
    if not checks.only_reduces(order.reduce_only, order.index, order.side):
        return order.leaves
    return min(order.leaves, checks.reducible(account, order.symbol, order.index, order.side))


def execute(world: World, account: Account, order: Order, fill: Fill, now: int) -> None:
    """Book one fill: position, fee, ledger row, execution, order; then tidy what the leg no longer needs."""
    leg, instrument = account.leg(order.symbol, order.index), world.markets[order.symbol].instrument
    before = leg.size
    gain = leg.apply(instrument, fill.qty * order.side.sign, fill.price)
    rate, value = MAKER if fill.maker else TAKER, instrument.value(fill.qty, fill.price)
    fee = to_cents(value * rate)
    order.filled += fill.qty
    order.filled_value += value
    order.fee += fee
    order.updated = now
    order.status = Status.FILLED if order.filled >= order.qty else Status.PARTIALLY_FILLED
    if order.status is Status.FILLED:
        account.open_orders.pop(order.id, None)
    _note_flip(account, order, before, leg.size)
    execution = _execution(world, order, fill, now, (before, fee, rate))
    account.executions.append(execution)
    account.book(_trade_row(world, account, execution, gain, leg.size))
    account.realised[instrument.settle] = account.realised.get(instrument.settle, ZERO) + gain - fee
    _settle_leg(account, leg, before, gain - fee, now)


def _note_flip(account: Account, order: Order, before: Decimal, after: Decimal) -> None:
    if order.started_sign is None:
        order.started_sign = (before > 0) - (before < 0)
    if not order.flipped and order.started_sign * after < 0:
        order.flipped = True
        account.sign_flips += 1


_EXECUTED = {"liquidation": "BustTrade", "adl": "AdlTrade", "block": "BlockTrade"}
_BOOKED = {"BustTrade": "LIQUIDATION", "AdlTrade": "ADL"}


def _execution(
    world: World, order: Order, fill: Fill, now: int, terms: tuple[Decimal, Decimal, Decimal]
) -> Execution:
    before, fee, rate = terms
    closing = before * order.side.sign < 0
    return Execution(
        id=world.new_id(),
        seq=world.next_seq(),
        at=now,
        symbol=order.symbol,
        index=order.index,
        side=order.side,
        qty=fill.qty,
        price=fill.price,
        fee=fee,
        fee_rate=rate,
        maker=fill.maker,
        closed=min(abs(before), fill.qty) if closing else ZERO,
        order_id=order.id,
        link_id=order.link_id,
        order_qty=order.qty,
        order_price=order.price or fill.price,
        order_kind=order.kind.value,
        leaves=order.leaves,
        mark=world.markets[order.symbol].mark,
        stop_kind=order.stop_kind,
        key_id=order.key_id,
        kind=_EXECUTED.get(order.origin, "Trade"),
        currency=world.markets[order.symbol].instrument.settle,
    )


def _trade_row(
    world: World, account: Account, execution: Execution, gain: Decimal, size: Decimal
) -> LedgerRow:
    change = gain - execution.fee
    return LedgerRow(
        id=f"{account.uid}_{execution.symbol}_{world.next_seq()}",
        seq=world.next_seq(),
        at=execution.at,
        type=_BOOKED.get(execution.kind, "TRADE"),
        change=change,
        cash=account.balance(execution.currency) + change,
        cash_flow=gain,
        fee=execution.fee,
        symbol=execution.symbol,
        side=execution.side.value,
        qty=execution.qty,
        size=size,
        price=execution.price,
        fee_rate=execution.fee_rate,
        order_id=execution.order_id,
        link_id=execution.link_id,
        trade_id=execution.id,
        currency=execution.currency,
    )


def _settle_leg(account: Account, leg: Leg, before: Decimal, realised: Decimal, now: int) -> None:
    if before == 0 or before * leg.size < 0:
        leg.created, leg.realised = now, ZERO
    leg.updated = now
    leg.realised += realised
    leg.realised_ever += realised
    if leg.size == 0 or before * leg.size < 0:
        drop_attached(account, leg, now)
    shrink_resting(account, leg.symbol, leg.index, now)


def drop_attached(account: Account, leg: Leg, now: int) -> None:
    """Stops attached to a position die with it; conditional orders of their own do not."""
    for order in account.resting(leg.symbol, leg.index):
        if order.stop_kind in ("StopLoss", "TakeProfit") and order.is_conditional:
            close_order(account, order, "CancelByTpSlTsClear", now)


def shrink_resting(account: Account, symbol: str, index: int, now: int) -> None:
    """Resting reduce-only orders may together never exceed the leg: the furthest from the market go first."""
    resting = [o for o in account.resting(symbol, index) if o.reduce_only and not o.is_conditional]
    resting.sort(key=lambda o: ((o.price or ZERO) * o.side.sign, -o.seq), reverse=True)
    room = {side: checks.reducible(account, symbol, index, side) for side in {o.side for o in resting}}
    for order in resting:
        allowed = min(order.leaves, room[order.side])
        room[order.side] -= allowed
        if allowed <= 0:
            close_order(account, order, "CancelByReduceOnly", now)
        elif allowed < order.leaves:
            order.qty = order.filled + allowed
            order.updated = now


def close_order(account: Account, order: Order, reason: str, now: int, reject: str = "") -> None:
    """Take an open order out of the book; what it filled stays filled."""
    order.status = Status.CANCELLED
    order.cancel = reason
    order.reject = reject
    order.updated = now
    account.open_orders.pop(order.id, None)


def margin_allows(world: World, account: Account, order: Order) -> bool:
    """For an order that becomes live later: conditional orders hold no margin until they fire."""
    if checks.only_reduces(order.reduce_only, order.index, order.side):
        return True
    market = world.markets[order.symbol]
    cost = opening_cost(account, order, order.price or market.best(order.side), market)
    more = cost - order_initial(account, order, world.markets)
    return (
        more * coin_price(market.instrument.settle, world.markets) <= margin_of(account, world.markets).free
    )
