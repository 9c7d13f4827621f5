"""M26 slippage: how much worse fills were than the prices that their signals meant, on average.

Formula: sum w s (vwap - p) / p over sum w, over the signals filled in (now - W, now]; s is +1 for a buy, p
the signal's price, vwap that of its fills (joined by client id), w their worth. Unit: fraction (17.5 bps are
0.00175); negative is better than meant. Needs fills, and signals by telemetry: none told is Unknown, never
zero. AtLeast, in that it fires and does not clear, while fills have no signal or the window is not wholly
known. What was not filled is not in it (opportunity_cost.py).
Source: metrics.md M26; A. F. Perold, JPM 14(3), 1988.
"""

from __future__ import annotations

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.signalled import joined, joined_at, partly
from guardian.core.model import Measured, Unknown


def slip(side: int, signal: float, average: float) -> float:
    return side * (average - signal) / signal


def measure(view: View) -> Measured:
    rows, why = joined(view)
    whole = sum(row.worth for row in rows)
    if not whole:
        return Unknown(why or "no signal was filled within the window")
    cost = sum(row.worth * slip(row.signal.side, float(row.signal.price), row.average) for row in rows)
    return partly(cost / whole, why)


METRIC = Metric("slippage", "fraction", "behaviour", ("sliding",), (), measure, aged=joined_at)
