"""Position settings: stops attached to a position, leverage, one-way or hedge mode."""

from __future__ import annotations

from guardian.sim.faces.bybit.account_routes import trading_symbol
from guardian.sim.faces.bybit.codes import PARAMS, BybitProblem
from guardian.sim.faces.bybit.market_routes import category_of
from guardian.sim.faces.bybit.wire import Call, Reply, decimal_of, int_of, required, text_of
from guardian.sim.world.orders import Refusal, Refused


def trading_stop(call: Call) -> Reply:
    """Full-position stop loss and take profit by mark price; "0" removes one."""
    symbol = trading_symbol(call)
    if text_of(call.params, "tpslMode", "Full") != "Full":
        raise BybitProblem(PARAMS, "tpslMode Partial is not served by this venue")
    given = {kind: decimal_of(call.params, name) for kind, name in _STOPS.items()}
    prices = {kind: price for kind, price in given.items() if price is not None}
    if not prices:
        raise Refused(Refusal.NOT_MODIFIED)
    call.world.attach_stop(call.me, symbol, int_of(call.params, "positionIdx", 0), prices, call.now)
    return Reply({})


_STOPS = {"StopLoss": "stopLoss", "TakeProfit": "takeProfit"}


def set_leverage(call: Call) -> Reply:
    symbol = trading_symbol(call)
    required(call.params, "buyLeverage")
    buy, sell = decimal_of(call.params, "buyLeverage"), decimal_of(call.params, "sellLeverage")
    if buy is None or buy != sell:
        raise BybitProblem(PARAMS, "buy leverage not equal sell leverage")
    try:
        call.world.set_leverage(call.me, symbol, buy)
    except Refused as refused:
        if refused.reason is Refusal.NOT_MODIFIED:
            raise BybitProblem(110043, "leverage not modified") from None
        raise
    return Reply({})


def switch_mode(call: Call) -> Reply:
    if category_of(call) != "linear":
        raise BybitProblem(PARAMS, "params error: Category is invalid")
    mode = int_of(call.params, "mode", -1)
    if mode not in (0, 3):
        raise BybitProblem(PARAMS, "params error: mode invalid")
    symbol, coin = text_of(call.params, "symbol"), text_of(call.params, "coin")
    if not symbol and coin != "USDT":
        raise BybitProblem(PARAMS, "params error: symbol or coin is required")
    if symbol and call.me.is_hedged(symbol) == (mode == 3):
        raise BybitProblem(110025, "Position mode is not modified")
    call.world.switch_mode(call.me, symbol or None, mode == 3)
    return Reply({})
