"""M18 cvar: the mean loss of the worst 1 % of days at the exposures of now, over equity.

Formula: the larger of two. Filtered historical simulation: 24 hours in a row of each asset's past returns,
over the sigma expected of them then, times the sigma of now, repriced with what is held now; the mean of the
worst 1 % of these days, the last of them in part (Rockafellar & Uryasev). EWMA-normal: 2.66521 standard
deviations of a day (volatility.py).

Unit: fraction of equity, positive = bad. Needs wallet and positions. Nothing held: 0. Unknown (warming)
until one asset has four hours of returns. AtLeast: the normal tail alone until there are 250 days (which
overlap: two weeks of hours give them); while an asset over 1 % of gross exposure has no returns, for it may
hedge nothing; while the equity is disputed. A crash that no followed asset has lived through is in neither.
A forecast. Source: Rockafellar & Uryasev 2000; Barone-Adesi, Giannopoulos & Vosper 1999; metrics.md M18.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from guardian.core.metrics.holdings import Floats, Holdings, holdings, weakened
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.metrics.scenarios import losses, standard_days
from guardian.core.metrics.tails import conditional, normal_shortfall
from guardian.core.metrics.volatility import over_equity
from guardian.core.model import Measured, Part

LEVEL = 0.99
LEAST_DAYS = 250
SHORTFALL = normal_shortfall(LEVEL)

Tail = Callable[[Floats, float], float]


def simulated(held: Holdings) -> Floats | None:
    """The losses of the simulated days, of the assets that have enough of them; None without any."""
    long = [i for i, own in enumerate(held.series) if len(standard_days((own,))) >= LEAST_DAYS]
    if not long:
        return None
    days = standard_days(tuple(held.series[i] for i in long))
    if len(days) < LEAST_DAYS:
        return None
    pick = np.array(long)
    return losses(held.worth[pick], held.sigmas[pick] * sqrt(CELLS_AN_HOUR), days)


def tail_of(view: View, tail: Tail, normal: float) -> Measured:
    """The larger of the simulated tail and of so many normal standard deviations."""
    held = holdings(view.account)
    days = simulated(held)
    amount = normal * held.day_sigma
    if days is not None:
        amount = max(amount, tail(days, LEVEL))
    found = over_equity(view, held, amount)
    short = sum(len(standard_days((own,))) < LEAST_DAYS for own in held.series)
    if not (held.assets and (days is None or short)):
        return found
    why = f"{short or len(held.assets)} of {len(held.assets)} assets have under {LEAST_DAYS} days to simulate"
    return weakened(found, why, filling=not held.unmeasured)


def measure(view: View) -> Measured:
    return tail_of(view, conditional, SHORTFALL)


METRIC = Metric("cvar", "fraction", "forecast", ("none",), (Part.WALLET, Part.POSITIONS), measure)
