"""The rows of Bybit's lists: orders, positions, ledger, wallet. Field order as in the docs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from guardian.sim.faces.bybit.wire import money, plain, stepped
from guardian.sim.world.account import Account, LedgerRow, Leg
from guardian.sim.world.engine import World
from guardian.sim.world.margin import (
    Margin,
    coin_margins,
    coin_price,
    leg_initial,
    leg_maintenance,
    liquidation_price,
    open_pnl,
)
from guardian.sim.world.moves import attached
from guardian.sim.world.orders import ZERO, Order

CREATED_BY = {
    "Stop": "CreateByStopOrder",
    "StopLoss": "CreateByStopLoss",
    "TakeProfit": "CreateByTakeProfit",
}
TAKEN_BY = {"liquidation": "CreateByLiq", "adl": "CreateByAdl_PassThrough", "block": "CreateByBlock"}


def order_row(world: World, order: Order) -> dict[str, Any]:
    instrument = world.instruments[order.symbol]
    price = order.price or ZERO
    average = order.average
    created_by = TAKEN_BY.get(order.origin) or CREATED_BY.get(order.stop_kind)
    return {
        "symbol": order.symbol,
        "orderType": order.kind.value,
        "orderLinkId": order.link_id,
        "slLimitPrice": "0",
        "orderId": order.id,
        "cancelType": order.cancel or "UNKNOWN",
        "avgPrice": plain(average) if average is not None else "",
        "stopOrderType": order.stop_kind,
        "lastPriceOnCreated": plain(order.last_on_created),
        "orderStatus": order.status.value,
        "createType": created_by or "CreateByUser",
        "takeProfit": plain(order.take_profit) if order.take_profit else "",
        "cumExecValue": plain(order.filled_value),
        "tpslMode": "Full" if order.stop_kind in ("StopLoss", "TakeProfit") else "",
        "smpType": "None",
        "triggerDirection": (1 if order.rises else 2) if order.trigger is not None else 0,
        "blockTradeId": "",
        "isLeverage": "",
        "rejectReason": order.reject or "EC_NoError",
        "price": stepped(price, instrument.tick) if price else "0",
        "orderIv": "",
        "createdTime": str(order.created),
        "tpTriggerBy": "",
        "positionIdx": order.index,
        "timeInForce": order.tif.value,
        "leavesValue": plain(instrument.value(order.leaves, price)) if price else "0",
        "updatedTime": str(order.updated),
        "side": order.side.value,
        "smpGroup": 0,
        "triggerPrice": stepped(order.trigger, instrument.tick) if order.trigger is not None else "",
        "tpLimitPrice": "0",
        "cumExecFee": plain(order.fee),
        "leavesQty": stepped(order.leaves, instrument.step),
        "slTriggerBy": "",
        "closeOnTrigger": order.close_on_trigger,
        "placeType": "",
        "cumExecQty": stepped(order.filled, instrument.step),
        "reduceOnly": order.reduce_only,
        "qty": stepped(order.qty, instrument.step),
        "stopLoss": plain(order.stop_loss) if order.stop_loss else "",
        "marketUnit": "",
        "smpOrderId": "",
        "triggerBy": "MarkPrice" if order.trigger is not None else "",
        "cumFeeDetail": {instrument.settle: plain(order.fee)} if order.fee else {},
    }


def position_row(world: World, account: Account, leg: Leg, margin: Margin) -> dict[str, Any]:
    market = world.markets[leg.symbol]
    instrument = market.instrument
    stops = attached(account, leg)
    initial = money(leg_initial(account, leg, world.markets)) if leg.size else ""
    maintenance = money(leg_maintenance(leg, world.markets)) if leg.size else ""
    prices = {kind: stepped(order.trigger or ZERO, instrument.tick) for kind, order in stops.items()}
    return {
        "symbol": leg.symbol,
        "leverage": plain(account.leverage_of(leg.symbol)),
        "autoAddMargin": 0,
        "avgPrice": plain(leg.entry.quantize(Decimal("0.00000001"))) if leg.size else "0",
        "liqPrice": _liquidation_price(world, leg, margin),
        "riskLimitValue": "",
        "takeProfit": prices.get("TakeProfit", ""),
        "positionValue": money(instrument.value(abs(leg.size), leg.entry)) if leg.size else "",
        "isReduceOnly": False,
        "positionIMByMp": initial,
        "tpslMode": "Full",
        "riskId": 0,
        "trailingStop": "0",
        "liqPriceByMp": "",
        "unrealisedPnl": money(open_pnl(leg, world.markets)) if leg.size else "",
        "markPrice": stepped(market.mark, instrument.tick),
        "adlRankIndicator": 2 if leg.size else 0,
        "cumRealisedPnl": money(leg.realised_ever),
        "positionMM": maintenance,
        "createdTime": str(leg.created),
        "positionIdx": leg.index,
        "positionIM": initial,
        "positionMMByMp": maintenance,
        "seq": account.executions[-1].seq if account.executions else -1,
        "updatedTime": str(leg.updated),
        "side": "Buy" if leg.size > 0 else "Sell" if leg.size < 0 else "",
        "bustPrice": "",
        "positionBalance": "0",
        "leverageSysUpdatedTime": "",
        "curRealisedPnl": money(leg.realised),
        "size": stepped(abs(leg.size), instrument.step) if leg.size else "0",
        "positionStatus": "Normal",
        "mmrSysUpdatedTime": "",
        "stopLoss": prices.get("StopLoss", ""),
        "tradeMode": 0,
        "sessionAvgPrice": "",
        "breakEvenPrice": plain(leg.entry.quantize(Decimal("0.00000001"))) if leg.size else "",
        "openTime": leg.created,
    }


def _liquidation_price(world: World, leg: Leg, margin: Margin) -> str:
    """An estimate: the mark at which this leg alone would bring equity to maintenance margin."""
    if not leg.size:
        return ""
    price = liquidation_price(leg, margin, world.markets)
    return stepped(price, world.markets[leg.symbol].instrument.tick) if price is not None else ""


def ledger_row(row: LedgerRow, category: str) -> dict[str, Any]:
    """`category` is its contract's, "" of what is about none."""
    traded = bool(row.symbol)
    return {
        "transSubType": "",
        "id": row.id,
        "symbol": row.symbol,
        "side": row.side,
        "funding": plain(row.funding) if row.funding is not None else "",
        "orderLinkId": row.link_id,
        "orderId": row.order_id,
        "fee": plain(row.fee) if traded else "",
        "change": plain(row.change),
        "cashFlow": plain(row.cash_flow),
        "transactionTime": str(row.at),
        "type": row.type,
        "feeRate": plain(row.fee_rate) if traded else "",
        "bonusChange": "",
        "size": plain(row.size) if traded else "",
        "qty": plain(row.qty if traded else row.change),
        "cashBalance": plain(row.cash),
        "currency": row.currency,
        "category": category,
        "tradePrice": plain(row.price) if traded else "",
        "tradeId": row.trade_id,
        "extraFees": "",
    }


