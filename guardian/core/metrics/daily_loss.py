"""M04 daily_loss: the fraction lost since the session opened at local midnight.

Formula: max(0, 1 - N_now / N_open); N_open is the last NAV confirmed before midnight. On the first day it is
the first NAV seen, and the value is AtLeast ("watching since"). Where nobody watched as the day began
(baseline.py), N_open is the less of the last NAV before and the first one of the day: another day's loss is
none of today's; the value is AtLeast as well. A new day never clears a latched level.

Unit: fraction of the NAV at the opening. Needs the positions. Unknown while warming (five confirmed reads);
AtLeast, beside the above, while the two accounts of the equity differ.
Source: metrics.md M04.
"""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.memory import Baseline
from guardian.core.metrics.baseline import Hole, hole_at_opening
from guardian.core.metrics.drawdown import disputed, fraction_lost, unwatched
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown, Window


def opened(baseline: Baseline) -> float:
    return baseline.points[0][1]


def measure(view: View) -> Measured:
    return of_today(view, view.own.baseline, opened, hole_at_opening)


def of_today(
    view: View,
    baseline: Baseline | None,
    top: Callable[[Baseline], float],
    hole_in: Callable[[Baseline, Window], Hole | None],
) -> Measured:
    """The fall from a session's `top` to now, as strong as the evidence and a `hole_in` it allow."""
    nav = view.account.nav
    if nav is None or nav.warming or baseline is None:
        return Unknown("waiting for five confirmed reads", warming=True)
    fallen = fraction_lost(nav.value, top(baseline))
    if not nav.agreed:
        return AtLeast(fallen, disputed(nav))
    hole = hole_in(baseline, view.rule.window)
    if hole is not None:
        return AtLeast(fallen, unwatched(hole), unseen=True)
    if not baseline.whole:
        return AtLeast(fallen, f"watching since {baseline.since:%H:%M} UTC", filling=True)
    return Known(fallen)


METRIC = Metric(
    "daily_loss",
    "fraction",
    "loss",
    ("session",),
    (Part.POSITIONS,),
    measure,
    corroborated=True,
    scopes=TOGETHER,
    baseline=True,
    reads=(),
)
