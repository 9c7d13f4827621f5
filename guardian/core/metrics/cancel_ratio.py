"""M25 cancel_ratio: of the orders that ended in the window, those cancelled unfilled, as far as it is proven.

Formula: the lower end of Wilson's 95 % interval of cancelled without a fill / all that ended, so that one of
one is not 100 % (0.21). Unit: fraction; nothing ended is 0. Needs an answer about past orders: Unknown until
then. AtLeast while watching began inside the window or rows were forgotten: the bound holds for any part.
Guardian's own do not count.
Source: metrics.md M25, M27.
"""

from __future__ import annotations

from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import past_orders
from guardian.core.metrics.within import bounded, gap, ordered_at, start_of
from guardian.core.model import Measured, Unknown


def measure(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no past orders read yet", warming=True)
    start = start_of(view)
    ended = [o for o in past_orders(view) if o.updated_at > start]
    cancelled = sum(o.status == "cancelled" and not o.filled for o in ended)
    value = wilson_lower(cancelled, len(ended)) if cancelled else 0.0
    return bounded(value, gap(doings, doings.orders, start))


METRIC = Metric("cancel_ratio", "fraction", "behaviour", ("sliding",), (), measure, aged=ordered_at)
