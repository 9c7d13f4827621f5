"""data_age: seconds since the newest complete read was *asked*; blindness as a number.

Never Unknown: with no read at all it is the time since watching began.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured


def measure(view: View) -> Measured:
    since = view.account.evidence.complete_at or view.account.watched_since
    return Known(max(0.0, (view.now - since).total_seconds()))


METRIC = Metric("data_age", "seconds", "blindness", ("none",), (), measure, reads=())
