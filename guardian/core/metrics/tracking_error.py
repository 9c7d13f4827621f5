"""M34 tracking_error: by how much a day what the account earned scatters about what its paper twin did.

Formula: sqrt(sum w d^2 / sum w t) over the steps between the moments at which both were known (tracking.py:
of each quarter of an hour the last one, of what is older than two days of each hour), d what live earned more
in the step than the multiplier times paper, t the step in days, w = 2^(-age / a day): the exponentially
weighted standard deviation of a day's difference, without a mean, as RiskMetrics has it. tracking_difference
is the sum that grows with a drift; this grows with what cancels out in it. Unit: fraction (a day); both alike
is 0.

Needs positions, and the twin `paper` by telemetry. Unknown until it was told (warming) for four hours and
twelve steps, and while the equity is disputed. It is as old as the newest word of the twin with a confirmed
NAV of its moment. What is paid in or out of paper counts as earned where the twin does not tell it.
Its family is behaviour. Source: metrics.md M34; RiskMetrics Technical Document, 1996.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.tracking import Point
from guardian.core.metrics.tracking_difference import DAY_SECONDS, told_at, told_beside
from guardian.core.model import Known, Measured, Part, Unknown

HALF_LIFE_DAYS = 1.0
LEAST_STEPS, LEAST_SECONDS = 12, 4 * 3600.0


def scatter(points: Sequence[Point]) -> float:
    """Of a day, by the sums at these moments, the oldest first; there are two of them at least."""
    last, squares, time = points[-1][0], 0.0, 0.0
    for (began, before), (ended, after) in pairwise(points):
        days = (ended - began).total_seconds() / DAY_SECONDS
        weight = 2 ** (-(last - ended).total_seconds() / DAY_SECONDS / HALF_LIFE_DAYS)
        squares += weight * (after - before) ** 2
        time += weight * days
    return sqrt(squares / time)


def measure(view: View) -> Measured:
    tracked = told_beside(view)
    if isinstance(tracked, Unknown):
        return tracked
    points = (*tracked.points, (tracked.at, tracked.difference))
    told = (tracked.at - points[0][0]).total_seconds()
    if len(points) <= LEAST_STEPS or told < LEAST_SECONDS:
        return Unknown(f"told {len(points)} times within {told:.0f} s", warming=True)
    return Known(scatter(points))


METRIC = Metric(
    "tracking_error",
    "fraction",
    "behaviour",
    ("none",),
    (Part.POSITIONS,),
    measure,
    aged=told_at,
    reads=("track",),
)
