"""M29, the lots: what is still open of each opening, oldest first, from quantities that reads showed.

FIFO: a growth opens a lot, a reduction consumes the oldest, a change of side starts anew. A lot begins at the
read that first showed it. Whether it began then is only witnessed if the read before it is recent; else, and
for what was there at the first sight, it may be older. By reads alone a position closed and reopened at the
same size between two of them is one that stayed; what fills prove is closed_lots.py's. One that a single read
lacks, and the next shows at the very entry that it had, was lacking in that listing only.

What is smaller than the venue's smallest order is not open: nobody can close it, and what is opened on top of
it is no older for it.

Bound: `MAXIMUM_LOTS` a leg; past it the two oldest become one that is as old as the oldest.
Source: metrics.md M29.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from guardian.core.facts.stake import LegLots, Lot, Lots
from guardian.core.frozen import replace
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
    gone = {own.leg: own for own in before.gone} if before else {}
    open_now = {p.leg: p for p in seen.positions if p.quantity and abs(p.quantity) >= p.minimum}
    legs = tuple(
        _leg(known.get(leg) or _lacked(gone.get(leg), p), p, seen.asked_at, witnessed)
        for leg, p in sorted(open_now.items())
    )
    # That nothing at all is open the wallet has confirmed (plausible.py).
    lacking = [own for leg, own in known.items() if leg not in open_now] if seen.positions else ()
    return Lots(seen.asked_at, legs, tuple(lacking))


def _lacked(own: LegLots | None, position: Position) -> LegLots | None:
    """The leg that the read before did not list, if it is still the same."""
    return own if own is not None and own.entry == position.entry else None


def _leg(own: LegLots | None, position: Position, at: datetime, witnessed: bool) -> LegLots:
    side = 1 if position.quantity > 0 else -1
    lots = own.lots if own is not None and own.side == side else ()
    after = changed(lots, abs(position.quantity), at, witnessed)
    same = own is not None and after is own.lots and own.entry == position.entry
    if own is None or own.side != side:
        return LegLots(position.leg, side, after, position.entry)
    return own if same else replace(own, lots=after, entry=position.entry)


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
