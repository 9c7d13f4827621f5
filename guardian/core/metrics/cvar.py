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
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.metrics.scenarios import falls, standard_days
from guardian.core.metrics.tails import conditional, normal_shortfall
from guardian.core.metrics.volatility import over_equity
from guardian.core.model import Measured, Part

LEVEL = 0.99
LEAST_DAYS = 250
SHORTFALL = normal_shortfall(LEVEL)

Tail = Callable[[Floats, float], float]


@newest_of
def _simulable(owner: str, series: tuple[str, ...]) -> tuple[list[int], Floats]:
    """Which assets have enough days, and the days that all of these have; news once an hour."""
    long = [i for i, own in enumerate(series) if len(standard_days((own,))) >= LEAST_DAYS]
    return long, standard_days(tuple(series[i] for i in long)) if long else np.empty((0, 0))


@newest_of
def _falls(owner: str, series: tuple[str, ...], sigmas: bytes) -> Floats:
    """What the simulated days take from a unit of each asset at the sigmas of now; news once a cell."""
    long, days = _simulable(owner, series)
    return falls(np.frombuffer(sigmas)[long] * sqrt(CELLS_AN_HOUR), days)


def simulated(owner: str, held: Holdings) -> Floats | None:
    """The losses of the simulated days, of the assets that have enough of them; None without any."""
    long, days = _simulable(owner, held.series)
    if len(days) < LEAST_DAYS:
        return None
    return np.asarray(_falls(owner, held.series, held.sigmas.tobytes()) @ held.worth[long])


def remembered(owner: str, held: Holdings) -> tuple[Floats, ...]:
    """What is kept of an account beside its state, so that a tick need not simulate anew."""
    _, days = _simulable(owner, held.series)
    return days, _falls(owner, held.series, held.sigmas.tobytes()) if len(days) else days


def tail_of(view: View, tail: Tail, normal: float) -> Measured:
    """The larger of the simulated tail and of so many normal standard deviations."""
    held, owner = holdings(view.account), view.account.policy.name
    days = simulated(owner, held)
    amount = normal * held.day_sigma
    if days is not None:
        amount = max(amount, tail(days, LEVEL))
    found = over_equity(view, held, amount)
    short = len(held.series) - len(_simulable(owner, held.series)[0])
    if not (held.assets and (days is None or short)):
        return found
    why = f"{short or len(held.assets)} of {len(held.assets)} assets have under {LEAST_DAYS} days to simulate"
    return weakened(found, why, filling=not held.unmeasured)


def measure(view: View) -> Measured:
    return tail_of(view, conditional, SHORTFALL)


METRIC = Metric("cvar", "fraction", "forecast", ("none",), (Part.WALLET, Part.POSITIONS), measure)
