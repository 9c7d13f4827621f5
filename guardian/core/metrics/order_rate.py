"""M25 order_rate: orders that the bot placed within the window, per minute.

Formula: count of orders created in (now - W, now], 60 / W times. Unit: count (a minute); amendments are not
seen. Needs the open orders and an answer about past ones: Unknown until then. AtLeast while watching began
inside the window. Where more rows came than are remembered (500) they are counted by the minute (tally.py),
and the window begins with a whole one; it is never less than what the rows prove. Guardian's own orders do
not count.
Source: metrics.md M25.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import placed_orders, resting_orders
from guardian.core.metrics.tally import whole, whole_minutes
from guardian.core.metrics.within import bounded, gap, ordered_at, start_of
from guardian.core.model import Measured, Part, Unknown


def measure(view: View) -> Measured:
    doings, seconds = view.account.doings, view.rule.window.seconds
    if doings is None or not seconds:
        return Unknown("no past orders read yet", warming=True)
    start = start_of(view)
    rate = sum(o.created_at <= view.now for o in placed_orders(view, start)) * 60 / seconds
    missing = gap(doings, doings.orders, start)
    counted = whole_minutes(view.account, missing, start)
    if counted is None:
        return bounded(rate, missing)
    first = whole(start)
    count = sum(minute[3] for minute in counted[0]) + len(resting_orders(view, first))
    return bounded(max(rate, count * 60 / (view.now - first).total_seconds()), counted[1])


METRIC = Metric("order_rate", "count", "behaviour", ("sliding",), (Part.ORDERS,), measure, aged=ordered_at)
