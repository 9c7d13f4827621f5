"""M24 funding_paid: what funding has really taken, a day, over equity; beside the forecast of funding_cost.

Formula: max(0, -sum of funding rows in (now - W, now]) / E x 86400 / W, in points of the NAV: each row's
change in the reporting currency over the units of the fund at its read, over the NAV now. Deposits and
withdrawals do not move it. What was received on balance is no cost: 0. Unit: fraction of equity a day. A
window of a day has every payment whatever the interval (8, 4 or 1 h); a shorter one shows a single payment
as if each hour cost as much.

Needs the ledger. AtLeast while watching began inside the window or minutes were forgotten (the newest 200 of
25 hours that have a payment are remembered). Unknown before the first read of the wallet.
Its family is behaviour: it is what holding so costs; the loss that it makes is in the drawdown.
Source: metrics.md M24 (realised).
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.memory import Nav
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.realised_loss import Slots, points_of
from guardian.core.metrics.within import Gap, bounded, start_of
from guardian.core.model import LedgerKind, Measured, Part, Snapshot, Unknown

MINUTE = 60
DAY_SECONDS = 86_400
MAXIMUM_MINUTES = 200


def fold_funding(known: Slots, before: Nav | None, seen: Snapshot, nav: Nav | None) -> Slots:
    """(minute, points) of the funding rows, each row once, as the NAV books them; a new NAV begins anew."""
    if before is None or nav is None:
        return ()
    rows = [r for r in seen.ledger or () if r.kind is LedgerKind.FUNDING and r.id not in before.booked]
    made = points_of(rows, before, nav)
    oldest = _minute(seen.asked_at - KEPT)
    if not made and (not known or known[0][0] >= oldest):
        return known
    sums = dict(known)
    for at, points in made:
        sums[_minute(at)] = sums.get(_minute(at), 0.0) + points
    return tuple(sorted((minute, p) for minute, p in sums.items() if minute >= oldest))[-MAXIMUM_MINUTES:]


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // MINUTE


def measure(view: View) -> Measured:
    nav, seconds = view.account.nav, view.rule.window.seconds
    if nav is None or not seconds:
        return Unknown("no equity read yet", warming=True)
    start = start_of(view)
    known = view.account.course.funding
    # The minute in which the window begins lies before it: payments come on the hour, not in between.
    paid = -sum(points for minute, points in known if minute > _minute(start))
    value = max(0.0, paid) / nav.value * DAY_SECONDS / seconds if nav.value > 0 else 0.0
    return bounded(value, _missing(view, start))


def _missing(view: View, start: datetime) -> Gap:
    known, since = view.account.course.funding, view.account.watched_since
    if view.now - KEPT > start:
        return f"only {KEPT.total_seconds() / 3600:.0f} h are remembered", False
    if len(known) >= MAXIMUM_MINUTES and known[0][0] > _minute(start):
        return f"more than {MAXIMUM_MINUTES} minutes with a payment; the oldest are forgotten", False
    return (f"watching since {since:%H:%M} UTC", True) if since > start else None


METRIC = Metric("funding_paid", "fraction", "behaviour", ("sliding",), (Part.LEDGER,), measure)
