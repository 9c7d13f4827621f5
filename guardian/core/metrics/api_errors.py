"""M31 api_error_rate: fraction of the requests of the last 60 seconds that failed, as far as it is proven.

Formula: the lower end of Wilson's 95 % interval of failed of all, so that one of one is not 100 % (0.21). A
request failed when it had no answer, an HTTP error, a raw code of refusal, or a body that is none of the
venue's. By class (`api_calls.failures`) for people: rate limit, server, auth, no answer, other.

Unit: fraction. Unknown (warming) before the first request, and without one in the last 60 seconds.
Source: metrics.md M27, M31; E. B. Wilson, JASA 22, 1927.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from guardian.core.metrics.api_calls import failures, recent, requests
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Unknown

Z_95 = NormalDist().inv_cdf(0.975)


def measure(view: View) -> Measured:
    api = view.account.api
    if not api.slots:
        return Unknown("no request yet", warming=True)
    slots = recent(api, view.now)
    asked = requests(slots)
    if not asked:
        return Unknown("no request in the last 60 s")
    return Known(wilson_lower(sum(failures(slots).values()), asked))


def wilson_lower(hits: int, of: int) -> float:
    """The least true fraction that `hits` of `of` (at least 1) is compatible with, at 95 %."""
    p, z2 = hits / of, Z_95**2
    middle = p + z2 / (2 * of)
    spread = Z_95 * math.sqrt(p * (1 - p) / of + z2 / (4 * of**2))
    return max(0.0, (middle - spread) / (1 + z2 / of))


METRIC = Metric("api_error_rate", "fraction", "blindness", ("none",), (), measure)
