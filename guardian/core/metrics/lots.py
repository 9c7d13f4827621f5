"""M29, the lots: what is still open of each opening, oldest first, from quantities that reads showed.

FIFO: a growth opens a lot, a reduction consumes the oldest, a change of side starts anew. A lot begins at the
read that first showed it. Whether it began then is only witnessed if the read before it is recent; else, and
for what was there at the first sight, it may be older. A position closed and reopened at the same size
between two reads cannot be told from one that stayed.

Bound: `MAXIMUM_LOTS` a leg; past it the two oldest become one that is as old as the oldest.
Source: metrics.md M29.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from guardian.core.frozen import replace
from guardian.core.memory import LegLots, Lot, Lots
from guardian.core.model import Position, Snapshot

MAXIMUM_LOTS = 200

LONGEST_GAP = timedelta(seconds=10)
"""Between two reads: what appeared in a longer silence may have been open for all of it."""


def fold_lots(before: Lots | None, seen: Snapshot) -> Lots | None:
    """The lots after one read; a read without positions changes nothing."""
    if seen.positions is None:
        return before
    witnessed = before is not None and seen.asked_at - before.at <= LONGEST_GAP
    known = {own.leg: own for own in before.legs} if before else {}
    open_now = sorted((p for p in seen.positions if p.quantity), key=lambda p: p.leg)
    legs = tuple(_leg(known.get(p.leg), p, seen.asked_at, witnessed) for p in open_now)
    return Lots(seen.asked_at, legs)


def _leg(own: LegLots | None, position: Position, at: datetime, witnessed: bool) -> LegLots:
    side = 1 if position.quantity > 0 else -1
    lots = own.lots if own is not None and own.side == side else ()
    after = changed(lots, abs(position.quantity), at, witnessed)
    return own if own is not None and after is own.lots else LegLots(position.leg, side, after)


def changed(
    lots: tuple[Lot, ...], quantity: Decimal, at: datetime, witnessed: bool = True
) -> tuple[Lot, ...]:
    """The lots once the leg holds `quantity` contracts."""
    difference = quantity - sum((lot.quantity for lot in lots), Decimal(0))
    if difference > 0:
        return _bounded((*lots, Lot(at, difference, witnessed)))
    return _consumed(lots, -difference) if difference else lots


def _consumed(lots: tuple[Lot, ...], quantity: Decimal) -> tuple[Lot, ...]:
    left = list(lots)
    while left and quantity >= left[0].quantity:
        quantity -= left.pop(0).quantity
    if left and quantity:
        left[0] = replace(left[0], quantity=left[0].quantity - quantity)
    return tuple(left)


def _bounded(lots: tuple[Lot, ...]) -> tuple[Lot, ...]:
    """Merging makes the younger of two lots older: an age may then be overstated, never understated."""
    if len(lots) <= MAXIMUM_LOTS:
        return lots
    first, second, *rest = lots
    return (replace(first, quantity=first.quantity + second.quantity), *rest)


def oldest_seconds(lots: tuple[Lot, ...], now: datetime) -> float:
    return max(((now - lot.opened_at).total_seconds() for lot in lots), default=0.0)


def weighted_seconds(lots: tuple[Lot, ...], now: datetime) -> float:
    """The mean age of a contract."""
    whole = sum((lot.quantity for lot in lots), Decimal(0))
    ages = (float(lot.quantity) * (now - lot.opened_at).total_seconds() for lot in lots)
    return sum(ages) / float(whole) if whole else 0.0