def wallet_row(world: World, account: Account) -> dict[str, Any]:
    """The unified wallet; one USDT is one USD here, and each further coin has its price's market."""
    margin, coins = world.margin(account), coin_margins(account, world.markets)
    equity, initial = margin.equity, margin.position_im + margin.order_im
    rates = (_rate(initial, equity), _rate(margin.maintenance, equity))
    return {
        "totalEquity": money(equity),
        "accountIMRate": rates[0],
        "accountIMRateByMp": rates[0],
        "totalMarginBalance": money(equity),
        "totalInitialMargin": money(initial),
        "totalInitialMarginByMp": money(initial),
        "accountType": "UNIFIED",
        "totalAvailableBalance": money(margin.available),
        "accountMMRate": rates[1],
        "accountMMRateByMp": rates[1],
        "totalPerpUPL": money(margin.open_pnl),
        "totalWalletBalance": money(margin.cash),
        "accountLTV": "0",
        "totalMaintenanceMargin": money(margin.maintenance),
        "totalMaintenanceMarginByMp": money(margin.maintenance),
        "coin": [
            _coin(account, coin, own, coin_price(coin, world.markets))
            for coin, own in coins.items()
            if own.cash or own.open_pnl
        ],
    }


def _rate(part: Decimal, whole: Decimal) -> str:
    return plain((part / whole).quantize(Decimal("0.0001"))) if whole > 0 else "0"


def _coin(account: Account, coin: str, margin: Margin, price: Decimal) -> dict[str, Any]:
    return {
        "availableToBorrow": "",
        "bonus": "0",
        "accruedInterest": "0",
        "availableToWithdraw": "",
        "totalOrderIM": money(margin.order_im),
        "equity": money(margin.equity),
        "totalPositionMM": money(margin.maintenance),
        "usdValue": money(margin.equity * price),
        "spotHedgingQty": "0",
        "unrealisedPnl": money(margin.open_pnl),
        "collateralSwitch": True,
        "borrowAmount": "0",
        "totalPositionIM": money(margin.position_im),
        "walletBalance": money(margin.cash),
        "cumRealisedPnl": money(account.realised.get(coin, ZERO)),
        "locked": "0",
        "marginCollateral": True,
        "coin": coin,
        "spotBorrow": "0",
    }
