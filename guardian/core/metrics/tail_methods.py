"""M18, the same tail by other methods: how far the number depends on how it is computed.

simulated        of the filtered historical days, as `cvar` and `value_at_risk` take it
normal           2.66521 (CVaR) or 2.32635 (VaR) standard deviations of a day (cvar.py)
pareto           a generalised Pareto tail over the worst 5 % of the simulated days, from 400 days on
cornish-fisher   the VaR of the simulated days' mean, deviation, skewness and kurtosis, where their expansion
                 is a quantile at all; it has no CVaR here

Unit: fraction of equity. The rules take the larger of the first two. Nothing is judged by the others: a tail
fitted to twenty days may say anything, and a simulated day can be no worse than days that were (the Pareto
tail can). Computed when somebody asks, the fitted ones at the rounded exposures of simulated.py; what is not
known is left out. Source: McNeil, Frey & Embrechts 2015; Maillard 2012; metrics.md M18.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from guardian.core.metrics.cvar import LEVEL, SHORTFALL
from guardian.core.metrics.holdings import Floats, holdings
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.simulated import shares_of, simulated
from guardian.core.metrics.tails import (
    conditional_of,
    cornish_fisher,
    fitted,
    normal_quantile,
    value_at_risk_of,
)
from guardian.core.metrics.value_at_risk import QUANTILE
from guardian.core.metrics.worst_days import worst_losses
from guardian.core.state import AccountState

LEAST_FITTED = 400
"""Days of which the worst 5 % are twenty."""

TAILS = {"cvar": (conditional_of, SHORTFALL), "value_at_risk": (value_at_risk_of, QUANTILE)}

Methods = dict[str, float]


def by_method(account: AccountState, metric: str) -> Methods:
    """The tail that `cvar` or `value_at_risk` means, over the account's equity; empty where nothing is."""
    book, held = shares_of(account), holdings(account)
    if book is None:
        return {}
    owner, (tail, normal) = account.policy.name, TAILS[metric]
    worst = worst_losses(owner, held, LEVEL)
    found = {name: own * book.gross for name, own in _of_one(owner, book.series, book.key)[metric].items()}
    found["normal"] = normal * held.tail_day_sigma
    if worst is not None:
        found["simulated"] = tail(*worst, LEVEL)
    return {name: amount / book.equity for name, amount in found.items()}


@newest_of
def _of_one(owner: str, series: tuple[str, ...], key: tuple[bytes, bytes]) -> dict[str, Methods]:
    """Those that are fitted, of a book of gross 1 with these shares."""
    found = simulated(series, key)
    days = found[0] if found else np.empty(0)
    return {
        "cvar": pareto(days, shortfall=True),
        "value_at_risk": {**pareto(days, shortfall=False), **expanded(days)},
    }


def pareto(days: Floats, shortfall: bool) -> Methods:
    """By the fitted tail; nothing of too few days, or of days whose tail has no mean or no width."""
    if len(days) < LEAST_FITTED:
        return {}
    tail = fitted(days)
    found = tail.conditional(LEVEL) if shortfall else tail.value_at_risk(LEVEL)
    return {"pareto": found} if tail.scale > 0 and isfinite(found) else {}


def expanded(days: Floats) -> Methods:
    """By Cornish and Fisher's expansion; nothing where it falls somewhere, or where days are all alike."""
    deviation = float(days.std()) if len(days) else 0.0
    if not deviation:
        return {}
    standard = (days - days.mean()) / deviation
    skew, excess = float((standard**3).mean()), float((standard**4).mean()) - 3
    z = normal_quantile(LEVEL)
    quantile = cornish_fisher(z, skew, excess)
    return {} if quantile == z else {"cornish-fisher": float(days.mean()) + quantile * deviation}
