"""M36 model_vs_fill: how far fills are from what the strategy's model predicted, in its own deviations.

Formula: exponentially weighted mean of |z|, z = (vwap - predicted) / sigma of each signal filled in
(now - W, now], in the order of the signals, half-life 10 signals. A model that knows its errors stays near
0.8; 2 means that it no longer describes the market. Unit: count (standard deviations). Needs fills, and
signals with `predicted` and `sigma` by telemetry: none told is Unknown. AtLeast, in that it fires and does
not clear, while fills have no signal or the window is not wholly known.
Source: metrics.md M36.
"""

from __future__ import annotations

from guardian.core.facts.telemetry import Signal
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.signalled import joined, joined_at, partly
from guardian.core.model import Measured, Unknown

DECAY = 0.5 ** (1 / 10)
FARTHEST = 1e3
"""Bound on one z, so that a sigma of nearly nothing does not drown every other signal for ever."""


def z_score(signal: Signal, average: float) -> float | None:
    """None where the signal predicts nothing."""
    if signal.predicted is None or signal.sigma is None or signal.sigma <= 0:
        return None
    z = (average - signal.predicted) / signal.sigma
    return max(-FARTHEST, min(FARTHEST, z))


def weighted(scores: list[float]) -> float:
    """The newest last, and heaviest."""
    weights = [DECAY ** (len(scores) - 1 - n) for n in range(len(scores))]
    return sum(w * abs(z) for w, z in zip(weights, scores, strict=True)) / sum(weights)


def measure(view: View) -> Measured:
    rows, why = joined(view)
    scores = [z for row in rows if (z := z_score(row.signal, row.average)) is not None]
    if not scores:
        return Unknown(why or "no signal with a prediction was filled within the window")
    silent = len(rows) - len(scores)
    return partly(weighted(scores), why or (f"{silent} signals predict nothing" if silent else ""))


METRIC = Metric("model_vs_fill", "count", "behaviour", ("sliding",), (), measure, aged=joined_at)
