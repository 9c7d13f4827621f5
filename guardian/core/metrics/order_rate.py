"""M25 order_rate: orders that the bot placed within the window, per minute.

Formula: count of orders created in (now - W, now], 60 / W times. Unit: count (a minute); amendments are not
seen. Needs the open orders and an answer about past ones. AtLeast while watching began inside the window, or
more rows came than are remembered (500). Guardian's own orders do not count.
Source: metrics.md M25.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import placed_orders
from guardian.core.metrics.within import bounded, gap, ordered_at, start_of
from guardian.core.model import Measured, Part, Unknown


def measure(view: View) -> Measured:
    doings, seconds = view.account.doings, view.rule.window.seconds
    if doings is None or not seconds:
        return Unknown("no past orders read yet", warming=True)
    start = start_of(view)
    count = sum(o.created_at <= view.now for o in placed_orders(view, start))
    return bounded(count * 60 / seconds, gap(doings, doings.orders, start))


METRIC = Metric("order_rate", "count", "behaviour", ("sliding",), (Part.ORDERS,), measure, aged=ordered_at)
