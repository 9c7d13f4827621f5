"""What is asked of the world (OrderRequest), what it remembers (Order) and why it says no (Refused).

Nothing here knows a venue's wire: a face translates its own field names and codes to and from these.
Quantities and prices are Decimal, instants are integer milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Side(StrEnum):
    BUY = "Buy"
    SELL = "Sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class Kind(StrEnum):
    MARKET = "Market"
    LIMIT = "Limit"


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PostOnly"


class Status(StrEnum):
    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    UNTRIGGERED = "Untriggered"
    FILLED = "Filled"
    CANCELLED = "Cancelled"


OPEN = frozenset({Status.NEW, Status.PARTIALLY_FILLED, Status.UNTRIGGERED})


class Refusal(StrEnum):
    """Why the world does not do what it was asked; each face maps these to its venue's codes."""

    UNKNOWN_SYMBOL = "unknown symbol"
    NO_SUCH_ORDER = "no such open order"
    NOTHING_TO_REDUCE = "nothing to reduce"
    DUPLICATE_LINK = "duplicate client order id"
    NO_FUNDS = "not enough available balance"
    QTY_TOO_LARGE = "quantity above the maximum"
    QTY_TOO_SMALL = "quantity below the minimum"
    QTY_STEP = "quantity is not a multiple of the step"
    NOTIONAL = "order value below the minimum"
    PRICE_MISSING = "price missing"
    PRICE_TICK = "price is not a multiple of the tick"
    PRICE_BAND = "price outside the permitted band"
    INDEX_MISMATCH = "position index does not match the position mode"
    TRIGGER_MUST_RISE = "trigger is not above the current price"
    TRIGGER_MUST_FALL = "trigger is not below the current price"
    TOO_MANY_ORDERS = "too many open orders"
    TOO_MANY_STOPS = "too many conditional orders"
    NOT_MODIFIED = "nothing changes"
    LEVERAGE = "leverage out of range"
    NO_POSITION = "no position"
    STOP_WRONG_SIDE = "stop price is on the wrong side of the market"
    HAS_POSITION = "a position is open"
    HAS_ORDERS = "orders are open"
    NOT_YOURS = "not permitted on that account"
    UNKNOWN_COIN = "unknown coin"


class Refused(Exception):
    """The world refused a request; nothing changed. `reason` is for machines, `detail` for people."""

    def __init__(self, reason: Refusal, detail: str = "") -> None:
        super().__init__(detail or reason.value)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as asked for. `qty` 0 with both flags set closes the whole leg.

    `trigger` makes it conditional on the mark price; `rises` says from which side it is reached.
    `index` is the leg: 0 one-way, 1 long, 2 short. `key_id` is the public id of the key that signed.
    """

    symbol: str
    side: Side
    kind: Kind
    qty: Decimal
    price: Decimal | None = None
    tif: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    close_on_trigger: bool = False
    index: int = 0
    link_id: str = ""
    trigger: Decimal | None = None
    rises: bool = False
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    key_id: str = ""


@dataclass(slots=True, kw_only=True)
class Order:
    """An order's whole life. `seq` grows with every order of the world.

    `filled_value` and `fee` are in the settle coin.

    `stop_kind` is "" for plain orders, "Stop" for conditional ones, "StopLoss" or "TakeProfit" for
    those attached to a position. `started_sign` and `flipped` record whether it crossed zero.
    """

    id: str
    seq: int
    symbol: str
    side: Side
    kind: Kind
    qty: Decimal
    price: Decimal | None
    tif: TimeInForce
    reduce_only: bool
    close_on_trigger: bool
    index: int
    link_id: str
    trigger: Decimal | None
    rises: bool
    key_id: str
    created: int
    updated: int
    last_on_created: Decimal
    status: Status = Status.NEW
    stop_kind: str = ""
    origin: str = "user"
    cancel: str = ""
    reject: str = ""
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO
    fee: Decimal = ZERO
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    started_sign: int | None = None
    flipped: bool = False
    inverse: bool = False

    @property
    def leaves(self) -> Decimal:
        return self.qty - self.filled if self.status in OPEN else ZERO

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_conditional(self) -> bool:
        return self.status is Status.UNTRIGGERED

    @property
    def average(self) -> Decimal | None:
        """The mean price of what it filled; for an inverse contract coins are dollars over price."""
        if not self.filled:
            return None
        return self.filled / self.filled_value if self.inverse else self.filled_value / self.filled
