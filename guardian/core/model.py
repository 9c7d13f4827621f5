"""The nouns: what is seen (snapshot), what is asked (rule), what is concluded (verdict, level).

Laws of this file: everything is frozen; money is Decimal; instants are aware UTC; fractions are 0.05.
Not knowing is a value: there is no None that means "fine" and no zero that means "missing".
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Literal

from guardian.core.facts.pulse import Pulse
from guardian.core.frozen import dataclass


class Level(IntEnum):
    """Goals in order of severity; each contains those above it and the worst demand wins."""

    NORMAL = 0
    CAUTION = 1
    HALT = 2
    REDUCE = 3
    FLATTEN = 4
    LOCKOUT = 5


NORMAL, CAUTION, HALT, REDUCE, FLATTEN, LOCKOUT = Level
"""What the core calls them by: it asks for them at every look, and members of an enum are slow to find."""


@dataclass(frozen=True, slots=True)
class Known:
    """A value that the evidence determines."""

    value: float


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A bound that is proven although part of the evidence is missing: it may fire, never clear.

    `filling` is true when all that is missing is history: the window is not full yet. `unseen` is true when
    all that is missing is a time within the window that nobody watched.
    """

    value: float
    why: str
    filling: bool = False
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """No evidence. `warming` is true until a first baseline exists."""

    why: str
    warming: bool = False


Measured = Known | AtLeast | Unknown


class Verdict(StrEnum):
    CLEAR = "clear"
    PENDING = "pending"
    BREACHED = "breached"
    UNKNOWN = "unknown"
    WARMING = "warming"


class Part(StrEnum):
    """The parts of an account that a reader asks for; each may fail on its own."""

    WALLET = "wallet"
    POSITIONS = "positions"
    ORDERS = "orders"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency of the wallet: `quantity` without open P&L, `price` in the reporting currency."""

    currency: str
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Wallet:
    """Account totals in the reporting currency. `equity` includes open P&L at mark.

    `position_margin` is the venue's own second opinion about "are there positions". `isolated`: each position
    is margined, and taken over, alone; the margins here are then sums that say nothing of any one of them.
    """

    equity: Decimal
    balances: tuple[Balance, ...]
    margin_balance: Decimal
    maintenance_margin: Decimal
    initial_margin: Decimal
    position_margin: Decimal
    isolated: bool = False

    @property
    def cash(self) -> dict[str, Decimal]:
        """The quantity by currency."""
        return {balance.currency: balance.quantity for balance in self.balances}


@dataclass(frozen=True, slots=True)
class Position:
    """One leg. `quantity` is signed (+long, -short), in contracts of `contract_size` base units.

    An `inverse` contract is margined in its base coin: `contract_size` counts units of the quote currency;
    notional and P&L are coins, which metrics turn into the reporting currency by the price of `settle`.
    `index` is the venue's leg (0 one-way, 1 long, 2 short). `step`, `maximum` are the venue's lot step
    and largest market order; `stop_loss` is the trigger attached to the position, `liquidation` the price at
    which the venue takes it over; None where the venue gives none. `maintenance` is the margin that the venue
    demands for it, in the settle currency; None where it does not say, or not at which price it takes over.
    """

    symbol: str
    index: int
    quantity: Decimal
    entry: Decimal
    mark: Decimal
    contract_size: Decimal
    step: Decimal
    minimum: Decimal
    maximum: Decimal
    settle: str
    stop_loss: Decimal | None = None
    liquidation: Decimal | None = None
    inverse: bool = False
    maintenance: Decimal | None = None

    @property
    def leg(self) -> str:
        return f"{self.symbol}#{self.index}"

    @property
    def base(self) -> str:
        """The asset that moves this position: "BTC" of "BTC/USDT:USDT"."""
        return self.symbol.split("/")[0]

    @property
    def notional(self) -> Decimal:
        """Signed value at mark in the settle currency."""
        return self.worth / self.mark if self.inverse else self.worth

    @property
    def unit(self) -> Decimal:
        """What one contract is worth at mark in the quote currency; of an inverse one always the same."""
        return self.contract_size if self.inverse else self.contract_size * self.mark

    @property
    def worth(self) -> Decimal:
        """Signed value at mark in the quote currency, in which legs of any kind compare."""
        return self.quantity * self.unit

    @property
    def open_pnl(self) -> Decimal:
        """In the settle currency."""
        return self.gain(self.quantity, self.entry, self.mark)

    def gain(self, quantity: Decimal, start: Decimal, end: Decimal) -> Decimal:
        """What a signed quantity gains between two prices above zero, in the settle currency."""
        size = quantity * self.contract_size
        return size / start - size / end if self.inverse else size * (end - start)


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A resting or conditional order. `side` is +1 buy, -1 sell; `trigger` is None for plain orders.

    `remaining` counts contracts of `contract_size` base units (inverse: units of the quote currency).
    """

    id: str
    client_id: str
    symbol: str
    index: int
    side: int
    remaining: Decimal
    price: Decimal | None
    trigger: Decimal | None
    reduce_only: bool
    created_at: datetime
    contract_size: Decimal = Decimal(1)

    @property
    def base(self) -> str:
        return self.symbol.split("/")[0]

    @property
    def settle(self) -> str:
        """What follows the colon of "BTC/USD:BTC-260327", without a date; of a spot market its quote."""
        return self.symbol.partition("/")[2].rpartition(":")[2].partition("-")[0]

    def notional(self, price: Decimal) -> Decimal:
        """Unsigned value at a price, in the settle currency; settled in its base, a contract is inverse."""
        size = self.remaining * self.contract_size
        return size / price if self.settle == self.base else size * price


