"""M06 time_to_limit: seconds until the drawdown reaches its limit if the loss goes on as fast as now.

Formula: (theta - DD_W) / v, where DD_W is the drawdown over the rule's window, v the fastest of the
loss velocities over 1, 5 and 15 minutes that are known, theta the limit: `of: 0.05`, 5 % where the rule
names none. Past the limit 0; without a loss, and where it would take longer, a day.

Unit: seconds, for rules with `under`: less time than flattening takes is a warning. Needs the positions.
Unknown while warming, while no velocity is known and while the two accounts of the equity differ; while the
window fills the drawdown may be larger, and the time is an upper bound (at_most.py).
A forecast. Source: metrics.md M06.
"""

from __future__ import annotations

from math import isfinite

from guardian.core.metrics.at_most import at_most
from guardian.core.metrics.drawdown import measure as drawdown
from guardian.core.metrics.loss_velocity import speed_over
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

DEFAULT_LIMIT = 0.05
WINDOWS_SECONDS = (60.0, 300.0, 900.0)
DAY_SECONDS = 86_400.0


def seconds_left(limit: float, fallen: float, per_minute: float) -> float:
    if fallen >= limit:
        return 0.0
    if per_minute <= 0:
        return DAY_SECONDS
    return min(60 * (limit - fallen) / per_minute, DAY_SECONDS)


def limit_of(name: str) -> float | None:
    """The limit that `of` names; None where that is no fraction."""
    try:
        limit = float(name) if name else DEFAULT_LIMIT
    except ValueError:
        return None
    return limit if isfinite(limit) and 0 < limit < 1 else None


def measure(view: View) -> Measured:
    limit = limit_of(view.rule.of)
    if limit is None:
        return Unknown(f"`of` names no fraction: {view.rule.of}")
    fallen = drawdown(view)
    if isinstance(fallen, Unknown):
        return fallen
    speeds = [speed_over(view, seconds) for seconds in WINDOWS_SECONDS]
    known = [v.value for v in speeds if isinstance(v, Known)]
    if not known:
        return speeds[0] if isinstance(speeds[0], Unknown) else Unknown("the accounts of the equity differ")
    left = seconds_left(limit, fallen.value, max(known))
    return at_most(left, fallen.why, view.rule) if isinstance(fallen, AtLeast) else Known(left)


NEEDS = (Part.POSITIONS,)

METRIC = Metric(
    "time_to_limit",
    "seconds",
    "forecast",
    ("sliding", "hwm"),
    NEEDS,
    measure,
    baseline=True,
    reads=("track",),
    low=True,
)
