"""Bybit's return codes and the texts that go with them. Source: v5 docs, "Error Codes" (2026-07)."""

from __future__ import annotations

from guardian.sim.world.orders import Refusal

OK = 0
PARAMS = 10001
TIME_WINDOW = 10002
KEY_INVALID = 10003
BAD_SIGN = 10004
DENIED = 10005
TOO_MANY = 10006
NO_AUTH = 10007
BANNED = 10008
IP_MISMATCH = 10010
NO_ROUTE = 10017
KEY_EXPIRED = 33004
NOT_MODIFIED = 34040

TEXTS = {
    TIME_WINDOW: "The request time exceeds the time window range.",
    KEY_INVALID: "API key is invalid.",
    BAD_SIGN: "Error sign, please check your signature generation algorithm.",
    DENIED: "Permission denied, please check your API key permissions.",
    TOO_MANY: "Too many visits. Exceeded the API Rate Limit.",
    NO_AUTH: "User authentication failed.",
    BANNED: "Common banned, please check your account mode",
    IP_MISMATCH: "Unmatched IP, please check your API key's bound IP addresses.",
    NO_ROUTE: "Route not found.",
    KEY_EXPIRED: "Your api key has expired.",
    NOT_MODIFIED: "not modified",
    10000: "Server Timeout",
    10009: "Service Restricted: Access is currently unavailable for your region.",
    10016: "System error. Please try again later.",
    10024: "Compliance rules triggered",
    10027: "Transactions are banned.",
    110007: "ab not enough for new order",
    110017: "orderQty will be truncated to zero",
}

REFUSALS = {
    Refusal.UNKNOWN_SYMBOL: (PARAMS, "params error: symbol invalid"),
    Refusal.NO_SUCH_ORDER: (110001, "order not exists or too late to cancel"),
    Refusal.NOTHING_TO_REDUCE: (110017, "current position is zero, cannot fix reduce-only order qty"),
    Refusal.DUPLICATE_LINK: (110072, "OrderLinkedID is duplicate"),
    Refusal.NO_FUNDS: (110007, "ab not enough for new order"),
    Refusal.QTY_TOO_LARGE: (PARAMS, "The number of contracts exceeds maximum limit allowed: too large"),
    Refusal.QTY_TOO_SMALL: (PARAMS, "The number of contracts exceeds minimum limit allowed"),
    Refusal.QTY_STEP: (PARAMS, "Qty invalid"),
    Refusal.NOTIONAL: (110094, "Order does not meet minimum order value 5USDT"),
    Refusal.PRICE_MISSING: (PARAMS, "params error: price invalid"),
    Refusal.PRICE_TICK: (PARAMS, "params error: price tick invalid"),
    Refusal.PRICE_BAND: (110003, "Order price exceeds the allowable range."),
    Refusal.INDEX_MISMATCH: (PARAMS, "position idx not match position mode"),
    Refusal.TRIGGER_MUST_RISE: (110092, "expect Rising, but trigger_price[X] <= current[X]"),
    Refusal.TRIGGER_MUST_FALL: (110093, "expect Falling, but trigger_price[X] >= current[X]"),
    Refusal.TOO_MANY_ORDERS: (110020, "Not allowed to have more than 500 active orders."),
    Refusal.TOO_MANY_STOPS: (110009, "The number of stop orders exceeds the maximum allowable limit"),
    Refusal.NOT_MODIFIED: (NOT_MODIFIED, "not modified"),
    Refusal.LEVERAGE: (PARAMS, "leverage invalid"),
    Refusal.NO_POSITION: (PARAMS, "can not set tp/sl/ts for zero position"),
    Refusal.STOP_WRONG_SIDE: (PARAMS, "StopLoss or TakeProfit set for the position is on the wrong side"),
    Refusal.HAS_POSITION: (110024, "You have an existing position, so the position mode cannot be switched."),
    Refusal.HAS_ORDERS: (110028, "You have existing open orders, so the position mode cannot be switched."),
    Refusal.UNKNOWN_COIN: (PARAMS, "params error: coin invalid"),
    Refusal.NOT_YOURS: (DENIED, TEXTS[DENIED]),
}


class BybitProblem(Exception):
    """An answer with a return code that is not 0; nothing happened in the world."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS.get(code, "")
