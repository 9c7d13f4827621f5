"""Public market endpoints of linear contracts, and of inverse ones where the world lists any.

Spot and options list nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from guardian.sim.faces.bybit.codes import PARAMS, BybitProblem
from guardian.sim.faces.bybit.wire import (
    Call,
    Reply,
    int_of,
    page_size,
    paged,
    plain,
    required,
    stepped,
    text_of,
)
from guardian.sim.world.engine import World
from guardian.sim.world.instruments import Instrument
from guardian.sim.world.market import Market
from guardian.sim.world.orders import Refusal, Refused, Side

_INTERVALS = {"D": 1440, "W": 10080, "M": 43200}
DEEPEST = 200
"""Levels of a contract's book that one question gives at most."""

CONTRACTS = ("linear", "inverse")
_CATEGORIES = (*CONTRACTS, "spot", "option")


def category_of(call: Call) -> str:
    category = required(call.params, "category")
    if category not in _CATEGORIES:
        raise BybitProblem(PARAMS, "params error: Category is invalid")
    return category


def server_time(call: Call) -> Reply:
    nanos = call.now * 1_000_000
    return Reply({"timeSecond": str(call.now // 1000), "timeNano": str(nanos)})


def instruments_info(call: Call) -> Reply:
    category = category_of(call)
    listed = _instruments(call)
    if text_of(call.params, "status", "Trading") != "Trading":
        listed = []
    numbered = [(-number, instrument) for number, instrument in enumerate(listed)]
    page, cursor = paged(numbered, lambda row: row[0], call.params, page_size(call.params, 500, 1000))
    rows = [_instrument_row(instrument) for _, instrument in page]
    return Reply({"category": category, "list": rows, "nextPageCursor": cursor})


def _instruments(call: Call) -> list[Instrument]:
    symbol, base = text_of(call.params, "symbol"), text_of(call.params, "baseCoin")
    listed = [i for i in call.world.instruments.values() if concerns(call, i.symbol)]
    if symbol and category_of(call) in CONTRACTS:
        return [contract(call, symbol).instrument]
    return [i for i in listed if base in ("", i.base)]


def contract(call: Call, symbol: str) -> Market:
    """The market of a contract, in the category that the call names; raises Refused for any other."""
    if not concerns(call, symbol):
        raise Refused(Refusal.UNKNOWN_SYMBOL, symbol)
    return call.world.markets[symbol]


def concerns(call: Call, symbol: str) -> bool:
    """Whether the call's category lists a symbol."""
    return symbol in call.world.markets and category_of(call) == listed_in(call.world, symbol)


def listed_in(world: World, symbol: str) -> str:
    return "inverse" if world.markets[symbol].instrument.inverse else "linear"


def _instrument_row(instrument: Instrument) -> dict[str, Any]:
    tick, step = instrument.tick, instrument.step
    return {
        "symbol": instrument.symbol,
        "contractType": "InversePerpetual" if instrument.inverse else "LinearPerpetual",
        "status": "Trading",
        "baseCoin": instrument.base,
        "quoteCoin": instrument.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(max(0, -int(tick.as_tuple().exponent))),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": f"{instrument.max_leverage:.2f}",
            "leverageStep": "0.01",
        },
        "priceFilter": {
            "minPrice": plain(tick),
            "maxPrice": stepped(instrument.start_price * 20, tick),
            "tickSize": stepped(tick, tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": stepped(instrument.max_limit_qty, step),
            "minOrderQty": stepped(instrument.min_qty, step),
            "qtyStep": stepped(step, step),
            "postOnlyMaxOrderQty": stepped(instrument.max_limit_qty, step),
            "maxMktOrderQty": stepped(instrument.max_market_qty, step),
            "minNotionalValue": plain(instrument.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": instrument.settle,
        "copyTrading": "both",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {
            "priceLimitRatioX": plain(instrument.protection),
            "priceLimitRatioY": plain(instrument.band),
        },
        "symbolType": "",
    }


def tickers(call: Call) -> Reply:
    category = category_of(call)
    markets = [call.world.markets[i.symbol] for i in _instruments(call)]
    return Reply({"category": category, "list": [ticker_row(m, call.now) for m in markets]})


def ticker_row(market: Market, now: int) -> dict[str, Any]:
    instrument = market.instrument
    tick, step = instrument.tick, instrument.step
    ask, bid = market.best(Side.BUY), market.best(Side.SELL)
    eight_hours = 28_800_000
    return {
        "symbol": instrument.symbol,
        "lastPrice": stepped(market.last, tick),
        "indexPrice": stepped(market.index, tick),
        "markPrice": stepped(market.mark, tick),
        "prevPrice24h": stepped(market.day_open, tick),
        "price24hPcnt": plain((market.last / market.day_open - 1).quantize(Decimal("0.000001"))),
        "highPrice24h": stepped(market.day_high, tick),
        "lowPrice24h": stepped(market.day_low, tick),
        "prevPrice1h": stepped(market.day_open, tick),
        "openInterest": stepped(market.level_notional * 500 / market.mark, step),
        "openInterestValue": f"{market.level_notional * 500:.2f}",
        "turnover24h": f"{market.level_notional * 2000:.4f}",
        "volume24h": stepped(market.level_notional * 2000 / market.mark, step),
        "fundingRate": plain(market.funding_rate),
        "nextFundingTime": str((now // eight_hours + 1) * eight_hours),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "ask1Size": stepped(market.level_notional / ask, step),
        "bid1Price": stepped(bid, tick),
        "ask1Price": stepped(ask, tick),
        "bid1Size": stepped(market.level_notional / bid, step),
        "basis": "",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
        "fundingIntervalHour": "8",
        "basisRateYear": "",
        "fundingCap": "0.00375",
    }


def orderbook(call: Call) -> Reply:
    if category_of(call) not in CONTRACTS:
        raise BybitProblem(PARAMS, "params error: Category is invalid")
    market = contract(call, required(call.params, "symbol"))
    depth = page_size(call.params, 25, DEEPEST)
    result = {
        "s": market.instrument.symbol,
        "b": _levels(market, Side.SELL, call.now)[:depth],
        "a": _levels(market, Side.BUY, call.now)[:depth],
        "ts": call.now,
        "u": call.now,
        "seq": call.now,
        "cts": call.now,
    }
    return Reply(result)


def _levels(market: Market, side: Side, now: int) -> list[list[str]]:
    """Levels that an order of `side` would meet; on a coarse tick several share one price."""
    merged: dict[Decimal, Decimal] = {}
    for offer in market.offered(side, now):
        merged[offer.price] = merged.get(offer.price, Decimal(0)) + offer.qty
    instrument = market.instrument
    return [[stepped(p, instrument.tick), stepped(q, instrument.step)] for p, q in merged.items()]


def kline(call: Call) -> Reply:
    """Flat candles at today's prices, newest first: the shape is real, the history is not."""
    market = call.world.market(required(call.params, "symbol"))
    interval = required(call.params, "interval")
    minutes = _INTERVALS.get(interval) or int_of(call.params, "interval", 1)
    step, price = minutes * 60_000, stepped(market.mark, market.instrument.tick)
    end = min(int_of(call.params, "end", call.now), call.now) // step * step
    start = int_of(call.params, "start", 0)
    count = page_size(call.params, 200, 1000)
    opens = [end - n * step for n in range(count) if end - n * step >= start]
    rows = [[str(at), price, price, price, price, "0", "0"] for at in opens]
    return Reply({"symbol": market.instrument.symbol, "category": category_of(call), "list": rows})


def risk_limit(call: Call) -> Reply:
    rows = [_risk_row(instrument) for instrument in _instruments(call)]
    return Reply({"category": category_of(call), "list": rows, "nextPageCursor": ""})


def _risk_row(instrument: Instrument) -> dict[str, Any]:
    return {
        "id": 1,
        "symbol": instrument.symbol,
        "riskLimitValue": plain(instrument.level_notional * 100),
        "maintenanceMargin": plain(instrument.maintenance_rate),
        "initialMargin": plain((1 / instrument.max_leverage).quantize(Decimal("0.0001"))),
        "isLowestRisk": 1,
        "maxLeverage": f"{instrument.max_leverage:.2f}",
        "mmDeduction": "",
    }
