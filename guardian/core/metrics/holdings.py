"""What the risk of an account is computed from: each asset's exposure, its sigma, and the correlations.

Exposures are those of `gross_exposure`: signed, netted within the asset, coins included. A sigma is of one
five-minute cell, half-life of a day (returns.py). An asset that is under 1 % of gross exposure may lack one
without notice; any other is named in `unmeasured`. What nobody measured hedges nothing: it is left out, a
pair that is not known counts as 1 where it adds and as 0 where it would net, and the result is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from guardian.core.memory import Correlations, Pair, Returns
from guardian.core.metrics.cluster_exposure import matrix
from guardian.core.metrics.clusters import Rho
from guardian.core.metrics.correlation import fast_rhos
from guardian.core.metrics.exposure import by_asset
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.returns import CELLS_A_DAY, DAY, variance
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
    evidence, known = account.evidence, _measured(account.returns) if account.returns else NOTHING_MEASURED
    exposed = by_asset(evidence.positions, evidence.wallet, account.policy.currency)
    names = _alphabetical(tuple(exposed))
    worth = measured = {name: float(n) for name in names if (n := exposed[name])}
    unmeasured: tuple[str, ...] = ()
    if tuple(worth) != known.assets:
        unmeasured = tuple([name for name in worth if name not in known.assets])
        measured = {name: n for name, n in worth.items() if name in known.assets}
        known = known.only(tuple(measured))
    correlations, unpaired = _correlations(account.correlations, known.assets, worth)
    return Holdings(
        assets=known.assets,
        worth=np.array(list(measured.values()), dtype=float),
        sigmas=known.sigmas,
        series=known.series,
        correlations=correlations,
        unmeasured=_large(unmeasured, worth),
        unpaired=unpaired,
    )


@dataclass(frozen=True, slots=True)
class Sigmas:
    """Each asset's sigma of a cell, where it is known, and its hours; in alphabetical order."""

    assets: tuple[str, ...]
    sigmas: Floats
    series: tuple[str, ...]

    def only(self, assets: tuple[str, ...]) -> Sigmas:
        place = {name: i for i, name in enumerate(self.assets)}
        places = [place[name] for name in assets]
        return Sigmas(assets, self.sigmas[places], tuple([self.series[i] for i in places]))


NOTHING_MEASURED = Sigmas((), np.empty(0), ())


@by_identity
def _measured(known: Returns) -> Sigmas:
    found = [(own.asset, variance(own, DAY), own.hourly) for own in known.assets]
    told = sorted((name, sqrt(square), hourly) for name, square, hourly in found if square is not None)
    sigmas = np.array([sigma for _, sigma, _ in told], dtype=float)
    sigmas.flags.writeable = False
    return Sigmas(tuple([name for name, _, _ in told]), sigmas, tuple([hourly for _, _, hourly in told]))


@lru_cache(maxsize=1024)
def _alphabetical(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _large(assets: tuple[str, ...], worth: dict[str, float]) -> tuple[str, ...]:
    """Those over 1 % of gross exposure."""
    least = NEGLIGIBLE * sum(map(abs, worth.values())) if assets else 0.0
    return tuple([name for name in assets if abs(worth[name]) > least])


def _correlations(
    book: Correlations | None, assets: tuple[str, ...], worth: dict[str, float]
) -> tuple[Floats, bool]:
    """C in the order of the assets, the unknown assumed against the account; and if a large one lacks it."""
    if book is None:
        rho: Rho = {}
    else:
        place, table = _table(book.pairs)
        if tuple(place) == assets:
            return table, False
        if all(name in place for name in assets):
            places = [place[name] for name in assets]
            return table[np.ix_(places, places)], False
        rho = fast_rhos(book.pairs)
    large = _large(assets, worth)
    found = matrix({name: worth[name] for name in assets}, rho)
    lacking = any((a, b) not in rho for i, a in enumerate(large) for b in large[i + 1 :])
    return np.array(found, dtype=float).reshape(len(assets), len(assets)), lacking


@by_identity
def _table(pairs: tuple[Pair, ...]) -> tuple[dict[str, int], Floats]:
    """C of all assets that are followed, and their places in it; empty unless every pair of them is known."""
    rho = fast_rhos(pairs)
    names = sorted({name for pair in pairs for name in (pair.a, pair.b)})
    if len(rho) < len(pairs):
        return {}, np.empty((0, 0))
    place = {name: i for i, name in enumerate(names)}
    rows, columns = [place[a] for a, _ in rho], [place[b] for _, b in rho]
    table = np.eye(len(names))
    table[rows, columns] = table[columns, rows] = list(rho.values())
    table.flags.writeable = False
    return place, table


def weakened(measured: Measured, why: str, *, filling: bool = False) -> Measured:
    """The same value as a bound; every reason that it is one is kept."""
    match measured:
        case Known(value):
            return AtLeast(value, why, filling)
        case AtLeast(value, other, other_filling):
            return AtLeast(value, f"{other}; {why}", filling and other_filling)
        case _:
            return measured
