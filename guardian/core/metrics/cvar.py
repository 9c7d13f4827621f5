"""M18 cvar: the mean loss of the worst 1 % of days at the exposures of now, over equity.

Formula: the larger of two. Filtered historical simulation: 24 hours in a row of each asset's past returns,
over the sigma expected of them then, times the sigma of now, repriced with what is held now; the mean of the
worst 1 % of these days, the last of them in part (Rockafellar & Uryasev). EWMA-normal: 2.66521 standard
deviations of a day, no less than those of volatility.py. The sigma of now is an EWMA with a half-life of a
day or of a week, each asset's larger: with the first alone 1.5 to 2.1 % of real days passed the 99 % VaR.

Unit: fraction of equity, positive = bad. Needs wallet and positions. Nothing held: 0. Unknown (warming)
until one asset has four hours of returns. AtLeast: the normal tail alone until there are 250 days (which
overlap: two weeks of hours give them); while over 1 % of gross exposure has no returns, for it may hedge
nothing; while the equity is disputed. A crash that no followed asset has lived through is in neither.
A forecast. Source: Rockafellar & Uryasev 2000; Barone-Adesi, Giannopoulos & Vosper 1999; metrics.md M18;
the larger sigma and its backtest: docs/decisions/0017.
"""

from __future__ import annotations

from guardian.core.metrics.holdings import holdings, weakened
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.simulated_tail import Tail, at_least
from guardian.core.metrics.tails import conditional_of, normal_shortfall
from guardian.core.metrics.volatility import over_equity
from guardian.core.metrics.worst_days import LEAST_DAYS, past
from guardian.core.model import Measured, Part

LEVEL = 0.99
SHORTFALL = normal_shortfall(LEVEL)


def tail_of(view: View, tail: Tail, normal: float) -> Measured:
    """The larger of the simulated tail and of so many normal standard deviations."""
    held, owner = holdings(view.account), view.account.policy.name
    known, amount = held.known, normal * held.tail_day_sigma
    simulated = at_least(amount, owner, held, tail, LEVEL)
    found = over_equity(view, held, amount if simulated is None else simulated)
    short = len(known.assets) - len(past(owner, known.series).assets)
    if not (known.assets and (simulated is None or short)):
        return found
    few = f"{short or len(known.assets)} of {len(known.assets)} assets"
    return weakened(found, f"{few} have under {LEAST_DAYS} days to simulate", filling=not held.unmeasured)


def measure(view: View) -> Measured:
    return tail_of(view, conditional_of, SHORTFALL)


NEEDS, READS = (Part.WALLET, Part.POSITIONS), ("correlations", "returns")
METRIC = Metric("cvar", "fraction", "forecast", ("none",), NEEDS, measure, reads=READS)
