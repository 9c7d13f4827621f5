"""data_age: seconds since the newest complete read was *asked*; blindness as a number.

Formula: now - the question of the newest read that was complete, not below 0. Unit: seconds. It needs nothing
and is never Unknown: with no complete read at all it is the time since watching began.
Source: metrics.md M31 (staleness).
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured


def measure(view: View) -> Measured:
    since = view.account.evidence.complete_at or view.account.watched_since
    return Known(max(0.0, (view.now - since).total_seconds()))


METRIC = Metric("data_age", "seconds", "blindness", ("none",), (), measure, reads=())
