"""M34 trade_match: how many of the trades that the account or its paper twin made both have made.

Formula: |L and P| / |L or P| (Jaccard) over the trades of either in the whole bars of (now - W, now], a trade
being a symbol, a side and a bar (twin_fills.py); `of` is the bar: 1m, 5m (where the rule names none), 15m,
1h, 4h. Unit: fraction; 1 where both made the same, or nothing. For rules with `under`.

Needs fills, and the twin `paper` with its `fills` by telemetry: never told is Unknown. Unknown, too, while
not all of the window is known of both, and where fewer than four trades are not all matched: one that is
missing of two proves nothing. Fills after the newest word of either wait for the other's. What the venue
closed by force, and guardian, is no trade of the strategy's. Which trades are missing is in the journal, not
in the number.
Its family is behaviour. Source: metrics.md M34; P. Jaccard, 1901.
"""

from __future__ import annotations

from collections.abc import Set

from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.twin_fills import BARS, Key, told_by_both, trades
from guardian.core.model import Known, Measured, Unknown

LEAST_TRADES = 4


def match(live: Set[Key], paper: Set[Key]) -> float:
    """Of no trades at all nothing is missing."""
    return len(live & paper) / len(live | paper) if live | paper else 1.0


def measure(view: View) -> Measured:
    found = trades(view)
    if isinstance(found, Unknown):
        return found
    if found.missing is not None:
        return Unknown(found.missing[0], warming=found.missing[1])
    made, value = len(found.live.keys() | found.paper.keys()), match(found.live.keys(), found.paper.keys())
    if value < 1 and made < LEAST_TRADES:
        return Unknown(f"only {made} trades within the window, fewer than {LEAST_TRADES}")
    return Known(value)


METRIC = Metric(
    "trade_match",
    "fraction",
    "behaviour",
    ("sliding",),
    (),
    measure,
    aged=told_by_both,
    of="a bar",
    of_optional=True,
    low=True,
    choices=tuple(BARS),
)
