"""What the market shows, to anybody: prices, books and funding of what an account holds. Shapes only.

Asked on public endpoints, apart from the account's own evidence: a market that cannot be read hides no loss.
Prices are of the quote currency per base unit, quantities are contracts; None where the venue gives none.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.frozen import dataclass
from guardian.core.model import Call


@dataclass(frozen=True, slots=True)
class Quote:
    """One symbol's prices. `other` is a second venue's price of the same asset, `other_venue` its name.

    `other` is moved by what `mark` has done since it was asked for: the two are of one moment. A name without
    a price is a venue that was asked and told none.

    `funding_rate` is what a long pays a short at `funding_at`, every `funding_hours`; `day_volume` what was
    traded in the last 24 hours, in contracts.
    """

    symbol: str
    mark: Decimal
    index: Decimal | None = None
    last: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    funding_rate: Decimal | None = None
    funding_at: datetime | None = None
    funding_hours: float | None = None
    day_volume: Decimal | None = None
    other: Decimal | None = None
    other_venue: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One symbol's mark: asked `since` it was told first, `seen_at` last; `moved`: it was another one before.

    Without that nobody knows how long it had been the same when it was told first.
    """

    symbol: str
    price: Decimal
    since: datetime
    seen_at: datetime
    moved: bool = False


Rows = tuple[tuple[Decimal, Decimal], ...]
"""Price and quantity of each level of one side, the best first."""


@dataclass(frozen=True, slots=True)
class Book:
    """One symbol's resting orders. `truncated`: there may be more behind the last level asked for."""

    symbol: str
    bids: Rows
    asks: Rows
    contract_size: Decimal = Decimal(1)
    truncated: bool = True


@dataclass(frozen=True, slots=True)
class Market:
    """One look at the markets of an account's symbols. What failed is None, and `problem` says why."""

    account: str
    asked_at: datetime
    quotes: tuple[Quote, ...] | None
    books: tuple[Book, ...] | None
    problem: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetBars:
    """One asset's five-minute bars of marks (metrics/bars.py): that of `cell` fills, `packed` are before it.

    `symbol` is whose marks they are, `seen_at` when the newest was asked for, `reads` how many the bar is of;
    `before` is the close of the bar before, None where there is none or it was another contract's.
    """

    asset: str
    symbol: str
    cell: int
    open: float
    high: float
    low: float
    close: float
    reads: int
    seen_at: datetime
    before: float | None = None
    packed: str = ""
