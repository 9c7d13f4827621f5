"""What was done on an account, whoever did it: fills, orders that are over, and their counts. Shapes only."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.frozen import dataclass
from guardian.core.model import Call


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `side` is +1 buy, -1 sell; `quantity` counts contracts, never negative.

    `fee` is a cost where positive, in `fee_currency`. `realised` is the P&L that it closed, where the venue
    tells it; `closed` how many of its contracts closed a position rather than opened one.
    """

    id: str
    at: datetime
    symbol: str
    side: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    order_id: str
    client_id: str
    closed: Decimal = Decimal(0)
    realised: Decimal | None = None
    contract_size: Decimal = Decimal(1)
    inverse: bool = False
    cause: str = "trade"
    """What made it: trade, liquidation, adl, delivery, or the venue's own word."""

    origin: str = ""
    """Who made its order, see `PastOrder`."""

    @property
    def base(self) -> str:
        return self.symbol.split("/")[0]

    @property
    def spot(self) -> bool:
        """Whether coins changed hands: a contract's name says in what it is settled, or is the venue's."""
        return "/" in self.symbol and ":" not in self.symbol

    @property
    def worth(self) -> Decimal:
        """Unsigned value in the quote currency."""
        return self.quantity * self.contract_size * (Decimal(1) if self.inverse else self.price)


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order that is over. `status`: filled, partly (cancelled with fills), cancelled, rejected, expired.

    `code` is the venue's raw reason for a rejection; `price` None for market orders, `average` without fills.
    """

    id: str
    client_id: str
    symbol: str
    side: int
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    average: Decimal | None
    status: str
    code: str
    reduce_only: bool
    created_at: datetime
    updated_at: datetime
    origin: str = ""
    """Which of the venue's own made it: attached (a stop of a position), liquidation, adl, delivery.

    Empty: somebody placed it, or the venue does not tell.
    """


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What a price was when an order of a signal ended unfilled: `mark`, of contracts of this size."""

    order_id: str
    at: datetime
    mark: Decimal
    contract_size: Decimal = Decimal(1)
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """Fills and past orders that are new since the reader's last successful question about each.

    What failed is None, and `problem` says why. Each row comes at least once; ids tell one that comes again.
    """

    account: str
    asked_at: datetime
    fills: tuple[Fill, ...] | None
    orders: tuple[PastOrder, ...] | None
    problem: str = ""
    calls: tuple[Call, ...] = ()


Minute = tuple[int, float, int, int, int, int]
"""Its ordinal, the worth opened in it, and how many fills, orders placed, orders ended and cancelled."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was done, by the minutes in which anything was: all of it since `since` (metrics/tally.py)."""

    since: datetime
    minutes: tuple[Minute, ...] = ()


@dataclass(frozen=True, slots=True)
class Streak:
    """Closes that lost in a row. `order_id` is the newest closing order, `net` what its fills made so far,
    `before` the streak without it; `told` is false once a close came of which the venue tells no P&L.
    """

    losing: int = 0
    order_id: str = ""
    net: float = 0.0
    before: int = 0
    told: bool = True
