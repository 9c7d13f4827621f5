"""M21 depth_share: how much of the depth near mid it would take to close what is held.

Formula: max over held symbols of quantity / contracts within a band of mid on the side that closes it; the
band is the rule's `of`: 10bps, 25bps, or 50bps where it names none. Unit: fraction (0.2: a fifth of the
depth; above 1: more than is there); nothing held is 0. Needs positions and books. AtLeast while a held symbol
has no book; Unknown while none has. Depth behind the last level of a truncated book counts as not there:
assumed against the account.
Its family is forecast: orders that rest in a book may be gone before they are needed.
Source: metrics.md M21.
"""

from __future__ import annotations

from guardian.core.metrics.book import depth_within, mid
from guardian.core.metrics.closing import Closing, booked_at, closings
from guardian.core.metrics.exposure import RUIN
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown

BANDS = {"10bps": 0.001, "25bps": 0.0025, "50bps": 0.005}
USUAL = "50bps"


def share(closing: Closing, band: float) -> float | None:
    """Of what is offered no farther than `band` from mid; None without a book that has two sides."""
    if closing.book is None or mid(closing.book) is None:
        return None
    depth = depth_within(closing.book, closing.side, band)
    return float(closing.quantity / depth) if depth else RUIN


def measure(view: View) -> Measured:
    band = BANDS.get(view.rule.of or USUAL)
    if band is None:
        return Unknown(f"`of` names no band of the book: {view.rule.of}")
    shares = [(c.symbol, share(c, band)) for c in closings(view)]
    known = [value for _, value in shares if value is not None]
    silent = [symbol for symbol, value in shares if value is None]
    if not silent:
        return Known(max(known, default=0.0))
    why = f"no book of {silent[0]}"
    return AtLeast(max(known), why) if known else Unknown(why)


METRIC = Metric(
    "depth_share",
    "fraction",
    "forecast",
    ("none",),
    (Part.POSITIONS,),
    measure,
    aged=booked_at,
    of="a band of the book",
    of_optional=True,
    choices=tuple(BANDS),
)
