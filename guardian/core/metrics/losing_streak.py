"""M05 losing_streak: how many closing orders in a row have lost, up to now.

Formula: k of consecutive closes with realised P&L less fee below 0; all fills of one order are one close. A
close that made money, or nothing, ends the streak; openings do not count. A fee in another currency than
the P&L is left out: it never makes a loss of a gain.

Unit: count. Needs the fills. Unknown until they have been asked for, and from a close of which the venue
tells no realised P&L until one that it tells of ends a streak: nobody knows how long that one was. On Bybit
it is told where executions bear `execPnl`; where they do not, it is Unknown from the first close on.
It is a behaviour: what was lost is in `realised_loss`, and a row of small losses moves no position.
Bound: one count. Source: metrics.md M05; StoplossGuard of freqtrade.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from guardian.core.facts.activity import Activity, Fill, Streak
from guardian.core.frozen import replace
from guardian.core.memory import Doings
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Unknown

KEPT = timedelta(days=1)


def fold_streak(streak: Streak, known: Doings | None, seen: Activity) -> Streak:
    """The streak after one answer: each fill once, oldest first, as doings.py remembers them."""
    before = {fill.id for fill in known.fills} if known else set()
    fresh = {f.id: f for f in seen.fills or () if f.id not in before and f.at > seen.asked_at - KEPT}
    for fill in sorted(fresh.values(), key=lambda f: (f.at, f.id)):
        if fill.closed.is_finite() and fill.closed > 0:
            streak = after(streak, fill)
    return streak


def after(streak: Streak, fill: Fill) -> Streak:
    """The streak after one closing fill."""
    net = made(fill)
    if net is None:
        return Streak(told=False, order_id=fill.order_id)
    same = bool(fill.order_id) and fill.order_id == streak.order_id
    if same and not streak.told:
        return streak
    before = streak.before if same else streak.losing
    net += streak.net if same else 0.0
    told = streak.told or net >= 0
    return replace(
        streak,
        order_id=fill.order_id,
        net=net,
        before=before,
        losing=before + 1 if net < 0 else 0,
        told=told,
    )


def made(fill: Fill) -> float | None:
    """Realised P&L less fee of a closing fill; None where the venue tells none."""
    if fill.realised is None or not (fill.realised.is_finite() and fill.fee.is_finite()):
        return None
    return float(fill.realised - (fill.fee if fill.fee_currency == settle_of(fill) else 0))


def settle_of(fill: Fill) -> str:
    """What its P&L is told in."""
    return fill.symbol.partition("/")[2].rpartition(":")[2].partition("-")[0]


def _filled_at(view: View) -> datetime | None:
    return view.account.doings.filled_at if view.account.doings else None


def measure(view: View) -> Measured:
    streak = view.account.course.streak
    if not streak.told:
        return Unknown("the venue told no P&L of a close")
    return Known(float(streak.losing))


METRIC = Metric("losing_streak", "count", "behaviour", ("none",), (), measure, aged=_filled_at)
