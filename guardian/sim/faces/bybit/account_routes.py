"""Wallet, positions, executions and the transaction log of the calling key's own account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from guardian.sim.faces.bybit.codes import PARAMS, BybitProblem
from guardian.sim.faces.bybit.market_routes import category_of, is_linear
from guardian.sim.faces.bybit.rows import execution_row, ledger_row, position_row, wallet_row
from guardian.sim.faces.bybit.wire import (
    Call,
    Params,
    Reply,
    int_of,
    page_size,
    paged,
    required,
    text_of,
)
from guardian.sim.world.account import Leg
from guardian.sim.world.orders import Refusal, Refused

DAY_MS = 86_400_000


class _Dated(Protocol):
    @property
    def at(self) -> int: ...


D = TypeVar("D", bound=_Dated)


def wallet_balance(call: Call) -> Reply:
    if required(call.params, "accountType") != "UNIFIED":
        raise BybitProblem(PARAMS, "accountType only support UNIFIED.")
    row = wallet_row(call.world, call.me)
    wanted = text_of(call.params, "coin")
    if wanted:
        row["coin"] = [coin for coin in row["coin"] if coin["coin"] in wanted.split(",")]
    return Reply({"list": [row]})


def account_info(call: Call) -> Reply:
    result = {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": "1697078946000",
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }
    return Reply(result)


def position_list(call: Call) -> Reply:
    """By symbol: its rows even when empty. By settleCoin: open positions only."""
    category = category_of(call)
    symbol, coin = text_of(call.params, "symbol"), text_of(call.params, "settleCoin")
    if category == "linear" and not symbol and not coin:
        raise BybitProblem(PARAMS, "params error: symbol or settleCoin is required")
    legs = _legs(call, symbol, coin) if category == "linear" else []
    page, cursor = paged(legs, lambda row: row[0], call.params, page_size(call.params, 20, 200))
    margin = call.world.margin(call.me)
    rows = [position_row(call.world, call.me, leg, margin) for _, leg in page]
    return Reply({"list": rows, "nextPageCursor": cursor, "category": category})


def _legs(call: Call, symbol: str, coin: str) -> list[tuple[int, Leg]]:
    """Legs with a falling number that is theirs as long as the account lives, for the cursor."""
    if symbol:
        call.world.market(symbol)
        indexes = (1, 2) if call.me.is_hedged(symbol) else (0,)
        return [(-n, call.me.leg(symbol, index)) for n, index in enumerate(indexes)]
    if coin != "USDT":
        return []
    listed = enumerate(call.me.legs.values())
    return [(-n, leg) for n, leg in listed if leg.size and is_linear(call.world, leg.symbol)]


def execution_list(call: Call) -> Reply:
    category = category_of(call)
    account, params = call.me, call.params
    start, end = _range(params, call.now, 7 * DAY_MS)
    rows = [e for e in reversed(account.executions) if start <= e.at <= end] if category == "linear" else []
    for name, field in (("symbol", "symbol"), ("orderId", "order_id"), ("orderLinkId", "link_id")):
        wanted = text_of(params, name)
        if wanted:
            rows = [e for e in rows if getattr(e, field) == wanted]
    page, cursor = paged(rows, lambda e: e.seq, params, page_size(params, 50, 100))
    listed = [execution_row(call.world, execution) for execution in page]
    return Reply({"nextPageCursor": cursor, "category": category, "list": listed})


def transaction_log(call: Call) -> Reply:
    params = call.params
    start, end = _range(params, call.now, DAY_MS)
    if end - start > 7 * DAY_MS:
        raise BybitProblem(PARAMS, "params error: endTime - startTime should be less than or equal to 7 days")
    rows = _between(call.me.ledger, start, end)
    if text_of(params, "type"):
        rows = [row for row in rows if row.type == params["type"]]
    if text_of(params, "category"):
        rows = [row for row in rows if row.symbol and params["category"] == "linear"]
    if text_of(params, "currency"):
        rows = [row for row in rows if row.currency == params["currency"]]
    page, cursor = paged(rows, lambda row: row.seq, params, page_size(params, 20, 50))
    return Reply({"nextPageCursor": cursor, "list": [ledger_row(row) for row in page]})


def _between(rows: Sequence[D], start: int, end: int) -> list[D]:
    """Newest first; stops at the first row that is too old, so a long history costs nothing."""
    found = []
    for row in reversed(rows):
        if row.at < start:
            break
        if row.at <= end:
            found.append(row)
    return found


def _range(params: Params, now: int, span: int) -> tuple[int, int]:
    start, end = int_of(params, "startTime", -1), int_of(params, "endTime", -1)
    if start < 0 and end < 0:
        return now - span, now
    if start < 0:
        return end - span, end
    if end < 0:
        return start, start + span
    if end < start:
        raise BybitProblem(PARAMS, "params error: startTime is after endTime")
    return start, end


def trading_symbol(call: Call) -> str:
    """The symbol of a private call in the linear category, or a refusal."""
    if category_of(call) != "linear":
        raise BybitProblem(PARAMS, "params error: Category is invalid")
    symbol = required(call.params, "symbol")
    if symbol not in call.world.markets or not is_linear(call.world, symbol):
        raise Refused(Refusal.UNKNOWN_SYMBOL, symbol)
    return symbol
