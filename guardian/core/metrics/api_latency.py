"""M31 api_latency_p50, _p95, _p99: seconds that a request to the venue takes, over the last 60 seconds.

Formula: nearest rank, ceil(q n), of a DDSketch (1 % relative error) over every request of the reads, from
when it was meant to be sent, waiting for a socket included. A request without an answer would have taken
longer than it was given: where the quantile could fall on one, it is AtLeast what is proven. Reads that the
timer skipped because one was still awaited are not counted, so one long wait counts once.

Unit: seconds. Unknown (warming) before the first request, and without one in the last 60 seconds.
Source: metrics.md M31; Masson, Rim & Lee 2019 (DDSketch).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from guardian.core.metrics.api_calls import recent, times
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.sketch import Buckets, at_rank, estimate, merged, total
from guardian.core.model import AtLeast, Known, Measured, Unknown


def quantile(q: float) -> Callable[[View], Measured]:
    def measure(view: View) -> Measured:
        api = view.account.api
        if not api.slots:
            return Unknown("no request yet", warming=True)
        return censored(*times(recent(api, view.now)), q)

    return measure


def censored(answered: Buckets, unanswered: Buckets, q: float) -> Measured:
    """Between two truths: each wait without an answer ended just then, or never would have."""
    everything = merged((answered, unanswered))
    rank = max(1, math.ceil(q * total(everything)))
    least, most = at_rank(everything, rank), at_rank(answered, rank)
    if least is None:
        return Unknown("no request in the last 60 s")
    if least == most:
        return Known(estimate(least))
    return AtLeast(estimate(least), f"{total(unanswered)} requests had no answer")


def _metric(percent: int) -> Metric:
    name = f"api_latency_p{percent}"
    return Metric(name, "seconds", "blindness", ("none",), (), quantile(percent / 100))


P50, P95, P99 = _metric(50), _metric(95), _metric(99)
