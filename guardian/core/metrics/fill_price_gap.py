"""M34 fill_price_gap: how much worse live fills were than those of its paper twin, in the trades of both.

Formula: sum w s (p_live - p_paper) / p_paper over sum w, over the trades that both made in the whole bars of
(now - W, now] (twin_fills.py, of bars of `of`: 1m, 5m where the rule names none, 15m, 1h, 4h); s is +1 for a
purchase, p the average price of each side's fills of the trade, w what live's were worth. Unit: fraction (10
bps are 0.001); negative is better than paper: then it is paper that is too careful.

Needs fills, and the twin `paper` with its `fills` by telemetry. Unknown until told, and while no trade is of
both. AtLeast, in that it fires and does not clear, while not all of the window is known of both. Trades that
only one of them made are trade_match's.
Its family is behaviour. Source: metrics.md M34.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.facts.telemetry import TwinFill
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.signalled import average_price
from guardian.core.metrics.slippage import slip
from guardian.core.metrics.twin_fills import BARS, told_by_both, trades
from guardian.core.model import AtLeast, Known, Measured, Unknown


def paper_price(fills: Sequence[TwinFill], inverse: bool) -> Decimal:
    """As average_price has it of live fills."""
    whole = sum((f.quantity for f in fills), Decimal(0))
    if inverse:
        return whole / sum((f.quantity / f.price for f in fills), Decimal(0))
    return sum((f.quantity * f.price for f in fills), Decimal(0)) / whole


def price_gap(side: int, live: Sequence[Fill], paper: Sequence[TwinFill]) -> float:
    theirs = paper_price(paper, live[0].inverse)
    return slip(side, float(theirs), float(average_price(live)))


def measure(view: View) -> Measured:
    found = trades(view)
    if isinstance(found, Unknown):
        return found
    whole = cost = 0.0
    for key in sorted(found.live.keys() & found.paper.keys()):
        worth = float(sum(fill.worth for fill in found.live[key]))
        cost += worth * price_gap(key[1], found.live[key], found.paper[key])
        whole += worth
    if not whole:
        return Unknown(found.missing[0] if found.missing else "no trade of the window is of both")
    return AtLeast(cost / whole, *found.missing) if found.missing else Known(cost / whole)


METRIC = Metric(
    "fill_price_gap",
    "fraction",
    "behaviour",
    ("sliding",),
    (),
    measure,
    aged=told_by_both,
    of="a bar",
    of_optional=True,
    choices=tuple(BARS),
)
