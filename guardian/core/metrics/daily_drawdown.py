"""M04 daily_drawdown: the fraction lost since the highest NAV of the session that opened at local midnight.

Formula: 1 - N_now / max N over the session, its open included: the last NAV confirmed before midnight. It is
never less than daily_loss: a day that gained and gave it back has lost nothing, and has fallen. Deposits and
withdrawals do not move it.

Unit: fraction. Needs the positions. Unknown while warming; AtLeast on a day that was not watched from its
beginning ("watching since"), once there was a hole in it in which nobody watched (baseline.py), and while the
two accounts of the equity differ. A new day begins at its open, and never clears a latched level.
Source: metrics.md M04.
"""

from __future__ import annotations

from guardian.core.memory import Baseline
from guardian.core.metrics.baseline import Hole
from guardian.core.metrics.daily_loss import of_today
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.model import Measured, Part, Window


def highest(baseline: Baseline) -> float:
    return baseline.points[-1][1]


def hole_of_day(baseline: Baseline, window: Window) -> Hole | None:
    return baseline.hole


def measure(view: View) -> Measured:
    return of_today(view, view.own.baseline, highest, hole_of_day)


METRIC = Metric(
    "daily_drawdown",
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
