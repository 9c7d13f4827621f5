"""What the world refuses before an order exists. Each check raises Refused and changes nothing."""

from __future__ import annotations

from decimal import Decimal

from guardian.sim.world.account import Account
from guardian.sim.world.instruments import Instrument
from guardian.sim.world.market import Market
from guardian.sim.world.orders import ZERO, Kind, OrderRequest, Refusal, Refused, Side

MAX_OPEN = 500
MAX_CONDITIONAL = 10


def check_request(account: Account, request: OrderRequest, market: Market) -> None:
    """Everything that can be said without knowing the position."""
    instrument = market.instrument
    if request.link_id and request.link_id in account.by_link:
        raise Refused(Refusal.DUPLICATE_LINK)
    if (request.index != 0) != account.is_hedged(request.symbol):
        raise Refused(Refusal.INDEX_MISMATCH)
    if not closes_whole_leg(request):
        check_qty(instrument, request)
    if request.kind is Kind.LIMIT:
        check_price(instrument, request.price)
        if request.trigger is None:
            check_band(market, request.side, request.price)
        check_notional(instrument, request)
    if request.trigger is not None:
        check_price(instrument, request.trigger)
        check_trigger(request.trigger, request.rises, market.mark)
    check_count(account, request)


def closes_whole_leg(request: OrderRequest) -> bool:
    return request.qty == 0 and request.reduce_only and request.close_on_trigger


def check_qty(instrument: Instrument, request: OrderRequest) -> None:
    qty = request.qty
    if qty < instrument.min_qty:
        raise Refused(Refusal.QTY_TOO_SMALL)
    if qty % instrument.step:
        raise Refused(Refusal.QTY_STEP)
    if not request.reduce_only and qty > max_qty(instrument, request.kind):
        raise Refused(Refusal.QTY_TOO_LARGE)


def max_qty(instrument: Instrument, kind: Kind) -> Decimal:
    return instrument.max_market_qty if kind is Kind.MARKET else instrument.max_limit_qty


def check_price(instrument: Instrument, price: Decimal | None) -> None:
    if price is None or price <= 0:
        raise Refused(Refusal.PRICE_MISSING)
    if price % instrument.tick:
        raise Refused(Refusal.PRICE_TICK)


def check_band(market: Market, side: Side, price: Decimal | None) -> None:
    """An aggressive limit price may not pass the mark by more than the instrument's band."""
    edge = market.mark * (1 + market.instrument.band * side.sign)
    if price is not None and (price - edge) * side.sign > 0:
        raise Refused(Refusal.PRICE_BAND)


def check_notional(instrument: Instrument, request: OrderRequest) -> None:
    if request.reduce_only or request.price is None:
        return
    if instrument.notional(request.qty, request.price) < instrument.min_notional:
        raise Refused(Refusal.NOTIONAL)


def check_trigger(trigger: Decimal, rises: bool, current: Decimal) -> None:
    if rises and trigger <= current:
        raise Refused(Refusal.TRIGGER_MUST_RISE, f"{trigger} <= {current}")
    if not rises and trigger >= current:
        raise Refused(Refusal.TRIGGER_MUST_FALL, f"{trigger} >= {current}")


def check_count(account: Account, request: OrderRequest) -> None:
    same = [o for o in account.open_orders.values() if o.symbol == request.symbol]
    conditional = sum(1 for o in same if o.stop_kind == "Stop" and o.is_conditional)
    if request.trigger is not None and conditional >= MAX_CONDITIONAL:
        raise Refused(Refusal.TOO_MANY_STOPS)
    if request.trigger is None and len(same) - conditional >= MAX_OPEN:
        raise Refused(Refusal.TOO_MANY_ORDERS)


def reducible(account: Account, symbol: str, index: int, side: Side) -> Decimal:
    """How much of the leg an order of `side` could close: 0 when it would open or there is nothing."""
    size = account.size(symbol, index)
    return abs(size) if size * side.sign < 0 else ZERO


def only_reduces(request_reduce_only: bool, index: int, side: Side) -> bool:
    """In hedge mode the closing side of a leg can only close it, whatever its flag says."""
    closing = {1: Side.SELL, 2: Side.BUY}.get(index)
    return request_reduce_only or side is closing
