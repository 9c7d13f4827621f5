"""Order endpoints: create, cancel, amend (single and batch), cancel-all, open orders and history."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from guardian.sim.faces.bybit.account_routes import DAY_MS, range_of, trading_symbol
from guardian.sim.faces.bybit.codes import PARAMS, REFUSALS, TEXTS, TOO_MANY, BybitProblem
from guardian.sim.faces.bybit.market_routes import CONTRACTS, category_of, concerns
from guardian.sim.faces.bybit.rows import order_row
from guardian.sim.faces.bybit.wire import (
    Call,
    Params,
    Reply,
    decimal_of,
    flag_of,
    int_of,
    page_size,
    paged,
    required,
    text_of,
)
from guardian.sim.world.orders import Kind, Order, OrderRequest, Refused, Side, TimeInForce

E = TypeVar("E", Side, Kind, TimeInForce)

MAX_BATCH = 20
MAX_CANCEL_ALL = 500
CLOSED_KEPT = 500


def create(call: Call) -> Reply:
    return Reply(_ids(_create(call, call.params)))


def _create(call: Call, params: Params) -> Order:
    one = Call(call.world, call.now, params, call.key, call.account)
    request = _request(one, trading_symbol(one))
    return call.world.place(call.me, request, call.now)


def _request(call: Call, symbol: str) -> OrderRequest:
    params = call.params
    trigger = decimal_of(params, "triggerPrice") or None
    direction = int_of(params, "triggerDirection", 0)
    if trigger is not None and direction not in (1, 2):
        raise BybitProblem(PARAMS, "TriggerDirection invalid")
    qty = decimal_of(params, "qty")
    if qty is None:
        raise BybitProblem(PARAMS, "params error: qty is required")
    reduce_only, on_trigger = flag_of(params, "reduceOnly"), flag_of(params, "closeOnTrigger")
    if qty == 0 and not (reduce_only and on_trigger):
        raise BybitProblem(PARAMS, "Qty invalid")
    stop_loss, take_profit = decimal_of(params, "stopLoss") or None, decimal_of(params, "takeProfit") or None
    if reduce_only and (stop_loss or take_profit):
        raise BybitProblem(PARAMS, "reduce only order can not set tp/sl")
    return OrderRequest(
        symbol=symbol,
        side=_one_of(Side, required(params, "side"), "side"),
        kind=_one_of(Kind, required(params, "orderType"), "orderType"),
        qty=qty,
        price=decimal_of(params, "price"),
        tif=_one_of(TimeInForce, text_of(params, "timeInForce") or "GTC", "timeInForce"),
        reduce_only=reduce_only or on_trigger,
        close_on_trigger=on_trigger,
        index=int_of(params, "positionIdx", 0),
        link_id=_link(text_of(params, "orderLinkId")),
        trigger=trigger,
        rises=direction == 1,
        stop_loss=stop_loss,
        take_profit=take_profit,
        key_id=call.caller.id,
    )


def _one_of(kind: type[E], value: str, name: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise BybitProblem(PARAMS, f"params error: {name} invalid") from None


def _link(link_id: str) -> str:
    if len(link_id) > 36 or not all(c.isalnum() or c in "-_" for c in link_id):
        raise BybitProblem(PARAMS, "params error: orderLinkId invalid")
    return link_id


def _ids(order: Order) -> dict[str, Any]:
    return {"orderId": order.id, "orderLinkId": order.link_id}


def create_batch(call: Call) -> Reply:
    def one(item: Params) -> dict[str, Any]:
        order = _create(call, {**item, "category": call.params.get("category")})
        return {**_ids(order), "createAt": str(call.now)}

    return _batch(call, one, {"orderId": "", "orderLinkId": "", "createAt": ""})


def cancel_batch(call: Call) -> Reply:
    def one(item: Params) -> dict[str, Any]:
        return _ids(call.world.cancel(call.me, _target(call, item), call.now))

    return _batch(call, one, {"orderId": "", "orderLinkId": ""})


def _batch(call: Call, one: Callable[[Params], dict[str, Any]], empty: dict[str, Any]) -> Reply:
    """Each order on its own: its refusal is in retExtInfo, and the envelope says OK."""
    items = call.params.get("request")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BybitProblem(PARAMS, "params error: request must be a list of orders")
    if not 1 <= len(items) <= MAX_BATCH:
        raise BybitProblem(PARAMS, f"params error: request must hold 1 to {MAX_BATCH} orders")
    category = category_of(call)
    rows, codes = [], []
    for number, item in enumerate(items):
        names = {"category": category, "symbol": text_of(item, "symbol")}
        code, text, filled = _try(one, item, number < call.allowed)
        fallback = {**empty, "orderLinkId": text_of(item, "orderLinkId")}
        rows.append({**names, **(filled or fallback)})
        codes.append({"code": code, "msg": text})
    return Reply({"list": rows}, {"list": codes})


def _try(
    one: Callable[[Params], dict[str, Any]], item: Params, allowed: bool
) -> tuple[int, str, dict[str, Any] | None]:
    if not allowed:
        return TOO_MANY, TEXTS[TOO_MANY], None
    try:
        return 0, "OK", one(item)
    except Refused as refused:
        return (*REFUSALS[refused.reason], None)
    except BybitProblem as problem:
        return problem.code, problem.text, None


def cancel(call: Call) -> Reply:
    trading_symbol(call)
    return Reply(_ids(call.world.cancel(call.me, _target(call, call.params), call.now)))


def _target(call: Call, params: Params) -> Order | None:
    order_id, link_id = text_of(params, "orderId"), text_of(params, "orderLinkId")
    if not order_id and not link_id:
        raise BybitProblem(PARAMS, "params error: orderId or orderLinkId is required")
    order = call.world.find(call.me, order_id, link_id)
    return order if order is not None and order.symbol == text_of(params, "symbol") else None


def amend(call: Call) -> Reply:
    trading_symbol(call)
    names = {"qty": "qty", "price": "price", "triggerPrice": "trigger"}
    given = {ours: decimal_of(call.params, theirs) for theirs, ours in names.items()}
    changes: dict[str, Decimal] = {name: value for name, value in given.items() if value is not None}
    return Reply(_ids(call.world.amend(call.me, _target(call, call.params), changes, call.now)))


def cancel_all(call: Call) -> Reply:
    """Without a filter conditional orders and position stops go too; at most 500 a call."""
    if category_of(call) not in CONTRACTS:
        return Reply({"list": [], "success": "1"})
    if not any(text_of(call.params, name) for name in ("symbol", "baseCoin", "settleCoin")):
        raise BybitProblem(PARAMS, "params error: symbol, baseCoin or settleCoin is required")
    orders = [o for o in call.me.open_orders.values() if _selected(call, o)]
    wanted = text_of(call.params, "stopOrderType")
    orders = [o for o in orders if wanted in ("", o.stop_kind)][:MAX_CANCEL_ALL]
    for order in orders:
        call.world.cancel(call.me, order, call.now)
    return Reply({"list": [_ids(order) for order in orders], "success": "1"})


def _selected(call: Call, order: Order) -> bool:
    """Of the call's category; without a coin linear contracts are those in USDT, inverse ones are all."""
    params = call.params
    if not concerns(call, order.symbol):
        return False
    instrument = call.world.instruments[order.symbol]
    symbol, base = text_of(params, "symbol"), text_of(params, "baseCoin")
    coin = text_of(params, "settleCoin", instrument.settle if instrument.inverse else "USDT")
    kind = text_of(params, "orderFilter")
    conditional = bool(order.stop_kind)
    if symbol:
        place = order.symbol == symbol
    elif base:
        place = instrument.base == base
    else:
        place = coin == instrument.settle
    return place and (not kind or (kind == "StopOrder") == conditional)


