"""M25, M27: the orders that the bot placed of late, as far as a read-only key sees them.

An order is known from its end (a past order) or while it rests (an open one); what began and ended between
two answers about past orders is in the next. Amendments are not seen. Guardian's own are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, pstdev

from guardian.core.facts.activity import PastOrder
from guardian.core.metrics.metric import View
from guardian.core.metrics.within import OWN_PREFIX
from guardian.core.model import OpenOrder


@dataclass(frozen=True, slots=True)
class Placed:
    """`ended_at` is None while it rests."""

    id: str
    created_at: datetime
    ended_at: datetime | None


def past_orders(view: View) -> tuple[PastOrder, ...]:
    doings = view.account.doings
    rows = doings.orders if doings else ()
    return tuple(o for o in rows if not o.client_id.startswith(OWN_PREFIX))


def placed_orders(view: View, since: datetime | None = None) -> tuple[Placed, ...]:
    """Each once; that it is over counts for more than an older read in which it rested."""
    resting = (o for o in view.account.evidence.orders if not o.client_id.startswith(OWN_PREFIX))
    known = {o.id: Placed(o.id, o.created_at, None) for o in resting if _is_later(o.created_at, since)}
    for o in past_orders(view):
        if _is_later(o.created_at, since):
            known[o.id] = Placed(o.id, o.created_at, o.updated_at)
    return tuple(known.values())


def resting_orders(view: View, since: datetime | None = None) -> tuple[OpenOrder, ...]:
    """Those of the newest read that are not known to be over."""
    over = {o.id for o in view.account.doings.orders} if view.account.doings else set()
    resting = (o for o in view.account.evidence.orders if not o.client_id.startswith(OWN_PREFIX))
    return tuple(
        o for o in resting if o.id not in over and o.created_at <= view.now and _is_later(o.created_at, since)
    )


def _is_later(at: datetime, since: datetime | None) -> bool:
    return since is None or at > since


def resting_at(orders: Sequence[Placed], instants: Sequence[datetime]) -> list[int]:
    """How many rested at each instant: those that had begun, less those that had ended."""
    begun = sorted(o.created_at for o in orders)
    ended = sorted(max(o.ended_at, o.created_at) for o in orders if o.ended_at is not None)
    return [bisect_right(begun, at) - bisect_right(ended, at) for at in instants]


def cusum(values: Sequence[float], target: float, slack: float) -> tuple[float, ...]:
    """One-sided: S = max(0, S + x - target - slack) after each value (E. S. Page, Biometrika 41, 1954)."""
    sums, now = [], 0.0
    for value in values:
        now = max(0.0, now + value - target - slack)
        sums.append(now)
    return tuple(sums)


MINIMUM_BASELINE = 5
LEAST_SLACK = 1.0


def growth(before: Sequence[float], after: Sequence[float]) -> float:
    """The last CUSUM of what came after, against the mean before it; slack is its deviation, 1 at least."""
    sums = cusum(after, fmean(before), max(pstdev(before), LEAST_SLACK))
    return sums[-1] if sums else 0.0


def outstanding(arrivals: float, acknowledged: float, seconds: float) -> float:
    """What waits after so many seconds at these rates a second."""
    return max(0.0, (arrivals - acknowledged) * seconds)


def expected_wait_seconds(waiting: float, acknowledged: float) -> float:
    """Little's law."""
    return waiting / acknowledged
