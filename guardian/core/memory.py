"""What metrics remember between two events: shapes only, each folded by the metric that it belongs to.

Law: frozen and bounded; a file of the metrics collection says by what each is folded and how it is read.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.facts.activity import Fill, GivenUp, PastOrder, Streak, Tally
from guardian.core.facts.market import Book, Mark, Quote
from guardian.core.facts.stake import Answer, Stake
from guardian.core.facts.telemetry import Copied, Gauge, Signal, Tracked, Twin, TwinFills, Words
from guardian.core.facts.transfers import Came, Expectation, Flow, Sent
from guardian.core.frozen import dataclass
from guardian.core.model import KeyRecord, LedgerEntry

CONFIRMED_READS_FOR_BASELINE = 5
"""Reads on which both accounts of the equity agree before any loss is measured (DESIGN section 3)."""

MAXIMUM_BASELINE_POINTS = 3600
"""Bound on one rule's history: an hour at one second, 7 days at about three minutes."""

MAXIMUM_MOVES = 200
"""Bound on the rows of coins that came or went without a fill."""


MAXIMUM_BOOKED_ROWS = 500
"""How many ledger rows are remembered by id, so that one delivered again is not counted again."""


@dataclass(frozen=True, slots=True)
class Nav:
    """Unitised net asset value at mark, with two accounts of it (metrics.md M01).

    `raw` is what the wallet says; `explained` is the cash that the ledger accounts for plus open P&L from
    positions at mark. `agreed` is true when both came and differ by at most 1 %; `sides` counts what came.
    `value` is the larger of the two in units of 100 at the start: the loss that both prove.
    `prices` are the last known ones, `booked` the ids of the newest rows (each counts once), `waiting` rows
    whose currency has no price yet. `marks` are those of the assets held when the wallet gave the prices.
    `since` is when the wallet was asked that this began with: it contains every row that is older.
    `booked_at` are the dates of `booked`, oldest first; those of an earlier version, at its front, have none.
    `par` is the value when both accounts last agreed, at `par_at`.
    """

    at: datetime
    units: Decimal
    cash: tuple[tuple[str, Decimal], ...]
    raw: Decimal | None
    explained: Decimal
    value: float
    agreed: bool
    sides: int
    reads: int
    prices: tuple[tuple[str, Decimal], ...] = ()
    booked: tuple[str, ...] = ()
    waiting: tuple[LedgerEntry, ...] = ()
    marks: tuple[tuple[str, Decimal], ...] = ()
    since: datetime | None = None
    par: float | None = None
    par_at: datetime | None = None
    booked_at: tuple[datetime, ...] = ()

    @property
    def equity(self) -> Decimal:
        """The equity that both accounts support, in the reporting currency."""
        return self.explained if self.raw is None else max(self.raw, self.explained)

    @property
    def warming(self) -> bool:
        return self.reads < CONFIRMED_READS_FOR_BASELINE


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a loss rule compares with: falling peaks of a window, or a session's open and its peak above that.

    `points` are the newest (instant, NAV), strictly decreasing in NAV, and `packed` those before them in
    chunks (metrics/peaks.py); of a session the open, then its peak. `since` is when watching began; `session`
    is the local date of a session window, `last` its newest confirmed NAV. `hole` is the newest time in which
    no NAV was confirmed (of a session the first that reaches into it): from the last one before it, to the
    first one after it.
    """

    points: tuple[tuple[datetime, float], ...]
    since: datetime
    session: str = ""
    whole: bool = False
    last: float | None = None
    packed: tuple[str, ...] = ()
    hole: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """One held asset's price: the newest mark, and the one at the last grid point that it was fresh for.

    `symbol` is whose mark it is (a coin's own name: its price in the wallet), `grid` the ordinal of that grid
    point (None before the first), `held_at` when it was held last.
    """

    asset: str
    symbol: str
    mark: float
    seen_at: datetime
    grid_mark: float | None = None
    grid: int | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """What each two of `assets` (in alphabetical order) did at the same grid steps (metrics/pairs.py)."""

    assets: tuple[str, ...] = ()
    packed: str = ""

    @property
    def count(self) -> int:
        return len(self.assets) * (len(self.assets) - 1) // 2


@dataclass(frozen=True, slots=True)
class Correlations:
    """Prices and pairs of at most fifty assets, and which of those held move together (metrics.md M14, M15).

    `grid` is the ordinal of the cell that is filling; `clusters` partition the assets held now.
    `marks` are those that the newest read brought at `marked_at`, not in `followed` yet; `marked` are the
    symbols that it holds, None where not each is the one by which its asset is followed.
    """

    grid: int
    followed: tuple[Followed, ...] = ()
    moments: Pairs = Pairs()
    clusters: tuple[tuple[str, ...], ...] = ()
    marked: tuple[str, ...] | None = None
    marks: tuple[float, ...] = ()
    marked_at: datetime | None = None


Faded = tuple[float, float]
"""An exponentially weighted sum, and the sum of its weights (below 1): their ratio is the mean."""


@dataclass(frozen=True, slots=True)
class AssetReturns:
    """How one asset's price moved: squared returns of a five-minute cell by half-life (metrics/returns.py).

    `grid` is the last cell learned from. `hour_mark` is the mark of `symbol` at the end of hour `hour`, and
    `hour_sigma` what was expected of the next; `history` packs the returns of hours, each over the sigma that
    was expected of it (metrics/history.py).
    """

    asset: str
    squares: tuple[Faded, ...] = ()
    grid: int = 0
    symbol: str = ""
    hour: int = 0
    hour_mark: float = 0.0
    hour_sigma: float = 0.0
    history: str = ""


@dataclass(frozen=True, slots=True)
class Returns:
    """What the assets of `Correlations` did on its grid; `grid` is the ordinal of the last cell that closed.

    `turbulence` averages how unusual the cells' returns were together, `apart` the squared differences
    between the fast and the slow mean correlation; `shift` is the newest of them, None while not known.
    """

    grid: int
    assets: tuple[AssetReturns, ...] = ()
    turbulence: Faded = (0.0, 0.0)
    apart: Faded = (0.0, 0.0)
    shift: float | None = None


Parts = tuple[tuple[str, float | None, float], ...]
"""Components of the overheat score: (name, value, weight)."""


@dataclass(frozen=True, slots=True)
class Heat:
    """The overheat score as of `at`: `raw` from its components then, `score` with what is `left` of before.
    `latency` averages the logarithm of the slowest requests' time; `looked`: when the newest look at the
    market came, and `raw`, `score` and `components` before it."""

    at: datetime
    raw: float
    score: float
    components: Parts = ()
    latency: Faded = (0.0, 0.0)
    left: float = 0.0
    looked: tuple[datetime, float, float, Parts] | None = None


@dataclass(frozen=True, slots=True)
class Absorbed:
    """The absorption ratio's weighted mean and variance as of cell `grid`, learned of these assets.

    `weight` is that of all steps (below 1); `shift` the newest value against those before it.
    """

    grid: int
    assets: tuple[str, ...]
    mean: float
    variance: float
    weight: float
    shift: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How the account itself fared of late, apart from any rule's own window.

    `track` are confirmed NAVs, one a second (metrics/track.py); `used` is (ten-minute cell, area under the
    utilisation, seconds) with the newest sample `using`; `realised` is (quarter-hour, NAV points made).
    `moved` are the newest rows of coins that came or went without a fill (metrics/hedge_imbalance.py).
    `sent` is what left the account of late, `came` what came (metrics/foreign_transfers.py), `expected` what
    was announced to leave (metrics/expected.py), `keys` the account's keys as they were first listed
    (metrics/foreign_keys.py), None before; `funding` is (minute, NAV points that funding made)
    (metrics/funding_paid.py), `absorbed` how much of the market moves as one (absorption_shift.py).
    `stakes` are what strategies hold of each pair, and what all together do (metrics/stakes.py).
    `traded` are rows of trades by orders that are not the bot's (metrics/foreign_activity.py), `tally` is
    what was done by the minute (metrics/tally.py). `flows` are changes of the units (metrics/flows.py).
    `answer` is the newest about fills, until a read of a later instant (metrics/done.py).
    """

    track: tuple[tuple[datetime, float], ...] = ()
    used: tuple[tuple[int, float, float], ...] = ()
    using: tuple[datetime, float] | None = None
    realised: tuple[tuple[int, float], ...] = ()
    streak: Streak = Streak()
    moved: tuple[LedgerEntry, ...] = ()
    sent: tuple[Sent, ...] = ()
    keys: tuple[KeyRecord, ...] | None = None
    funding: tuple[tuple[int, float], ...] = ()
    absorbed: Absorbed | None = None
    came: tuple[Came, ...] = ()
    expected: tuple[Expectation, ...] = ()
    stakes: tuple[Stake, ...] = ()
    traded: tuple[LedgerEntry, ...] = ()
    tally: Tally | None = None
    flows: tuple[Flow, ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Markets:
    """The newest good quotes and books, each as old as its question; `marks`: since when each is the same."""

    quotes: tuple[Quote, ...] = ()
    quoted_at: datetime | None = None
    books: tuple[Book, ...] = ()
    booked_at: datetime | None = None
    marks: tuple[Mark, ...] = ()


MAXIMUM_DOINGS = 500
"""Bound on the fills, and on the past orders, that are remembered: those of the last day at most."""


@dataclass(frozen=True, slots=True)
class Doings:
    """What was done on the account of late, oldest first, each id once; `filled_at`: the last good answer.

    `since` is when watching began: nothing is known of what was done before it. `given_up` are marks at the
    ends of signals' orders (metrics/opportunity_cost.py), no more than signals are remembered.
    """

    since: datetime
    fills: tuple[Fill, ...] = ()
    filled_at: datetime | None = None
    orders: tuple[PastOrder, ...] = ()
    ordered_at: datetime | None = None
    given_up: tuple[GivenUp, ...] = ()


MAXIMUM_SIGNALS = 200
MAXIMUM_GAUGES = 20
MAXIMUM_READINGS = 60
"""Bound on the readings of one gauge: the newest of them, and the newest of all."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What the trading stack has told: when it last lived, its gauges' newest readings, signals and twins.

    `copied` is of the twins' holdings, as they changed (metrics/twins.py), `tracked` of what both earned,
    and `words` what of both the newest words have changed.
    `traded` are the fills of paper (metrics/twin_fills.py): as many as of the account, None before any.
    """

    heartbeat_at: datetime | None = None
    gauges: tuple[tuple[str, tuple[Gauge, ...]], ...] = ()
    signals: tuple[Signal, ...] = ()
    twins: tuple[Twin, ...] = ()
    copied: tuple[Copied, ...] = ()
    tracked: Tracked | None = None
    traded: TwinFills | None = None
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One account of a group at the last look: its NAV, which began at `since`, equity and newest reads."""

    name: str
    nav: float
    equity: float
    since: datetime | None = None
    reads: tuple[tuple[datetime, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The chained NAV of several accounts, 100 at the start, and what its members were at the last look;
    between `low` and `high`, because they were not read at one moment. At `confirmed_at` all agreed last.
    """

    value: float
    members: tuple[Member, ...]
    low: float | None = None
    high: float | None = None
    confirmed_at: datetime | None = None
