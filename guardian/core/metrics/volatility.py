"""M17 volatility: the standard deviation of a day's gain at the exposures of now, over equity.

Formula: sqrt(n' D C D n) / E for a day of 288 cells, n the signed exposures, D the assets' sigmas of a
five-minute cell (EWMA of squared returns without a mean, half-life of a day), C their correlations of the
same half-life. A year's is sqrt(365) times that: this market has no days off. What a window alone shows,
`realised_volatility` and `range_volatility` tell.

Unit: fraction of equity a day. Needs wallet and positions. Nothing held: 0. Unknown (warming) until one
asset has four hours of returns; AtLeast while over 1 % of gross exposure has none, or the equity is disputed.
A forecast. Source: RiskMetrics 1996; metrics.md M17.
"""

from __future__ import annotations

from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.holdings import Holdings, holdings, weakened
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    held = holdings(view.account)
    return over_equity(view, held, held.day_sigma)


def over_equity(view: View, held: Holdings, amount: float) -> Measured:
    """An amount of risk over the equity, as strong as what is held is measured."""
    if not held.known.assets:
        return (
            Unknown("no asset has four hours of returns yet", warming=True) if held.unmeasured else Known(0.0)
        )
    found = multiple(view.account, amount)
    return weakened(found, f"no returns of {', '.join(held.unmeasured)}") if held.unmeasured else found


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "returns")
METRIC = Metric("volatility", "fraction", "forecast", ("none",), NEEDS, measure, reads=READS)
