"""What the risk of an account is computed from: each asset's exposure, its sigma, and the correlations.

Exposures are those of `gross_exposure`: signed, netted within the asset, coins included. A sigma is of one
five-minute cell, half-life of a day (returns.py). An asset that is under 1 % of gross exposure may lack one
without notice; any other is named in `unmeasured`. What nobody measured hedges nothing: it is left out, a
pair that is not known counts as 1 where it adds and as 0 where it would net, and the result is a bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from guardian.core.frozen import dataclass
from guardian.core.memory import Correlations, Pair, Returns
from guardian.core.metrics.cluster_exposure import matrix
from guardian.core.metrics.clusters import Rho
from guardian.core.metrics.correlation import fast_rhos
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.repriced import exposures
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
        return sqrt(max(float(weights.dot(self.correlations).dot(weights)), 0.0) * CELLS_A_DAY)


def holdings(account: AccountState) -> Holdings:
    """What is held as of the newest read, with what has been learned of it."""
    known = _measured(account.returns) if account.returns else NOTHING_MEASURED
    names, worth = exposures(account)
    exposed: Iterable[tuple[str, float]] = zip(names, worth, strict=True)
    unmeasured: tuple[str, ...] = ()
    if names != known.assets or np.count_nonzero(worth) < len(names):
        amounts = {name: float(n) for name, n in exposed if n}
        unmeasured = _large(tuple([name for name in amounts if name not in known.assets]), amounts)
        known = known.only(tuple([name for name in amounts if name in known.assets]))
        worth, exposed = np.array([amounts[name] for name in known.assets], dtype=float), amounts.items()
    correlations, unpaired = _correlations(account.correlations, known.assets, exposed)
    return Holdings(known.assets, worth, known.sigmas, known.series, correlations, unmeasured, unpaired)


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


def _large(assets: tuple[str, ...], worth: dict[str, float]) -> tuple[str, ...]:
    """Those over 1 % of gross exposure."""
    least = NEGLIGIBLE * sum(map(abs, worth.values())) if assets else 0.0
    return tuple([name for name in assets if abs(worth[name]) > least])


def _correlations(
    book: Correlations | None, assets: tuple[str, ...], exposed: Iterable[tuple[str, float]]
) -> tuple[Floats, bool]:
    """C in the order of the assets, the unknown assumed against the account; and if a large one lacks it."""
    if book is None:
        rho: Rho = {}
    else:
        names, table = _table(book.pairs)
        if names == assets:
            return table, False
        if set(assets) <= set(names):
            places = [names.index(name) for name in assets]
            return table[np.ix_(places, places)], False
        rho = fast_rhos(book.pairs)
    worth = dict(exposed)
    large = _large(assets, worth)
    found = matrix({name: worth[name] for name in assets}, rho)
    lacking = any((a, b) not in rho for i, a in enumerate(large) for b in large[i + 1 :])
    return np.array(found, dtype=float).reshape(len(assets), len(assets)), lacking


@by_identity
def _table(pairs: tuple[Pair, ...]) -> tuple[tuple[str, ...], Floats]:
    """All assets that are followed, and C in their order; empty unless every pair of them is known."""
    rho = fast_rhos(pairs)
    if len(rho) < len(pairs):
        return (), np.empty((0, 0))
    names = tuple(sorted({name for pair in pairs for name in (pair.a, pair.b)}))
    place = {name: i for i, name in enumerate(names)}
    rows, columns = [place[a] for a, _ in rho], [place[b] for _, b in rho]
    table = np.eye(len(names))
    table[rows, columns] = table[columns, rows] = list(rho.values())
    table.flags.writeable = False
    return names, table


def weakened(measured: Measured, why: str, *, filling: bool = False) -> Measured:
    """The same value as a bound; every reason that it is one is kept."""
    match measured:
        case Known(value):
            return AtLeast(value, why, filling)
        case AtLeast(value, other, other_filling):
            return AtLeast(value, f"{other}; {why}", filling and other_filling)
        case _:
            return measured
