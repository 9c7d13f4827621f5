"""What the risk of an account is computed from: each asset's exposure, its sigma, and the correlations.

Exposures are those of `gross_exposure`: signed, netted within the asset, coins included. A sigma is of one
five-minute cell, half-life of a day (returns.py). For the tails of M18 it is that or the one of a week, the
larger: after a burst a day's falls faster than what a day then loses (docs/decisions/0017). Assets that make
at most 1 % of gross exposure together may lack a sigma without notice; any other is named in `unmeasured`.
What nobody measured hedges nothing: it is left out, a pair that is not known counts as 1 where it adds and as
0 where it would net, and the result is a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from guardian.core.frozen import dataclass
from guardian.core.memory import AssetReturns, Correlations, Pairs, Returns
from guardian.core.metrics.cluster_exposure import matrix
from guardian.core.metrics.clusters import Rho
from guardian.core.metrics.correlation import fast_rhos
from guardian.core.metrics.pairs import ends
from guardian.core.metrics.remembered import by_identities, by_identity
from guardian.core.metrics.repriced import exposures
from guardian.core.metrics.returns import CELLS_A_DAY, DAY, WEEK, variance
from guardian.core.model import AtLeast, Known, Measured
from guardian.core.state import AccountState

Floats = NDArray[np.float64]
NEGLIGIBLE = 0.01


@dataclass(frozen=True, slots=True)
class Learned:
    """What the reads have taught of some assets, in alphabetical order, and the correlations in that order.

    `series` are their packed hourly returns (history.py), `tail_sigmas` the larger of a day's and of a
    week's. `covariances` are two tables of D C D of a day below each other, with these sigmas and with those.
    """

    assets: tuple[str, ...]
    sigmas: Floats
    tail_sigmas: Floats
    series: tuple[str, ...]
    correlations: Floats
    covariances: Floats


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held of the assets of which enough is `known`: `worth` is signed, in the reporting currency."""

    known: Learned
    worth: Floats
    unmeasured: tuple[str, ...] = ()
    unpaired: bool = False

    @property
    def day_sigma(self) -> float:
        """The standard deviation of a day's gain, in the reporting currency."""
        return sqrt(max(self._variances()[0], 0.0))

    @property
    def tail_day_sigma(self) -> float:
        """The same, of the sigmas that the tails are computed from, and no less: sigmas of two half-lives
        beside each other may flatter a hedge."""
        return sqrt(max(*self._variances(), 0.0))

    def _variances(self) -> list[float]:
        worth = self.worth
        found: list[float] = self.known.covariances.dot(worth).reshape(2, len(worth)).dot(worth).tolist()
        return found


def holdings(account: AccountState) -> Holdings:
    """What is held as of the newest read, with what has been learned of it."""
    names, worth = exposures(account)
    book = account.correlations
    if account.returns is not None and book is not None:
        known = _learned(account.returns, book.moments, names)
        if known is not None and np.count_nonzero(worth) == len(names):
            return Holdings(known, worth)
    measured = measured_of(account.returns) if account.returns else NOTHING_MEASURED
    amounts = {name: float(n) for name, n in zip(names, worth, strict=True) if n}
    own = measured.only(tuple([name for name in amounts if name in measured.assets]))
    correlations, unpaired = _correlations(book, own.assets, amounts)
    return Holdings(
        known=own.learned(correlations),
        worth=np.array([amounts[name] for name in own.assets], dtype=float),
        unmeasured=large(tuple([name for name in amounts if name not in measured.assets]), amounts),
        unpaired=unpaired,
    )


@dataclass(frozen=True, slots=True)
class Sigmas:
    """Each asset's sigmas of a cell, where they are known, and its hours; in alphabetical order."""

    assets: tuple[str, ...]
    sigmas: Floats
    tail_sigmas: Floats
    series: tuple[str, ...]

    def only(self, assets: tuple[str, ...]) -> Sigmas:
        if assets == self.assets:
            return self
        place = {name: i for i, name in enumerate(self.assets)}
        places = [place[name] for name in assets]
        series = tuple([self.series[i] for i in places])
        return Sigmas(assets, self.sigmas[places], self.tail_sigmas[places], series)

    def learned(self, correlations: Floats) -> Learned:
        return Learned(
            assets=self.assets,
            sigmas=self.sigmas,
            tail_sigmas=self.tail_sigmas,
            series=self.series,
            correlations=correlations,
            covariances=_of_a_day(correlations, np.concatenate([self.sigmas, self.tail_sigmas])),
        )


