"""M16 absorption_ratio: how much of the held assets' movement the few largest common factors explain.

Formula: the sum of the k largest eigenvalues of the correlations (half-life of a day) over that of all,
k = max(1, n / 5) of n assets: near 1 everything moves as one. Sizes of positions do not enter.

Unit: fraction. Needs wallet and positions. Fewer than two assets: 0, for there is nothing in common. Unknown
(warming) while of over 1 % of gross exposure an asset or a pair is not known.
A forecast. Source: Kritzman, Li, Page & Rigobon 2011 (15 days against a year there); metrics.md M16.
"""

from __future__ import annotations

from guardian.core.metrics.effective_bets import unclear
from guardian.core.metrics.holdings import holdings
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.spectrum import absorbed, market_shares
from guardian.core.model import Known, Measured, Part


def measure(view: View) -> Measured:
    held = holdings(view.account)
    count = len(held.known.assets)
    if count + len(held.unmeasured) < 2:
        return Known(0.0)
    return unclear(held) or Known(absorbed(market_shares(held.known.correlations), max(1, count // 5)))


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "returns")
METRIC = Metric("absorption_ratio", "fraction", "forecast", ("none",), NEEDS, measure, reads=READS)
