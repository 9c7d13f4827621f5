"""Wallet, positions and the transaction log of the calling key's own account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from guardian.sim.faces.bybit.codes import PARAMS, BybitProblem
from guardian.sim.faces.bybit.market_routes import CONTRACTS, category_of, concerns, contract, listed_in
from guardian.sim.faces.bybit.rows import ledger_row, position_row, wallet_row
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
from guardian.sim.world.account import LedgerRow, Leg

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


def coin_info(call: Call) -> Reply:
    """What ccxt asks for first of all when it has keys. No coin can be deposited or withdrawn here."""
    instruments = call.world.instruments.values()
    wanted = text_of(call.params, "coin")
    coins = sorted({coin for each in instruments for coin in (each.base, each.quote)})
    rows = [
        {"name": coin, "coin": coin, "remainAmount": "0", "chains": []}
        for coin in coins
        if wanted in ("", coin)
    ]
    return Reply({"rows": rows})


def position_list(call: Call) -> Reply:
    """By symbol: its rows even when empty. By settleCoin, or without either: open positions only."""
    category = category_of(call)
    symbol, coin = text_of(call.params, "symbol"), text_of(call.params, "settleCoin")
    if category == "linear" and not symbol and not coin:
        raise BybitProblem(PARAMS, "params error: symbol or settleCoin is required")
    legs = _legs(call, symbol, coin) if category in CONTRACTS else []
    page, cursor = paged(legs, lambda row: row[0], call.params, page_size(call.params, 20, 200))
    margin = call.world.margin(call.me)
    rows = [position_row(call.world, call.me, leg, margin) for _, leg in page]
    return Reply({"list": rows, "nextPageCursor": cursor, "category": category})


def _legs(call: Call, symbol: str, coin: str) -> list[tuple[int, Leg]]:
    """Legs with a falling number that is theirs as long as the account lives, for the cursor."""
    if symbol:
        contract(call, symbol)
        indexes = (1, 2) if call.me.is_hedged(symbol) else (0,)
        return [(-n, call.me.leg(symbol, index)) for n, index in enumerate(indexes)]
    listed = [(-n, leg) for n, leg in enumerate(call.me.legs.values()) if leg.size]
    settles = {leg.symbol: call.world.instruments[leg.symbol].settle for _, leg in listed}
    return [row for row in listed if concerns(call, row[1].symbol) and coin in ("", settles[row[1].symbol])]


def transaction_log(call: Call) -> Reply:
    params = call.params
    start, end = range_of(params, call.now, DAY_MS)
    rows = _between(call.me.ledger, start, end)
    if text_of(params, "type"):
        rows = [row for row in rows if row.type == params["type"]]
    if text_of(params, "category"):
        rows = [row for row in rows if row.symbol and concerns(call, row.symbol)]
    if text_of(params, "currency"):
        rows = [row for row in rows if row.currency == params["currency"]]
    page, cursor = paged(rows, lambda row: row.seq, params, page_size(params, 20, 50))
    return Reply({"nextPageCursor": cursor, "list": [ledger_row(row, _category(call, row)) for row in page]})


def _category(call: Call, row: LedgerRow) -> str:
    return listed_in(call.world, row.symbol) if row.symbol else ""


def _between(rows: Sequence[D], start: int, end: int) -> list[D]:
    """Newest first; stops at the first row that is too old, so a long history costs nothing."""
    found = []
    for row in reversed(rows):
        if row.at < start:
            break
        if row.at <= end:
            found.append(row)
    return found


def range_of(params: Params, now: int, span: int) -> tuple[int, int]:
    """What a list is asked for: one end alone gives `span`, none the newest `span`, both at most a week."""
    start, end = int_of(params, "startTime", -1), int_of(params, "endTime", -1)
    if start < 0 and end < 0:
        return now - span, now
    if start < 0:
        return end - span, end
    if end < 0:
        return start, start + span
    if end < start:
        raise BybitProblem(PARAMS, "params error: startTime is after endTime")
    if end - start > 7 * DAY_MS:
        raise BybitProblem(PARAMS, "params error: endTime - startTime should be less than or equal to 7 days")
    return start, end


def trading_symbol(call: Call) -> str:
    """The symbol of a private call about a contract, or a refusal."""
    if category_of(call) not in CONTRACTS:
        raise BybitProblem(PARAMS, "params error: Category is invalid")
    symbol = required(call.params, "symbol")
    contract(call, symbol)
    return symbol
