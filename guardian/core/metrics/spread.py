"""M21 spread: the widest gap between best bid and best ask of what is held, over mid.

Formula: max over held symbols of (ask - bid) / mid, from the book, else the quote. Unit: fraction (10 bps
are 0.001); nothing held is 0. Needs positions and a look at the market. AtLeast while a held symbol shows no
two sides; Unknown while none does. A crossed book was refused before (markets.py).
Its family is forecast: what a market shows today does not say what it will.
Source: metrics.md M21.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.metrics import book
from guardian.core.metrics.closing import Closing, booked_at, closings, quoted_at
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    held = closings(view)
    spreads = [(c.symbol, _spread(c)) for c in held]
    known = [value for _, value in spreads if value is not None]
    silent = [symbol for symbol, value in spreads if value is None]
    if not silent:
        return Known(max(known, default=0.0))
    why = f"no bid and ask of {silent[0]}"
    return AtLeast(max(known), why) if known else Unknown(why)


def _spread(closing: Closing) -> float | None:
    found = None if closing.book is None else book.spread(closing.book)
    quote = closing.quote
    if found is not None or quote is None or quote.bid is None or quote.ask is None:
        return found
    return float(max(quote.ask - quote.bid, Decimal(0)) / ((quote.ask + quote.bid) / 2))


def _aged(view: View) -> datetime | None:
    """Of the older of the two looks that there have been."""
    known = [at for at in (booked_at(view), quoted_at(view)) if at is not None]
    return min(known, default=None)


METRIC = Metric("spread", "fraction", "forecast", ("none",), (Part.POSITIONS,), measure, aged=_aged)
