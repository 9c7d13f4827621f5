"""M29 position_age: seconds since the oldest lot that is still open was opened; nothing open is 0.

Formula: now - min over legs of opened_at of the oldest FIFO lot (lots.py). Unit: seconds. Needs the
positions. What is smaller than the venue's smallest order is left out: it cannot be closed, so its age says
nothing. What fills prove to have been closed and opened anew between two reads is as old as that
(closed_lots.py). AtLeast when a lot's beginning was not witnessed (open at the first sight, or appeared in a
gap of the reads). Unknown before the first read. Its family is exposure: how long risk is carried is a fact
of the book.

Source: metrics.md M29.
"""

from __future__ import annotations

from guardian.core.metrics.lots import oldest_seconds
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    lots = view.account.lots
    if lots is None:
        return Unknown("no positions read yet", warming=True)
    dust = {p.leg for p in view.account.evidence.positions if abs(p.quantity) < p.minimum}
    every = tuple(lot for own in lots.legs if own.leg not in dust for lot in own.lots)
    seconds = max(0.0, oldest_seconds(every, view.now))
    if all(lot.witnessed for lot in every):
        return Known(seconds)
    return AtLeast(seconds, "when it was opened was not seen")


METRIC = Metric("position_age", "seconds", "exposure", ("none",), (Part.POSITIONS,), measure, reads=("lots",))
