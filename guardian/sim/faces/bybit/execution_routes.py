"""Executions of the calling key's own account: fills, whoever made them, and funding, listed with them.

Sources: v5 docs, "Get Trade History" and the enum of execType.
"""

from __future__ import annotations

from typing import Any

from guardian.sim.faces.bybit.account_routes import DAY_MS, range_of
from guardian.sim.faces.bybit.market_routes import category_of, concerns
from guardian.sim.faces.bybit.rows import CREATED_BY, TAKEN_BY
from guardian.sim.faces.bybit.wire import Call, Reply, page_size, paged, plain, stepped, text_of
from guardian.sim.world.account import Execution, LedgerRow
from guardian.sim.world.engine import World

_ORIGINS = {"BustTrade": "liquidation", "AdlTrade": "adl", "BlockTrade": "block"}
_FUNDING = "Funding"


def execution_list(call: Call) -> Reply:
    """Newest first, at most seven days at once. An order's id goes before its client id before its symbol."""
    category, params = category_of(call), call.params
    start, end = range_of(params, call.now, 7 * DAY_MS)
    rows = [row for row in _listed(call) if start <= row.at <= end]
    wanted = text_of(params, "execType")
    rows = [row for row in rows if wanted in ("", _kind(row)) and _selected(call, row)]
    page, cursor = paged(rows, lambda row: row.seq, params, page_size(params, 50, 100))
    listed = [_row(call.world, row) for row in page]
    return Reply({"nextPageCursor": cursor, "category": category, "list": listed})


def _listed(call: Call) -> list[Execution | LedgerRow]:
    funding = [row for row in call.me.ledger if row.funding is not None]
    rows: list[Execution | LedgerRow] = [*call.me.executions, *funding]
    return sorted((row for row in rows if concerns(call, row.symbol)), key=lambda row: -row.seq)


def _kind(row: Execution | LedgerRow) -> str:
    return row.kind if isinstance(row, Execution) else _FUNDING


def _selected(call: Call, row: Execution | LedgerRow) -> bool:
    base = call.world.instruments[row.symbol].base
    for name, value in (("orderId", row.order_id), ("orderLinkId", row.link_id), ("symbol", row.symbol)):
        wanted = text_of(call.params, name)
        if wanted:
            return value == wanted
    return text_of(call.params, "baseCoin") in ("", base)


def _row(world: World, row: Execution | LedgerRow) -> dict[str, Any]:
    return _fill_row(world, row) if isinstance(row, Execution) else _funding_row(world, row)


def _fill_row(world: World, execution: Execution) -> dict[str, Any]:
    instrument = world.instruments[execution.symbol]
    taken_by = TAKEN_BY.get(_ORIGINS.get(execution.kind, ""))
    return {
        "symbol": execution.symbol,
        "orderType": execution.order_kind,
        "underlyingPrice": "",
        "orderLinkId": execution.link_id,
        "orderId": execution.order_id,
        "stopOrderType": execution.stop_kind or "UNKNOWN",
        "execTime": str(execution.at),
        "feeCurrency": "",
        "createType": taken_by or CREATED_BY.get(execution.stop_kind, "CreateByUser"),
        "feeRate": plain(execution.fee_rate),
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": stepped(execution.mark, instrument.tick),
        "execPrice": stepped(execution.price, instrument.tick),
        "markIv": "",
        "orderQty": stepped(execution.order_qty, instrument.step),
        "orderPrice": stepped(execution.order_price, instrument.tick),
        "execValue": plain(instrument.value(execution.qty, execution.price)),
        "closedSize": stepped(execution.closed, instrument.step),
        "execType": execution.kind,
        "seq": execution.seq,
        "side": execution.side.value,
        "indexPrice": "",
        "leavesQty": stepped(execution.leaves, instrument.step),
        "isMaker": execution.maker,
        "execFee": plain(execution.fee),
        "execId": execution.id,
        "marketUnit": "",
        "execQty": stepped(execution.qty, instrument.step),
        "extraFees": "",
    }


def _funding_row(world: World, row: LedgerRow) -> dict[str, Any]:
    """The fee is what the position paid, and its size stands where a fill has its quantity."""
    instrument = world.instruments[row.symbol]
    price = stepped(row.price, instrument.tick)
    return {
        "symbol": row.symbol,
        "orderType": "UNKNOWN",
        "underlyingPrice": "",
        "orderLinkId": "",
        "orderId": row.id,
        "stopOrderType": "UNKNOWN",
        "execTime": str(row.at),
        "feeCurrency": "",
        "createType": "",
        "feeRate": plain(row.fee_rate),
        "tradeIv": "",
        "blockTradeId": "",
        "markPrice": price,
        "execPrice": price,
        "markIv": "",
        "orderQty": "0",
        "orderPrice": "0",
        "execValue": plain(instrument.value(row.qty, row.price)),
        "closedSize": "0",
        "execType": _FUNDING,
        "seq": row.seq,
        "side": row.side,
        "indexPrice": "",
        "leavesQty": "0",
        "isMaker": False,
        "execFee": plain(-row.change),
        "execId": f"{row.id}_funding",
        "marketUnit": "",
        "execQty": stepped(row.qty, instrument.step),
        "extraFees": "",
    }
