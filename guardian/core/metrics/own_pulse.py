"""M32 loop_lag, disk_free: how late guardian itself is, and what is free of its journal's disk.

Formula: loop_lag is the longest of the last 60 seconds that a read waited for its judgement after it had
come, or that the bell of each half second rang late (unit: seconds). disk_free is what is free for guardian
of the file system of its journal, over all of it (unit: fraction), for rules with `under`. Both come with a
read where a rule asks for them (runtime/pulse.py), are journaled with it, and decide the same when they are
replayed.

Unknown (warming) before the first, and where the disk was not looked at within a minute; stale as they are
not told, which is with every read. A guardian that judges nothing judges no rule of this either: that it is
alive is for the permit's lease, `/livez` and alerts/prometheus.yaml. Whether the journal is written is a
trouble of its own: while it is not, nothing is lowered.
Their family is blindness: who is late does not see. Source: metrics.md M32.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Unknown


def lag(view: View) -> Measured:
    pulse = view.account.api.pulse
    return Unknown("not told yet", warming=True) if pulse is None else Known(pulse.lag_seconds)


def disk(view: View) -> Measured:
    pulse = view.account.api.pulse
    if pulse is None:
        return Unknown("not told yet", warming=True)
    if pulse.disk_free is None:
        return Unknown("the disk was not looked at for a minute")
    return Known(pulse.disk_free)


def felt_at(view: View) -> datetime | None:
    """`Metric.aged`."""
    return view.account.api.pulse_at


LAG = Metric("loop_lag", "seconds", "blindness", ("none",), (), lag, aged=felt_at, reads=("api",))
DISK = Metric(
    "disk_free", "fraction", "blindness", ("none",), (), disk, aged=felt_at, reads=("api",), low=True
)
