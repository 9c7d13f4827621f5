"""M16 effective_bets: how many independent bets the held assets are, however many there are.

Formula: the smaller of two. What the assets offer: exp(-sum p ln p), p_k = mu_k / sum mu, mu the eigenvalues
of the correlations (half-life of a day). What the account makes of it: the diversification ratio squared,
(sum |w|)^2 / w' C w, w each exposure times its sigma: one large position is one bet however many others
there are. A hedge makes the second large and the first small. Meucci's entropy of principal portfolios is
not used: of two equal, almost uncorrelated assets it makes one bet, for any basis is principal there.

Unit: count, for rules with `under`. Needs wallet and positions. Nothing held: 50, the most that is followed,
so that an empty account breaches nothing. Unknown while of over 1 % of gross exposure
an asset or a pair is not known, for it could be any bet: warming, four hours at most.
A forecast. Source: Meucci 2009; Choueifaty & Coignard 2008; metrics.md M16 (spectrum.py).
"""

from __future__ import annotations

from guardian.core.metrics.following import MAXIMUM_ASSETS
from guardian.core.metrics.holdings import Holdings, holdings
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.spectrum import diversification_ratio, entropy_number, market_shares
from guardian.core.model import Known, Measured, Part, Unknown


def unclear(held: Holdings) -> Unknown | None:
    """Why the correlations of what is held are not known yet."""
    if held.unmeasured:
        return Unknown(f"no returns of {', '.join(held.unmeasured)}", warming=True)
    return Unknown("not every pair has four hours of returns yet", warming=True) if held.unpaired else None


def measure(view: View) -> Measured:
    held = holdings(view.account)
    if not held.known.assets and not held.unmeasured:
        return Known(float(MAXIMUM_ASSETS))
    unknown = unclear(held)
    if unknown is not None:
        return unknown
    offered = entropy_number(market_shares(held.known.correlations))
    made = diversification_ratio(held.worth, held.known.sigmas, held.known.correlations) ** 2
    return Known(min(made, offered))


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "returns")
METRIC = Metric("effective_bets", "count", "forecast", ("none",), NEEDS, measure, reads=READS, low=True)
