"""M23 time_to_flatten: seconds until everything could be closed; "can this still be flattened in 60 s?"

Formula: sum over orders of rtt + max over symbols of max(0, q - depth) / (POV V). `orders` are 2 a symbol and
side (a price-capped one, and one for what it left), or as many as the venue's largest order makes necessary;
rtt is the 99th percentile of request times; depth lies within the account's `flatten.slippage` of mid; V is
the day's volume a second, POV = 0.1 the part of it that one may be. Symbols trade at the same time, requests
are counted one after another: pacing may make them so. Unit: seconds, at most a week; nothing held is 0.

Needs positions and books, and quotes for the day's volume, which does not age in minutes. AtLeast while a
book, a volume or request times are missing; it is Unknown only until positions and books were asked for: what
is not known adds nothing to what is proven. Its family is forecast, not exposure: depth, volume and latency
are what strangers and the line will do, and may be shown falsely. A limit of 60 s halts what still grows;
positions are moved by hard limits on exposure.
Source: metrics.md M23.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from guardian.core.metrics import api_latency
from guardian.core.metrics.book import depth_within, mid
from guardian.core.metrics.closing import Closing, booked_at, closings
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

POV = 0.1
ORDERS = 2
LONGEST_SECONDS = 7 * 86_400.0
DAY_SECONDS = 86_400


def waiting_seconds(quantity: float, depth: float, per_second: float, pov: float = POV) -> float:
    """For volume, once the depth is taken."""
    rest = max(0.0, quantity - depth)
    if not rest:
        return 0.0
    rate = pov * per_second
    return min(rest / rate, LONGEST_SECONDS) if rate > 0 else LONGEST_SECONDS


def flattenable(seconds: float, depth: float, per_second: float, requests_seconds: float) -> float:
    """The largest quantity that can be closed in so many seconds; 0 where the requests alone take longer."""
    if requests_seconds > seconds:
        return 0.0
    return depth + POV * per_second * (seconds - requests_seconds)


def orders_for(closing: Closing) -> int:
    if closing.maximum <= 0:
        return ORDERS
    return max(ORDERS, int((closing.quantity / closing.maximum).to_integral_value(ROUND_CEILING)))


def measure(view: View) -> Measured:
    held = closings(view)
    if not held:
        return Known(0.0)
    rtt = api_latency.P99.measure(view)
    waits = [(c.symbol, _wait(c, view.account.policy.slippage)) for c in held]
    known = [wait for _, wait in waits if wait is not None]
    missing = [symbol for symbol, wait in waits if wait is None]
    one = 0.0 if isinstance(rtt, Unknown) else rtt.value
    seconds = min(sum(orders_for(c) for c in held) * one + max(known, default=0.0), LONGEST_SECONDS)
    if missing:
        return AtLeast(seconds, f"no book or no volume of {missing[0]}")
    return Known(seconds) if isinstance(rtt, Known) else AtLeast(seconds, rtt.why)


def _wait(closing: Closing, slippage: float) -> float | None:
    if closing.book is None or mid(closing.book) is None:
        return None
    depth = depth_within(closing.book, closing.side, slippage)
    if closing.quantity <= depth:
        return 0.0
    if closing.quote is None or closing.quote.day_volume is None:
        return None
    per_second = closing.quote.day_volume / Decimal(DAY_SECONDS)
    return waiting_seconds(float(closing.quantity), float(depth), float(per_second))


METRIC = Metric(
    "time_to_flatten", "seconds", "forecast", ("none",), (Part.POSITIONS,), measure, aged=booked_at
)
