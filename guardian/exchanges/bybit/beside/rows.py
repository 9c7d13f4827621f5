"""Rows of Bybit's executions and past orders become the account's doings, or the whole answer fails.

Sources: docs/v5/order/execution, docs/v5/order/order-list, docs/v5/enum (execType, orderStatus, createType,
stopOrderType).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from guardian.core.facts.activity import Fill, PastOrder
from guardian.errors import VenueError
from guardian.exchanges.bybit.symbols import category_of, spot_symbol_of, symbol_of
from guardian.exchanges.generic.fields import (
    Row,
    flag,
    garbage,
    instant,
    number,
    optional_number,
    optional_positive,
    optional_text,
    positive,
    text,
)

Named = Callable[[str], str]
"""The field's name of a venue's id, which a spot market and a contract may share."""

_SIGNS = {"Buy": 1, "Sell": -1}
# Listed among the executions, but nothing is bought or sold: funding, and a session's P&L being settled.
_NO_FILLS = frozenset({"Funding", "Settle", "SessionSettlePnL"})
_CAUSES = {"Trade": "trade", "BustTrade": "liquidation", "AdlTrade": "adl", "Delivery": "delivery"}
_KNOWN = _CAUSES.keys() | {"BlockTrade", "MovePosition", "FutureSpread"}
# Of a contract, Cancelled says nothing about fills, and Deactivated is a conditional order that never fired.
_ENDED = frozenset({"Filled", "Cancelled", "PartiallyFilledCanceled", "Deactivated", "Rejected"})
# An option's end pays out what the ledger tells; the price that is told with it is its underlying's.
_NO_OPTION_FILLS = _NO_FILLS | {"Delivery"}
# CreateByStopOrder is somebody's own conditional order, and CreateByClosing a hand in the venue's app.
_ORIGINS = {
    f"CreateBy{kind}": "attached"
    for kind in ("TakeProfit", "PartialTakeProfit", "StopLoss", "PartialStopLoss", "TrailingStop")
} | {
    "CreateByLiq": "liquidation",
    "CreateByTakeOver_PassThrough": "liquidation",
    "CreateByAdl_PassThrough": "adl",
    "CreateBySettle": "delivery",
}
_NO_REASON = frozenset({"", "EC_NoError", "UNKNOWN"})


def parse_fill(row: Row, named: Named = symbol_of) -> Fill | None:
    """One execution; None for a row that is no fill, also one of a kind that nobody has described yet."""
    kind = text(row, "execType")
    if kind in _NO_FILLS:
        return None
    try:
        return _fill(row, _CAUSES.get(kind, kind), named)
    except VenueError:
        if kind in _KNOWN:
            raise
        return None


def parse_spot_fill(row: Row) -> Fill | None:
    return parse_fill(row, spot_symbol_of)


def parse_option_fill(row: Row) -> Fill | None:
    """Its quantity counts units of its underlying, its price is the premium of one, in what it settles in."""
    return None if text(row, "execType") in _NO_OPTION_FILLS else parse_fill(row)


def _fill(row: Row, cause: str, named: Named) -> Fill:
    symbol = named(text(row, "symbol"))
    return Fill(
        id=text(row, "execId"),
        at=instant(row, "execTime"),
        symbol=symbol,
        side=_side(row),
        quantity=positive(row, "execQty"),
        price=positive(row, "execPrice"),
        fee=optional_number(row, "execFee") or Decimal(0),
        fee_currency=optional_text(row, "feeCurrency") or symbol.partition(":")[2].partition("-")[0],
        order_id=optional_text(row, "orderId"),
        client_id=optional_text(row, "orderLinkId"),
        closed=optional_number(row, "closedSize") or Decimal(0),
        realised=optional_number(row, "execPnl"),
        inverse=category_of(symbol) == "inverse",
        cause=cause,
        origin=_origin(row),
    )


def parse_spot_order(row: Row) -> PastOrder | None:
    """The quantity of a purchase at market may be told in the quote currency: what was filled counts."""
    order = parse_past_order(row, spot_symbol_of)
    return order if order is None or order.price is not None else replace(order, quantity=order.filled)


def parse_past_order(row: Row, named: Named = symbol_of) -> PastOrder | None:
    """One order that is over; None for one that is still open."""
    ended = text(row, "orderStatus")
    if ended not in _ENDED:
        return None
    filled, quantity = number(row, "cumExecQty"), number(row, "qty")
    if filled < 0 or quantity < 0:
        raise garbage("an order's quantity is below zero")
    reason = optional_text(row, "rejectReason")
    return PastOrder(
        id=text(row, "orderId"),
        client_id=optional_text(row, "orderLinkId"),
        symbol=named(text(row, "symbol")),
        side=_side(row),
        quantity=quantity,
        filled=filled,
        price=None if optional_text(row, "orderType") == "Market" else optional_positive(row, "price"),
        average=optional_positive(row, "avgPrice"),
        status=_status(ended, filled),
        code="" if reason in _NO_REASON else reason,
        reduce_only=flag(row, "reduceOnly") or row.get("closeOnTrigger") is True,
        created_at=instant(row, "createdTime"),
        updated_at=instant(row, "updatedTime"),
        origin=_origin(row),
    )


def _origin(row: Row) -> str:
    """By what the venue says made the order; where it says nothing, by the kind of stop that it is."""
    made = optional_text(row, "createType") or f"CreateBy{optional_text(row, 'stopOrderType')}"
    return _ORIGINS.get(made, "")


def _status(ended: str, filled: Decimal) -> str:
    if ended in ("Filled", "Rejected"):
        return ended.lower()
    return "partly" if filled else "cancelled"


def _side(row: Row) -> int:
    side = _SIGNS.get(text(row, "side"))
    if side is None:
        raise garbage("neither a buy nor a sell")
    return side
