"""What was done on the account of late: the fills and past orders of the last day, each once, oldest first.

A row comes at least once; one that comes again is known by its id, and the newer word on it counts. Bounded:
a day, and `MAXIMUM_DOINGS` rows of each kind. Not arithmetic: metrics sum them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_DOINGS, Doings

KEPT = timedelta(hours=25)
"""A local day, also the one on which the clocks go back."""


def fold_activity(known: Doings | None, seen: Activity) -> Doings:
    """What is known after one answer; a part that failed keeps its rows and its age."""
    known = known or Doings(seen.asked_at)
    if seen.fills is not None:
        asked = _later(known.filled_at, seen.asked_at)
        fills = _fills((*known.fills, *seen.fills), asked - KEPT)
        known = replace(known, fills=fills, filled_at=asked)
    if seen.orders is not None:
        asked = _later(known.ordered_at, seen.asked_at)
        orders = _orders((*known.orders, *seen.orders), asked - KEPT)
        known = replace(known, orders=orders, ordered_at=asked)
    return known


def news_of(known: Doings | None, seen: Activity) -> tuple[tuple[Fill, ...], tuple[PastOrder, ...]]:
    """All rows of an answer that were not told before, also where more came than are remembered.

    Of a memory that is full, what is older than its oldest row was told and is forgotten.
    """
    known = known or Doings(seen.asked_at)
    fills = _sound_fills(seen.fills or (), _later(known.filled_at, seen.asked_at) - KEPT)
    orders = _sound_orders(seen.orders or (), _later(known.ordered_at, seen.asked_at) - KEPT)
    filled, ended = {f.id for f in known.fills}, {o.id for o in known.orders}
    first_fill = _key(known.fills[0]) if len(known.fills) >= MAXIMUM_DOINGS else None
    first_order = _key(known.orders[0]) if len(known.orders) >= MAXIMUM_DOINGS else None
    return (
        tuple(f for f in fills if f.id not in filled and (first_fill is None or _key(f) > first_fill)),
        tuple(o for o in orders if o.id not in ended and (first_order is None or _key(o) > first_order)),
    )


def _fills(rows: Iterable[Fill], since: datetime) -> tuple[Fill, ...]:
    return _sound_fills(rows, since)[-MAXIMUM_DOINGS:]


def _orders(rows: Iterable[PastOrder], since: datetime) -> tuple[PastOrder, ...]:
    return _sound_orders(rows, since)[-MAXIMUM_DOINGS:]


def _sound_fills(rows: Iterable[Fill], since: datetime) -> tuple[Fill, ...]:
    """Without those that are no fills: a metric must not be poisoned by a price that is no number.

    A fill whose P&L alone is no number is one of which none was told.
    """
    sound = {f.id: _told(f) for f in rows if f.at > since and _is_fill(f)}
    return tuple(sorted(sound.values(), key=_key))


def _sound_orders(rows: Iterable[PastOrder], since: datetime) -> tuple[PastOrder, ...]:
    """Of two words on one order the one with the newer stamp counts, in whatever order they came."""
    sound = {o.id: o for o in sorted(rows, key=lambda o: o.updated_at) if _is_order(o)}
    recent = (o for o in sound.values() if o.updated_at > since)
    return tuple(sorted(recent, key=_key))


def _key(row: Fill | PastOrder) -> tuple[datetime, str]:
    return (row.at if isinstance(row, Fill) else row.updated_at), row.id


def _is_fill(fill: Fill) -> bool:
    numbers = (fill.quantity, fill.price, fill.fee, fill.closed, fill.contract_size)
    finite = all(n.is_finite() for n in numbers)
    return finite and fill.quantity > 0 and fill.price > 0 and fill.contract_size > 0


def _told(fill: Fill) -> Fill:
    return fill if fill.realised is None or fill.realised.is_finite() else replace(fill, realised=None)


def _is_order(order: PastOrder) -> bool:
    numbers = (order.quantity, order.filled, order.price, order.average)
    return all(n.is_finite() for n in numbers if n is not None)


def _later(known: datetime | None, asked: datetime) -> datetime:
    return asked if known is None else max(known, asked)
