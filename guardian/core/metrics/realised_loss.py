"""M05 realised_loss: the fraction lost for good today: trades, fees and funding that the ledger has booked.

Formula: max(0, -sum of points) / N_open, the points of a row being its change in the reporting currency over
the units of the fund at its read, N_open the NAV at the session's opening: deposits and withdrawals during
the day move it no more than they move the NAV. Every row counts but those of flows; a spot trade's two rows
differ by its fee and by the price's move since the wallet that priced it. Blind to what is still open: a
loss that is held is in `daily_loss`, not here.

Unit: fraction. Window: the session. Needs the ledger. Unknown while warming; AtLeast on a day that was not
watched from its beginning, and while the two accounts of the equity differ. Where nobody watched as the day
began (baseline.py), N_open is the highest NAV of the day, or what it is without these losses if that is more.
Bound: quarter hours of 26 hours; the ids of rows are those of the NAV. Source: metrics.md M05.
"""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from guardian.core.memory import Nav
from guardian.core.metrics.baseline import hole_at_opening
from guardian.core.metrics.daily_drawdown import highest
from guardian.core.metrics.drawdown import disputed, unwatched
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, LedgerEntry, LedgerKind, Measured, Part, Snapshot, Unknown

SLOT_SECONDS = 900
MAXIMUM_SLOTS = 104

Slots = tuple[tuple[int, float], ...]


def fold_realised(slots: Slots, before: Nav | None, seen: Snapshot, nav: Nav | None) -> Slots:
    """The quarter hours after one read: each row once, as the NAV books them; a new NAV begins anew."""
    if before is None or nav is None:
        return ()
    fresh = [row for row in seen.ledger or () if row.id not in before.booked]
    made = points_of(fresh, before, nav)
    if not made:
        return slots
    sums = dict(slots)
    for at, points in made:
        slot = _slot(at)
        sums[slot] = sums.get(slot, 0.0) + points
    newest = max(sums)
    return tuple(sorted((s, p) for s, p in sums.items() if s > newest - MAXIMUM_SLOTS))


def points_of(rows: list[LedgerEntry], before: Nav, nav: Nav) -> list[tuple[datetime, float]]:
    """When, and the NAV points, of each row that is no flow; what the first wallet contained is left out."""
    prices = dict(nav.prices)
    return [
        (row.at, float(row.change * prices.get(row.currency, Decimal(0)) / before.units))
        for row in rows
        if row.kind is not LedgerKind.FLOW and (nav.since is None or row.at > nav.since)
    ]


def _slot(at: datetime) -> int:
    return int(at.timestamp()) // SLOT_SECONDS


def measure(view: View) -> Measured:
    nav, baseline, course = view.account.nav, view.own.baseline, view.account.course
    if nav is None or nav.warming or baseline is None:
        return Unknown("waiting for five confirmed reads", warming=True)
    zone, opened = view.rule.window.tz, baseline.points[0][1]
    midnight = _slot(datetime.combine(view.now.astimezone(ZoneInfo(zone)), time.min, ZoneInfo(zone)))
    made = sum(points for slot, points in course.realised if slot >= midnight)
    hole = hole_at_opening(baseline, view.rule.window)
    if hole is not None:
        opened = max(highest(baseline), nav.value + max(0.0, -made))
    lost = max(0.0, -made) / opened if opened > 0 else 0.0
    if not nav.agreed:
        return AtLeast(lost, disputed(nav))
    if hole is not None:
        return AtLeast(lost, unwatched(hole), unseen=True)
    if not baseline.whole:
        return AtLeast(lost, f"watching since {baseline.since:%H:%M} UTC", filling=True)
    return Known(lost)


METRIC = Metric(
    "realised_loss",
    "fraction",
    "loss",
    ("session",),
    (Part.LEDGER,),
    measure,
    corroborated=True,
    baseline=True,
    reads=("course",),
)