def _of_a_day(correlations: Floats, sigmas: Floats) -> Floats:
    """D C D of a day for each of the two tables of sigmas, one below the other."""
    count = len(correlations)
    rows, columns = sigmas.reshape(2, count, 1), sigmas.reshape(2, 1, count)
    covariances: Floats = correlations * (rows * columns) * CELLS_A_DAY
    return covariances.reshape(2 * count, count)


NOTHING_MEASURED = Sigmas((), np.empty(0), np.empty(0), ())


@by_identities
def _learned(returns: Returns, pairs: Pairs, held: tuple[str, ...]) -> Learned | None:
    """Of these assets, where each of them is measured and each pair of all is known: almost always."""
    measured, (names, table) = measured_of(returns), _table(pairs)
    if not set(held) <= set(names).intersection(measured.assets):
        return None
    return measured.only(held).learned(_among(names, table, held))


def _among(names: tuple[str, ...], table: Floats, some: tuple[str, ...]) -> Floats:
    if some == names:
        return table
    places = [names.index(name) for name in some]
    return table[np.ix_(places, places)]


@by_identity
def measured_of(known: Returns) -> Sigmas:
    found = [(own, variance(own, DAY)) for own in sorted(known.assets, key=lambda own: own.asset)]
    told = [(own, square) for own, square in found if square is not None]
    names, series = tuple([own.asset for own, _ in told]), tuple([own.history for own, _ in told])
    sigmas = _frozen([sqrt(square) for _, square in told])
    tails = _frozen([sqrt(_larger(own, square)) for own, square in told])
    return Sigmas(names, sigmas, tails, series)


def _larger(own: AssetReturns, day: float) -> float:
    """A week's variance where it is more than this of a day."""
    return max(day, variance(own, WEEK) or 0.0)


def _frozen(numbers: list[float]) -> Floats:
    found = np.array(numbers, dtype=float)
    found.flags.writeable = False
    return found


def large(assets: Iterable[str], worth: Mapping[str, float]) -> tuple[str, ...]:
    """All but the smallest, which together are at most 1 % of gross exposure: many small ones are a book."""
    found = sorted(assets, key=lambda name: (abs(worth[name]), name))
    room = NEGLIGIBLE * sum(map(abs, worth.values())) if found else 0.0
    while found and (room := room - abs(worth[found[0]])) >= 0:
        del found[0]
    return tuple(sorted(found))


def _correlations(
    book: Correlations | None, assets: tuple[str, ...], worth: dict[str, float]
) -> tuple[Floats, bool]:
    """C in the order of the assets, the unknown assumed against the account; and if a large one lacks it."""
    if book is None:
        rho: Rho = {}
    else:
        names, table = _table(book.moments)
        if set(assets) <= set(names):
            return _among(names, table, assets), False
        rho = fast_rhos(book.moments)
    some = large(assets, worth)
    found = matrix({name: worth[name] for name in assets}, rho)
    lacking = any((a, b) not in rho for i, a in enumerate(some) for b in some[i + 1 :])
    return np.array(found, dtype=float).reshape(len(assets), len(assets)), lacking


@by_identity
def _table(pairs: Pairs) -> tuple[tuple[str, ...], Floats]:
    """All assets that are followed, and C in their order; empty unless every pair of them is known."""
    rho = fast_rhos(pairs)
    if len(rho) < pairs.count:
        return (), np.empty((0, 0))
    rows, columns = ends(len(pairs.assets))
    table = np.eye(len(pairs.assets))
    table[rows, columns] = table[columns, rows] = list(rho.values())
    table.flags.writeable = False
    return pairs.assets, table


def weakened(measured: Measured, why: str, *, filling: bool = False) -> Measured:
    """The same value as a bound; every reason that it is one is kept."""
    match measured:
        case Known(value):
            return AtLeast(value, why, filling)
        case AtLeast(value, other, other_filling):
            return AtLeast(value, f"{other}; {why}", filling and other_filling)
        case _:
            return measured
