"""M26 slippage_delay, slippage_impact: what of the slippage came before the first execution, and what after.

Formula: delay = s (first - p) / p and impact = s (vwap - first) / p, each the mean over the signals filled in
(now - W, now], weighted by worth as in slippage.py, of which they are the sum; s is +1 for a buy, p the
signal's price, first the price of its first execution (of several at that instant the best). Unit: fraction.

The delay is what the market moved between signal and venue, and half the spread: a slow path, or a late
signal. The impact is what the order itself moved, or what the market did while it filled: too large an order.
The reference splits at the mid when the order arrived; nobody tells that one, and the first execution is what
shows it: of an order that rests, all of it is delay. Needs what slippage.py does, and is Unknown or AtLeast
as that is.
Source: metrics.md M26; A. F. Perold, JPM 14(3), 1988.
"""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.signalled import Joined, joined, joined_at, partly
from guardian.core.model import Measured, Unknown


def delay(row: Joined) -> float:
    price = float(row.signal.price)
    return row.signal.side * (row.first - price) / price


def impact(row: Joined) -> float:
    return row.signal.side * (row.average - row.first) / float(row.signal.price)


def _mean(part: Callable[[Joined], float]) -> Callable[[View], Measured]:
    def measure(view: View) -> Measured:
        rows, why = joined(view)
        whole = sum(row.worth for row in rows)
        if not whole:
            return Unknown(why or "no signal was filled within the window")
        return partly(sum(row.worth * part(row) for row in rows) / whole, why)

    return measure


DELAY = Metric("slippage_delay", "fraction", "behaviour", ("sliding",), (), _mean(delay), aged=joined_at)
IMPACT = Metric("slippage_impact", "fraction", "behaviour", ("sliding",), (), _mean(impact), aged=joined_at)