def realtime(call: Call) -> Reply:
    """Open orders newest first; one order by id also when it closed lately; `openOnly` 1 adds closed."""
    category = category_of(call)
    rows = _realtime(call) if category in CONTRACTS else []
    page, cursor = paged(rows, lambda o: o.seq, call.params, page_size(call.params, 20, 50))
    listed = [order_row(call.world, order) for order in page]
    return Reply({"list": listed, "nextPageCursor": cursor, "category": category})


def _realtime(call: Call) -> list[Order]:
    params, account = call.params, call.me
    order_id, link_id = text_of(params, "orderId"), text_of(params, "orderLinkId")
    if order_id or link_id:
        order = call.world.find(account, order_id, link_id)
        return [order] if order is not None and concerns(call, order.symbol) else []
    named = any(text_of(params, name) for name in ("symbol", "baseCoin", "settleCoin"))
    if not named and category_of(call) == "linear":
        raise BybitProblem(PARAMS, "params error: symbol, baseCoin or settleCoin is required")
    orders = [o for o in account.open_orders.values() if _selected(call, o)]
    if int_of(params, "openOnly", 0) == 1:
        closed = [o for o in _newest(account.orders) if not o.is_open and _selected(call, o)]
        orders += closed[:CLOSED_KEPT]
    return sorted(orders, key=lambda o: -o.seq)


def _newest(orders: dict[str, Order]) -> list[Order]:
    return list(reversed(orders.values()))


def history(call: Call) -> Reply:
    """Closed orders of the last seven days (or the given range), newest first; see `_kept`."""
    category = category_of(call)
    start, end = range_of(call.params, call.now, 7 * DAY_MS)
    orders = _newest(call.me.orders) if category in CONTRACTS else []
    rows = [o for o in orders if start <= o.updated <= end and _kept(o, call.now) and _matches(call, o)]
    page, cursor = paged(rows, lambda o: o.seq, call.params, page_size(call.params, 20, 50))
    listed = [order_row(call.world, order) for order in page]
    return Reply({"list": listed, "nextPageCursor": cursor, "category": category})


def _kept(order: Order, now: int) -> bool:
    """An order that ended without a fill is forgotten after a day."""
    return not order.is_open and (bool(order.filled) or order.updated >= now - DAY_MS)


def _matches(call: Call, order: Order) -> bool:
    wanted = {
        "orderId": order.id,
        "orderLinkId": order.link_id,
        "orderStatus": order.status.value,
    }
    exact = all(text_of(call.params, name) in ("", value) for name, value in wanted.items())
    return exact and _selected(call, order)
