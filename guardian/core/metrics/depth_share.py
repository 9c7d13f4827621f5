"""M21 depth_share: how much of the depth near mid it would take to close what is held.

Formula: max over held symbols of quantity / contracts within 50 bps of mid on the side that closes it. Unit:
fraction (0.2: a fifth of the depth; above 1: more than is there); nothing held is 0. Needs positions and
books. AtLeast while a held symbol has no book; Unknown while none has. Depth behind the last level of a
truncated book counts as not there: assumed against the account.
Its family is forecast: orders that rest in a book may be gone before they are needed.
Source: metrics.md M21.
"""

from __future__ import annotations

from guardian.core.metrics.book import depth_within, mid
from guardian.core.metrics.closing import Closing, booked_at, closings
from guardian.core.metrics.exposure import RUIN
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

BAND = 0.005


def share(closing: Closing) -> float | None:
    """None without a book that has two sides."""
    if closing.book is None or mid(closing.book) is None:
        return None
    depth = depth_within(closing.book, closing.side, BAND)
    return float(closing.quantity / depth) if depth else RUIN


def measure(view: View) -> Measured:
    shares = [(c.symbol, share(c)) for c in closings(view)]
    known = [value for _, value in shares if value is not None]
    silent = [symbol for symbol, value in shares if value is None]
    if not silent:
        return Known(max(known, default=0.0))
    why = f"no book of {silent[0]}"
    return AtLeast(max(known), why) if known else Unknown(why)


METRIC = Metric("depth_share", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure, aged=booked_at)
