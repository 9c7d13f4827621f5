"""M25 queue_growth: how far a queue has grown within the window, as a CUSUM of the gauge that `of` names.

Formula: one-sided CUSUM S = max(0, S + x - mu - k) over the readings in (now - W, now]; mu is the mean and k
the deviation (1 at least) of the remembered readings before the window, five at least. Unit: count, as the
queue is counted. A reading is the largest of ten seconds, and 60 are remembered: ten minutes of what is told
more often, so a window is at most nine. Unknown until the gauge was told, and without a reading in the window
or five before it.
Its family is behaviour. Source: metrics.md M25; E. S. Page, Biometrika 41, 1954.
"""

from __future__ import annotations

from guardian.core.metrics.gauge import readings, told_at
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import MINIMUM_BASELINE, growth
from guardian.core.metrics.within import start_of
from guardian.core.model import Known, Measured, Unknown


def measure(view: View) -> Measured:
    start = start_of(view)
    before = [g.value for g in readings(view) if g.at <= start]
    after = [g.value for g in readings(view) if g.at > start]
    if not after:
        return Unknown("no reading within the window")
    if len(before) < MINIMUM_BASELINE:
        return Unknown(f"{len(before)} readings before the window, {MINIMUM_BASELINE} are needed")
    return Known(growth(before, after))


METRIC = Metric("queue_growth", "count", "behaviour", ("sliding",), (), measure, aged=told_at, of="a gauge")
