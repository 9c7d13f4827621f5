"""M31 clock_offset: seconds between the venue's clock and ours, whichever is ahead.

Formula: |theta|, theta = T_venue - (t0 + t3) / 2 of the measurement with the shortest round trip among the
last 20, sure to half that round trip. Where that is more than `SURE_SECONDS`, only |theta| less the error is
proven (AtLeast). Signed requests are refused outside the venue's receive window.

Unit: seconds. Unknown (warming) before the first measurement, and where none was made for the rule's
`stale_after`. Source: metrics.md M31; RFC 5905 section 10.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Unknown

SURE_SECONDS = 0.1


def measure(view: View) -> Measured:
    clock, at = view.account.api.clock, view.account.api.clock_at
    if clock is None or at is None:
        return Unknown("the venue's clock was not measured yet", warming=True)
    age = (view.now - at).total_seconds()
    if age > view.rule.stale_after_seconds:
        return Unknown(f"the venue's clock was last told {age:.0f} s ago")
    offset = abs(clock.seconds)
    if clock.error_seconds <= SURE_SECONDS:
        return Known(offset)
    proven = max(0.0, offset - clock.error_seconds)
    return AtLeast(proven, f"the clock is sure to {clock.error_seconds:.1f} s")


METRIC = Metric("clock_offset", "seconds", "blindness", ("none",), (), measure)
