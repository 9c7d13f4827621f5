"""M37 price_deviation: how far a mark price is from the index, or from another venue's price of the asset.

Formula: max over the quoted symbols that are held, or all where nothing is, of |mark / other - 1| with the
index and with the second venue's price, whichever are told. Unit: fraction. Needs positions and quotes.
AtLeast while a symbol has no second price, or a second venue that was asked for one is silent: the index is
the venue's own. Unknown while none has any, or before a look at the market.

Its family is integrity, not loss: where a feed lies, what it says of the equity is no reason to close at its
prices. Real basis of a large perpetual: 0.09 % at the 99th percentile, 2.5 % in its worst hour.
Source: metrics.md M37, section 0.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.facts.market import Quote
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def deviation(quote: Quote) -> float | None:
    """None without a second price."""
    others = [price for price in (quote.index, quote.other) if price is not None]
    return max((float(abs(quote.mark / price - 1)) for price in others), default=None)


def measure(view: View) -> Measured:
    quotes = {q.symbol: q for q in view.account.markets.quotes}
    held = sorted({p.symbol for p in view.account.evidence.positions if p.quantity})
    symbols = held or sorted(quotes)
    told = {s: deviation(quotes[s]) if s in quotes else None for s in symbols}
    known = [value for value in told.values() if value is not None]
    if not known:
        return Unknown("no second price" if quotes else "no good quote")
    alone = [s for s, value in told.items() if value is None]
    if alone:
        return AtLeast(max(known), f"no second price of {alone[0]}")
    silent = [quotes[s] for s in symbols if quotes[s].other_venue and quotes[s].other is None]
    if silent:
        return AtLeast(max(known), f"no price of {silent[0].symbol} from {silent[0].other_venue}")
    return Known(max(known))


def _aged(view: View) -> datetime | None:
    return view.account.markets.quoted_at


METRIC = Metric("price_deviation", "fraction", "integrity", ("none",), (Part.POSITIONS,), measure, aged=_aged)
