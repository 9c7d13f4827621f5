"""What the trading stack tells about itself, where it does: never evidence of safety. Shapes only.

It comes from what is being watched: its absence is Unknown, and nothing in it may move a position.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Gauge:
    """One named number: a queue's depth, a bot's own measurement, the answer of a Prometheus query."""

    name: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy wanted, and what its model predicted of the fill's price, with its standard deviation.

    `client_id` joins it with fills; `side` is +1 buy, -1 sell.
    """

    id: str
    at: datetime
    symbol: str
    side: int
    price: Decimal
    client_id: str = ""
    predicted: float | None = None
    sigma: float | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """Another book that this account is compared with: `paper` (the same strategy, simulated) or `master`.

    `holdings` are signed contracts by symbol, `equity` is in the reporting currency. `transferred` is all
    that was ever paid in less what was paid out: a total, so that a message that is lost loses none of it.
    """

    kind: str
    at: datetime
    equity: Decimal
    holdings: tuple[tuple[str, Decimal], ...]
    multiplier: float = 1.0
    transferred: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TwinFill:
    """What the twin `paper` has traded: `quantity` contracts to `side` (+1 buy, -1 sell) at `price`."""

    at: datetime
    symbol: str
    side: int
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class TwinFills:
    """The newest fills of the twin `paper`, oldest first. It tells them since `since`, all of them up to
    `told_at`; what it has filled at `dropped` and before is forgotten, None where nothing is."""

    since: datetime
    told_at: datetime
    rows: tuple[TwinFill, ...] = ()
    dropped: datetime | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """What a twin holds of one symbol, and of how much equity here for one there it was copied: `ratio`.

    None while the equity of either was not known when it was traded.
    """

    kind: str
    symbol: str
    quantity: Decimal
    ratio: Decimal | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the account has earned more than `multiplier` times its paper twin (metrics/tracking.py).

    `live` and `paper` are the NAVs of both at `at`, the newest moment of which both are known, `difference`
    is the sum since `since`; `row` are these three where the sum's newest row begins, `points` (moment, sum)
    before. `told` is the twin's NAV by its newest word, `began` when the account's NAV did.
    """

    began: datetime | None
    since: datetime
    at: datetime
    live: float
    paper: float
    difference: float
    row: tuple[float, float, float]
    told: float
    multiplier: float = 1.0
    points: tuple[tuple[datetime, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What was known of twins before the words that came at one instant, until a read of a later one."""

    at: datetime
    twins: tuple[Twin, ...] = ()
    copied: tuple[Copied, ...] = ()
    tracked: Tracked | None = None


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One message of the stack: `source` names the sender; each part may be empty.

    `fills` are those of its twin `paper`; None where it does not tell them.
    """

    account: str
    source: str
    heartbeat: bool = False
    gauges: tuple[Gauge, ...] = ()
    signals: tuple[Signal, ...] = ()
    twins: tuple[Twin, ...] = ()
    fills: tuple[TwinFill, ...] | None = None
