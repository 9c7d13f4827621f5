"""M27 reject_rate, auth_rejects: orders that the venue refused, as far as proven; for the key's sake apart.

Formula: the lower end of Wilson's 95 % interval of rejected / placed in (now - W, now], without refusals for
authentication (unit: fraction; nothing placed is 0); with `of` only those of one class, of the same placed
(refusals.py). Those for authentication are counted by `auth_rejects` (unit: count): they mean the key, not
the strategy. Only what the venue lists as an order is seen; a request that it refused at the door never
becomes one. Bybit lists none that it refused for the key or for haste, and hardly any for a lack of money:
AtLeast 0 until one of that class is listed. Needs the open orders and an answer about past ones: Unknown
until then. AtLeast while watching began inside the window or rows were forgotten. Guardian's own do not
count.
Source: metrics.md M27; E. B. Wilson, JASA 22, 1927.
"""

from __future__ import annotations

from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import past_orders, placed_orders
from guardian.core.metrics.refusals import AT_THE_DOOR, CLASSES, refused
from guardian.core.metrics.within import bounded, gap, ordered_at, start_of
from guardian.core.model import AtLeast, Measured, Part, Unknown


def rate(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no past orders read yet", warming=True)
    start, kind = start_of(view), view.rule.of
    if kind and kind not in CLASSES:
        return Unknown(f"`of` names no class of refusals: {kind}")
    reasons = {o.id: refused(o) for o in past_orders(view)}
    tried = [reasons.get(o.id, "") for o in placed_orders(view, start) if o.created_at <= view.now]
    keys = tried.count("auth")
    rejected = tried.count(kind) if kind else len(tried) - tried.count("") - keys
    value = wilson_lower(rejected, len(tried) - keys) if rejected else 0.0
    missing = gap(doings, doings.orders, start)
    if missing is None and kind in AT_THE_DOOR and kind not in reasons.values():
        return AtLeast(value, f"the venue has listed no order of the class {kind}, and may list none")
    return bounded(value, missing)


def auth(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no past orders read yet", warming=True)
    start = start_of(view)
    listed = [o for o in past_orders(view) if refused(o) == "auth"]
    count, missing = sum(o.updated_at > start for o in listed), gap(doings, doings.orders, start)
    if missing is None and not listed:
        return AtLeast(0.0, "the venue has listed no order that it refused for the key, and may list none")
    return bounded(float(count), missing)


NEEDS = (Part.ORDERS,)
RATE = Metric(
    "reject_rate",
    "fraction",
    "behaviour",
    ("sliding",),
    NEEDS,
    rate,
    aged=ordered_at,
    of="a class of refusals",
    of_optional=True,
    choices=CLASSES,
)
AUTH = Metric("auth_rejects", "count", "behaviour", ("sliding",), (), auth, aged=ordered_at)
