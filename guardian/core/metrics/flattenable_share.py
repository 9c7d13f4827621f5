"""M23 flattenable_share: how much of what could be closed within the deadline is held, of the worst symbol.

Formula: max over symbols and sides of quantity / (depth + POV V (T - requests)), the model of
time_to_flatten.py turned round: `requests` are those of all orders one after another, each as long as the
99th percentile of request times, depth lies within `flatten.slippage` of mid on the side that closes, V is
the day's volume a second, POV = 0.1, and T is the account's `flatten.deadline`; where the requests alone take
longer nothing can be closed in time. Above 1 it cannot be flat by then: then, and only then,
`time_to_flatten` is above T. It says so while the position grows, before any crash; 0.5 may double.

Unit: multiple of what can be closed, a million where nothing can be; nothing held is 0. Needs positions and
books, and quotes for the day's volume. AtLeast while a book, a volume or request times are missing; Unknown
until positions and books were asked for. Depth, volume and latency may be shown falsely, so its family is
forecast: a limit of 1 halts what still grows.
Source: metrics.md M23, `max_flattenable`.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics import api_latency
from guardian.core.metrics.book import depth_within, mid
from guardian.core.metrics.closing import Closing, booked_at, closings
from guardian.core.metrics.exposure import RUIN
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.time_to_flatten import DAY_SECONDS, flattenable, orders_for
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    held = closings(view)
    if not held:
        return Known(0.0)
    rtt = api_latency.P99.measure(view)
    requests = 0.0 if isinstance(rtt, Unknown) else rtt.value * sum(orders_for(c) for c in held)
    policy = view.account.policy
    shares = [(c.symbol, share(c, policy.slippage, policy.flatten_deadline_seconds, requests)) for c in held]
    known = [found for _, found in shares if found is not None]
    missing = [symbol for symbol, found in shares if found is None]
    largest = max(known, default=0.0)
    if missing:
        return AtLeast(largest, f"no book or no volume of {missing[0]}")
    return Known(largest) if isinstance(rtt, Known) else AtLeast(largest, rtt.why)


def share(closing: Closing, slippage: float, seconds: float, requests_seconds: float) -> float | None:
    """None without a book that has two sides, or without the day's volume."""
    volume = closing.quote.day_volume if closing.quote else None
    if closing.book is None or mid(closing.book) is None or volume is None:
        return None
    depth = float(depth_within(closing.book, closing.side, slippage))
    per_second = max(0.0, float(volume / Decimal(DAY_SECONDS)))
    most = flattenable(seconds, depth, per_second, requests_seconds)
    return min(float(closing.quantity) / most, RUIN) if most > 0 else RUIN


METRIC = Metric(
    "flattenable_share", "multiple", "forecast", ("none",), (Part.POSITIONS,), measure, aged=booked_at
)