class LedgerKind(StrEnum):
    """`FLOW` is money crossing the account's border; everything else is performance."""

    TRADE = "trade"
    FUNDING = "funding"
    FEE = "fee"
    FLOW = "flow"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row of the venue's ledger; `change` is the cash change in `currency`, fees included.

    Of a fill: `client_id` is the order's, as far as the venue tells it, and `quantity` what was filled.
    `unknown_type` is the venue's own word for the row where its adapter does not know it, `order_id` the
    order of what somebody's order traded; empty of what the venue did by itself, and where it is not told.
    """

    id: str
    at: datetime
    kind: LedgerKind
    currency: str
    change: Decimal
    client_id: str = ""
    quantity: Decimal = Decimal(0)
    unknown_type: str = ""
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part of a read is missing: a machine-readable `code` and one sentence without secrets."""

    part: Part
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a read. `seconds` runs from when it was meant to be sent to its answer.

    `code` is empty for success, else the raw code; `answered` is false when the time ran out or the line
    broke: then it took *at least* `seconds`. `budget` is (requests left, allowed) where its answer told it.
    """

    endpoint: str
    seconds: float
    code: str = ""
    answered: bool = True
    budget: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The venue's clock minus ours; the truth lies within `error_seconds` of it (half a round trip)."""

    seconds: float
    error_seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one concurrent read saw; as old as its earliest *question* (`asked_at`).

    A part that failed is None here and named in `failures`; complete, it has none. `ledger` holds the rows
    that are new since the last good read of it; named and not None it tells the first, and more are to come.
    `calls` are the requests that it took, `clock` the venue's clock as last measured, `pulse` is as
    of deciding, where a rule asks. Positions and orders named and not None are acted on, and prove nothing.
    """

    account: str
    asked_at: datetime
    wallet: Wallet | None
    positions: tuple[Position, ...] | None
    orders: tuple[OpenOrder, ...] | None
    ledger: tuple[LedgerEntry, ...] | None
    failures: tuple[Failure, ...] = ()
    calls: tuple[Call, ...] = ()
    clock: ClockOffset | None = None
    pulse: Pulse | None = None

    @property
    def complete(self) -> bool:
        return not self.failures

    def failed(self, part: Part) -> bool:
        return bool(self.failures) and any(failure.part is part for failure in self.failures)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One API key of the watched account as the admin's listing shows it. `id` is the public id.
    `can_withdraw` and `can_transfer` are as the venue lists them, also of a read-only key, which can do
    neither; None: it does not tell.
    """

    id: str
    read_only: bool
    can_trade: bool
    note: str = ""
    ips: tuple[str, ...] = ()
    can_withdraw: bool | None = None
    can_transfer: bool | None = None


class OnUnknown(StrEnum):
    IGNORE = "ignore"
    CAUTION = "caution"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Window:
    """`sliding` over `seconds`; `session` from midnight in `tz`; `hwm` of all time or the last `seconds`;
    `hours` a time of day in `tz`, from `opens` to `closes` in minutes after midnight, if need be past it.
    """

    kind: Literal["none", "sliding", "session", "hwm", "hours"] = "none"
    seconds: float | None = None
    tz: str = "UTC"
    opens: int = 0
    closes: int = 0


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: past `limit` for `hold_seconds`, demand `level` (`to` is REDUCE's fraction)."""

    limit: float
    level: Level
    hold_seconds: float
    to: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: str
    why: str
    metric: str
    window: Window
    scope: Literal["account", "portfolio", "mandate", "venue", "strategy", "symbol", "cluster"]
    direction: Literal["over", "under"]
    ladder: tuple[Rung, ...]
    stale_after_seconds: float
    on_unknown: OnUnknown
    clears: Literal["operator", "auto"]
    armed: bool
    only: tuple[str, ...] = ()
    runbook: str = ""
    of: str = ""  # which one, for a metric that there are several of: a gauge, a strategy
    cooldown_seconds: float = 4 * 3600.0  # the first of the escalating waits, where it clears by itself
    gamma: float = 0.0  # how much of a limit below FLATTEN a wholly overheated market takes away
