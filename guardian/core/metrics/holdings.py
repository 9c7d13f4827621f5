"""What the risk of an account is computed from: each asset's exposure, its sigma, and the correlations.

Exposures are those of `gross_exposure`: signed, netted within the asset, coins included. A sigma is of one
five-minute cell, half-life of a day (returns.py). An asset that is under 1 % of gross exposure may lack one
without notice; any other is named in `unmeasured`. What nobody measured hedges nothing: it is left out, a
pair that is not known counts as 1 where it adds and as 0 where it would net, and the result is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics.cluster_exposure import matrix
from guardian.core.metrics.exposure import by_asset
from guardian.core.metrics.returns import CELLS_A_DAY, DAY, by_name, rhos, variance
from guardian.core.model import AtLeast, Known, Measured
from guardian.core.state import AccountState

Floats = NDArray[np.float64]
NEGLIGIBLE = 0.01


@dataclass(frozen=True, slots=True)
class Holdings:
    """The measured assets in alphabetical order; `worth` is signed, in the reporting currency.

    `series` are their packed hourly returns (history.py), `correlations` a matrix in the same order.
    """

    assets: tuple[str, ...]
    worth: Floats
    sigmas: Floats
    series: tuple[str, ...]
    correlations: Floats
    unmeasured: tuple[str, ...]
    unpaired: bool

    @property
    def day_sigma(self) -> float:
        """The standard deviation of a day's gain, in the reporting currency."""
        weights = self.worth * self.sigmas
        return sqrt(max(float(weights @ self.correlations @ weights), 0.0) * CELLS_A_DAY)


def holdings(account: AccountState) -> Holdings:
    """What is held as of the newest read, with what has been learned of it."""
    evidence, known = account.evidence, by_name(account.returns)
    exposed = by_asset(evidence.positions, evidence.wallet, account.policy.currency)
    worth = {asset: float(n) for asset, n in sorted(exposed.items()) if n}
    gross = sum(abs(n) for n in worth.values())
    found = {name: variance(known[name], DAY) if name in known else None for name in worth}
    sigmas = {name: sqrt(square) for name, square in found.items() if square is not None}
    measured = {name: worth[name] for name in sigmas}
    rho = rhos(account.correlations.pairs, "fast") if account.correlations else {}
    large = [name for name in measured if abs(worth[name]) > NEGLIGIBLE * gross]
    return Holdings(
        assets=tuple(measured),
        worth=np.array(list(measured.values()), dtype=float),
        sigmas=np.array(list(sigmas.values()), dtype=float),
        series=tuple(known[name].hourly for name in measured),
        correlations=np.array(matrix(measured, rho), dtype=float).reshape(len(measured), len(measured)),
        unmeasured=tuple(n for n in worth if n not in sigmas and abs(worth[n]) > NEGLIGIBLE * gross),
        unpaired=any((a, b) not in rho for i, a in enumerate(large) for b in large[i + 1 :]),
    )


def weakened(measured: Measured, why: str, *, filling: bool = False) -> Measured:
    """The same value as a bound; every reason that it is one is kept."""
    match measured:
        case Known(value):
            return AtLeast(value, why, filling)
        case AtLeast(value, other, other_filling):
            return AtLeast(value, f"{other}; {why}", filling and other_filling)
        case _:
            return measured
