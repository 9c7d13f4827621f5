"""What is held: of a pair by the fills that were told, of a leg by the reads that showed it. Shapes only."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Stake:
    """What the fills of one client id prefix hold of one symbol, and have earned (metrics/stakes.py).

    `name` is the prefix, "" for anybody's fills. `quantity` is signed contracts at the average price `entry`,
    `earned` what closes made less fees, in the reporting currency. `best` are the falling peaks of its P&L by
    minute, of the last hour; `fell` is how far it is below them, over equity, as of `seen_at`.
    `busy` if it held or traded in `hour` of the clock (since 1970); `hourly` packs `fell` at the end of such.
    `lost`: its lots are not known any more; `doubted_at` is when its P&L was last not known. `found_at` is
    when the position was asked for that the quantity was taken from: older fills are in it.
    """

    name: str
    symbol: str
    quantity: Decimal = Decimal(0)
    entry: Decimal = Decimal(0)
    earned: Decimal = Decimal(0)
    best: tuple[tuple[int, float], ...] = ()
    fell: float = 0.0
    seen_at: datetime | None = None
    hour: int = 0
    busy: bool = False
    hourly: str = ""
    lost: bool = False
    doubted_at: datetime | None = None
    contract_size: Decimal = Decimal(1)
    inverse: bool = False
    found_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """One opening that is still open: how many contracts, since when; `witnessed` if its start was seen."""

    opened_at: datetime
    quantity: Decimal
    witnessed: bool


@dataclass(frozen=True, slots=True)
class LegLots:
    """The lots of one leg, oldest first; `side` is +1 long, -1 short (metrics.md M29), `entry` its newest."""

    leg: str
    side: int
    lots: tuple[Lot, ...]
    entry: Decimal | None = None
    sure: tuple[datetime, Decimal] | None = None  # a read and its signed contracts (metrics/closed_lots.py)
    tried: tuple[datetime, Decimal] | None = None  # another, not judged yet


@dataclass(frozen=True, slots=True)
class Lots:
    """Every open leg's lots as of the read of `at`; `gone` are those that the read before it still showed."""

    at: datetime
    legs: tuple[LegLots, ...] = ()
    gone: tuple[LegLots, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was told of fills at one instant, and what was known before it: `fills` are the new ones,
    `asked_at` is the newest question, `first` if nothing had been told before. A read of the same instant
    that comes after is looked at together with it (metrics/done.py).
    """

    at: datetime
    asked_at: datetime
    fills: tuple[Fill, ...]
    first: bool
    stakes: tuple[Stake, ...] = ()
    lots: Lots | None = None
