"""rate_budget: the least fraction of a request allowance that any answer of the last 60 seconds left.

Formula: min of remaining / limit over every answer to a request of the reads that told both, each of its own
endpoint; 0 is told, never assumed. Bybit counts by account and endpoint, so that what the bot asks of the
same endpoints is in it, and what it may still send of orders is not. Unit: fraction. Unknown before the first
request, without one in that time, and where no answer told an allowance, or all were nonsense (a limit of 0,
more left than there is).
Source: Bybit v5 "Rate Limit Rules", the headers X-Bapi-Limit-Status and X-Bapi-Limit.
"""

from __future__ import annotations

from guardian.core.metrics.api_calls import least, recent
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Unknown


def measure(view: View) -> Measured:
    api = view.account.api
    if not api.slots:
        return Unknown("no request yet", warming=True)
    slots = recent(api, view.now)
    if not slots:
        return Unknown("no request in the last 60 s")
    left = least(slot.budget for slot in slots)
    return Unknown("no answer told a request allowance in the last 60 s") if left is None else Known(left)


METRIC = Metric("rate_budget", "fraction", "blindness", ("none",), (), measure, reads=("api",), low=True)
