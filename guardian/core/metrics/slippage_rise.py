"""M26 slippage_rise: how much worse fills have become than they usually are, in their own deviations.

Formula: exponentially weighted mean, half-life 10 signals, of z = (slip - median) / (1.4826 MAD) over the
signals filled in (now - W, now], in the order of the signals; slip is that of slippage.py, median and MAD
(one basis point at least, for equal fills have none) those of the same symbol's fills before the window.
Above 3 the fills are no longer the usual ones, whatever the usual ones cost. Unit: count (deviations);
negative is better than usual.

Needs fills, and signals by telemetry. Unknown while no symbol that was filled has 20 signals before the
window; 200 signals and 25 hours are remembered, so a window is short against that. AtLeast, in that it fires
and does not clear, while fills have no signal, a symbol has no usual, or the window is not wholly known.
Left out of the reference: buckets of size, for which two hundred signals are too few.
Source: metrics.md M26.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.model_vs_fill import DECAY, FARTHEST
from guardian.core.metrics.signalled import Joined, joined, joined_at, joined_before, partly
from guardian.core.metrics.slippage import slip
from guardian.core.model import Measured, Unknown

LEAST_SIGNALS = 20
LEAST_DEVIATION = 0.0001
NORMAL = 1.4826
"""Deviations of a normal distribution in one median absolute deviation."""

Usual = tuple[float, float]
"""What is usual of a symbol: the median, and the deviation."""


def usual(slips: Sequence[float]) -> Usual | None:
    """None of too few."""
    if len(slips) < LEAST_SIGNALS:
        return None
    middle = median(slips)
    return middle, max(NORMAL * median(abs(s - middle) for s in slips), LEAST_DEVIATION)


def rise(scores: Sequence[float]) -> float:
    """The newest last, and heaviest."""
    weights = [DECAY ** (len(scores) - 1 - n) for n in range(len(scores))]
    return sum(w * z for w, z in zip(weights, scores, strict=True)) / sum(weights)


def measure(view: View) -> Measured:
    rows, why = joined(view)
    before: dict[str, list[float]] = {}
    for row in joined_before(view):
        before.setdefault(row.signal.symbol, []).append(_slip(row))
    known = {symbol: found for symbol, slips in before.items() if (found := usual(slips))}
    scores = [_score(row, *known[row.signal.symbol]) for row in rows if row.signal.symbol in known]
    if not scores:
        lacking = f"no symbol that was filled has {LEAST_SIGNALS} signals before the window" if rows else ""
        return Unknown(lacking or why or "no signal was filled within the window")
    strange = len(rows) - len(scores)
    return partly(
        rise(scores), why or (f"{strange} signals are of symbols without a usual" if strange else "")
    )


def _slip(row: Joined) -> float:
    return slip(row.signal.side, float(row.signal.price), row.average)


def _score(row: Joined, middle: float, deviation: float) -> float:
    return max(-FARTHEST, min(FARTHEST, (_slip(row) - middle) / deviation))


METRIC = Metric("slippage_rise", "count", "behaviour", ("sliding",), (), measure, aged=joined_at)
