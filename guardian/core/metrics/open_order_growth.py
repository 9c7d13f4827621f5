"""M25 open_order_growth: how far the number of resting orders has grown in the window, as a CUSUM.

Formula: one-sided CUSUM S = max(0, S + x - mu - k) over 30 counts of the window W; mu is the mean and k the
deviation (1 at least) of 30 counts of the W before it. The counts are re-created from when each order began
and ended. Unit: count; it clears again once the new number is the usual one. Needs the open
orders and an answer about past ones. Where more rows came than are remembered, the counts are those at whole
minutes (tally.py) and, between two of them, on a straight line. Unknown until 2 W were watched: counts would
be too low before, and the growth too large.
Source: metrics.md M25; E. S. Page, Biometrika 41, 1954.
"""

from __future__ import annotations

from datetime import timedelta

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import growth, placed_orders, resting_at, resting_orders
from guardian.core.metrics.tally import resting_by_minute, whole_minutes
from guardian.core.metrics.within import gap, ordered_at
from guardian.core.model import Known, Measured, Part, Unknown

COUNTS = 30


def measure(view: View) -> Measured:
    doings, seconds = view.account.doings, view.rule.window.seconds
    if doings is None or not seconds:
        return Unknown("no past orders read yet", warming=True)
    start, apart = view.now - timedelta(seconds=2 * seconds), timedelta(seconds=seconds / COUNTS)
    instants = [view.now - n * apart for n in range(2 * COUNTS - 1, -1, -1)]
    missing = gap(doings, doings.orders, start)
    counted = whole_minutes(view.account, missing, start)
    missing = missing if counted is None else counted[1]
    if missing is not None:
        return Unknown(missing[0], warming=missing[1])
    if counted is not None:
        resting = [order.created_at for order in resting_orders(view)]
        counts = resting_by_minute(counted[0], resting, instants, view.now)
    else:
        counts = [float(count) for count in resting_at(placed_orders(view), instants)]
    return Known(growth(counts[:COUNTS], counts[COUNTS:]))


METRIC = Metric(
    "open_order_growth", "count", "behaviour", ("sliding",), (Part.ORDERS,), measure, aged=ordered_at
)
