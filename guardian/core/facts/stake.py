"""What a strategy, or everybody, holds of one pair by the fills that were told. Shape only."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

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
