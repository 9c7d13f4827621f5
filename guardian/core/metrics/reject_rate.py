"""M27 reject_rate, auth_rejects: orders that the venue refused, as far as proven; for the key's sake apart.

Formula: the lower end of Wilson's 95 % interval of rejected / placed in (now - W, now], without refusals for
authentication (unit: fraction; nothing placed is 0). Those are counted by `auth_rejects` (unit: count): they
mean the key, not the strategy. Only what the venue lists as an order is seen; a request that it refused at
the door never becomes one. Needs the open orders and an answer about past ones: Unknown until then. AtLeast
while watching began inside the window or rows were forgotten. Guardian's own do not count.
Source: metrics.md M27; E. B. Wilson, JASA 22, 1927.
"""

from __future__ import annotations

from guardian.core.facts.activity import PastOrder
from guardian.core.metrics.api_calls import error_class
from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import past_orders, placed_orders
from guardian.core.metrics.within import bounded, gap, ordered_at, start_of
from guardian.core.model import Call, Measured, Part, Unknown


def is_auth(order: PastOrder) -> bool:
    return order.status == "rejected" and error_class(Call("order", 0.0, order.code)) == "auth"


def rate(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no past orders read yet", warming=True)
    start = start_of(view)
    ours = {o.id: o for o in past_orders(view)}
    tried = [o for o in placed_orders(view, start) if o.created_at <= view.now]
    keys = sum(o.id in ours and is_auth(ours[o.id]) for o in tried)
    rejected = sum(o.id in ours and ours[o.id].status == "rejected" for o in tried) - keys
    attempts = len(tried) - keys
    value = wilson_lower(rejected, attempts) if rejected else 0.0
    return bounded(value, gap(doings, doings.orders, start))


def auth(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no past orders read yet", warming=True)
    start = start_of(view)
    count = sum(is_auth(o) for o in past_orders(view) if o.updated_at > start)
    return bounded(float(count), gap(doings, doings.orders, start))


NEEDS = (Part.ORDERS,)
RATE = Metric("reject_rate", "fraction", "behaviour", ("sliding",), NEEDS, rate, aged=ordered_at)
AUTH = Metric("auth_rejects", "count", "behaviour", ("sliding",), (), auth, aged=ordered_at)
