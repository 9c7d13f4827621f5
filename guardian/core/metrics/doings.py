"""What was done on the account of late: the fills and past orders of the last day, each once, oldest first.

A row comes at least once; one that comes again is known by its id, and the newer word on it counts. Bounded:
a day, and `MAXIMUM_DOINGS` rows of each kind. Not arithmetic: metrics sum them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_DOINGS, Doings

KEPT = timedelta(days=1)


def fold_activity(known: Doings | None, seen: Activity) -> Doings:
    """What is known after one answer; a part that failed keeps its rows and its age."""
    known = known or Doings(seen.asked_at)
    if seen.fills is not None:
        fills = _fills({f.id: f for f in (*known.fills, *seen.fills)}, seen.asked_at - KEPT)
        known = replace(known, fills=fills, filled_at=_later(known.filled_at, seen.asked_at))
    if seen.orders is not None:
        orders = _orders({o.id: o for o in (*known.orders, *seen.orders)}, seen.asked_at - KEPT)
        known = replace(known, orders=orders, ordered_at=_later(known.ordered_at, seen.asked_at))
    return known


def _fills(rows: dict[str, Fill], since: datetime) -> tuple[Fill, ...]:
    """Without those that are no fills: a metric must not be poisoned by a price that is no number."""
    sound = (f for f in rows.values() if f.at > since and _numbers(f))
    return tuple(sorted(sound, key=lambda f: (f.at, f.id)))[-MAXIMUM_DOINGS:]


def _orders(rows: dict[str, PastOrder], since: datetime) -> tuple[PastOrder, ...]:
    recent = (o for o in rows.values() if o.updated_at > since)
    return tuple(sorted(recent, key=lambda o: (o.updated_at, o.id)))[-MAXIMUM_DOINGS:]


def _numbers(fill: Fill) -> bool:
    finite = all(n.is_finite() for n in (fill.quantity, fill.price, fill.fee, fill.closed))
    return finite and fill.quantity > 0 and fill.price > 0


def _later(known: datetime | None, asked: datetime) -> datetime:
    return asked if known is None else max(known, asked)
