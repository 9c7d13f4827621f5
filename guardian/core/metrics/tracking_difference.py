"""M34 tracking_difference: how far what the account earned is from what its paper twin did, in the window.

Formula: |sum over days of (r_live - m r_paper)|, r the flow-adjusted returns of both and m the twin's
multiplier, of the first and the last day the part that is in the window (tracking.py). Live that earns more
than paper is not the same strategy either. Unit: fraction. Window: sliding, or a session.

Needs positions, and the twin `paper` by telemetry: never told is Unknown, as is a disputed equity. It is as
old as the newest word of the twin with a confirmed NAV of its moment. What is paid in or out of paper is
known only if the twin tells it (`transferred`); what it does not tell counts as earned. The window begins
with the last moment before it that is kept: while both are told a quarter of an hour early at most, an hour
where it is of days. AtLeast, as what was earned since, while the twin was not told for all of the window, or
where that moment is earlier by more than an hour and a tenth of the window.

What cancels out in it is tracking_error's, the trades themselves are trade_match's and fill_price_gap's. What
the two hold is paper_vs_live's, and what live fills cost against the prices that signals meant is slippage's.
Its family is behaviour. Source: metrics.md M34.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from guardian.core.facts.telemetry import Tracked
from guardian.core.metrics.drawdown import disputed
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown, Window

LONGEST_GAP_SECONDS, LARGEST_GAP_SHARE = 3600.0, 0.1
DAY_SECONDS = 86_400.0


def measure(view: View) -> Measured:
    tracked = told_beside(view)
    if isinstance(tracked, Unknown):
        return tracked
    start = started(view.rule.window, view.now)
    if tracked.at <= start:
        return Unknown("nothing of both is known of the window yet")
    first = opened(tracked, start)
    if first is None:
        watched, whole = ((view.now - at).total_seconds() for at in (tracked.since, start))
        return AtLeast(abs(tracked.difference), f"told for {watched:.0f} s of {whole:.0f} s", filling=True)
    value, missing = abs(tracked.difference - first[1]), (start - first[0]).total_seconds()
    if missing > max(LONGEST_GAP_SECONDS, LARGEST_GAP_SHARE * (view.rule.window.seconds or DAY_SECONDS)):
        why = f"nothing of both was known from {first[0]:%m-%d %H:%M} to the window's beginning"
        return AtLeast(value, why, unseen=True)
    return Known(value)


def told_beside(view: View) -> Tracked | Unknown:
    """What the account and its paper twin earned beside each other, while the account's equity is one."""
    nav, tracked = view.account.nav, view.account.stack.tracked
    if nav is None:
        return Unknown("no equity read yet", warming=True)
    if tracked is None or tracked.began != nav.since:
        return Unknown("no paper account told beside the account's equity", warming=True)
    if not nav.agreed:
        return Unknown(disputed(nav))
    return tracked


def started(window: Window, now: datetime) -> datetime:
    if window.seconds is not None:
        return now - timedelta(seconds=window.seconds)
    zone = ZoneInfo(window.tz)
    return datetime.combine(now.astimezone(zone), time.min, zone)


def opened(tracked: Tracked, start: datetime) -> tuple[datetime, float] | None:
    """The newest moment at or before the window's start, and the sum then; None where it was not told yet."""
    index = bisect_right(tracked.points, start, key=lambda point: point[0])
    if index:
        return tracked.points[index - 1]
    return (tracked.since, 0.0) if tracked.since <= start else None


def told_at(view: View) -> datetime | None:
    """`Metric.aged`: the newest moment of which both are known."""
    tracked = view.account.stack.tracked
    return tracked.at if tracked else None


METRIC = Metric(
    "tracking_difference",
    "fraction",
    "behaviour",
    ("sliding", "session"),
    (Part.POSITIONS,),
    measure,
    aged=told_at,
    reads=("track",),
)
