"""M27: why the venue refused an order, in the classes that ask different things of people.

funds    the account had too little: size or leverage
filter   the venue's rules for orders: price, quantity, steps, kinds of order, how many may rest
rate     too often: pace
book     what the order itself allowed could not be done: post-only that would take, a fill that was not there
auth     the key; counted by `auth_rejects` alone
unknown  any other reason, and none

Bybit's order history gives its own words (`rejectReason`); what it refuses at the door, a lack of money above
all, becomes no order and is in no history. Codes of its answers are known too, for whoever tells those.
Source: metrics.md M27; Bybit v5 "Enums Definitions" (rejectReason) and "Error Codes".
"""

from __future__ import annotations

from guardian.core.facts.activity import PastOrder
from guardian.core.metrics.api_calls import error_class
from guardian.core.model import Call

CLASSES = ("funds", "filter", "rate", "book", "unknown")
AT_THE_DOOR = ("funds", "rate")
"""Classes of which a history without any proves nothing: the request was refused before it was an order."""

_FUNDS = ("110004", "110006", "110007", "110012", "110014", "110044", "110045", "110051", "110052", "110053")
_SPOT_FUNDS = ("170033", "170131", "EC_NoEnoughBalance")
_PRICE = ("EC_LimitOrderInvalidPrice", "EC_MarketOrderPriceIsNotZero", "EC_InvalidPriceScale")
_BOUNDS = ("EC_ReachRiskPriceLimit", "EC_ReachMarketPriceLimit", "110003", "110020", "110094")
_SIZE = ("EC_QtyCannotBeZero", "EC_EcInvalidQty", "EC_InvalidAmount", "EC_InvalidBaseValue")
_KIND = ("EC_UnknownOrderType", "EC_UnknownSide", "EC_UnknownTimeInForce", "EC_MarketOrderCannotBePostOnly")
_KIND_2 = ("EC_MarketOrderNoSupportTIF", "EC_MarketQuoteNoSuppSell", "EC_InvalidSymbolStatus")
_BOOK = ("EC_PostOnlyWillTakeLiquidity", "EC_NoImmediateQtyToFill", "EC_NoEnoughQtyToFill")
_BOOK_2 = ("EC_CancelForNoFullFill", "EC_BySelfMatch", "EC_StopBySelfMatch")

_CLASS_OF = {
    **dict.fromkeys((*_FUNDS, *_SPOT_FUNDS), "funds"),
    **dict.fromkeys((*_PRICE, *_BOUNDS, *_SIZE, *_KIND, *_KIND_2), "filter"),
    **dict.fromkeys((*_BOOK, *_BOOK_2), "book"),
}


def refused(order: PastOrder) -> str:
    """The class of a refusal, one of CLASSES or "auth"; "" for an order that was not refused."""
    if order.status != "rejected":
        return ""
    kind = error_class(Call("order", 0.0, order.code))
    return {"rate_limit": "rate", "auth": "auth"}.get(kind) or _CLASS_OF.get(order.code, "unknown")
