"""Oracles for M12 and M15: scipy's linkage, skfolio's number of assets and numpy's quadratic forms.

Same definition, to 1e-9. scipy cuts the same average-linkage tree at the same distance; what it does not have
is the memory of what was together before (joined at 0.7, parted below 0.6) and pairs that nobody measured:
both are left out here. X(C), X(J) and X(I) are numpy's sqrt(n' C n), where X(C) may not be below X(I).
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from skfolio.measures import effective_number_assets

from guardian.core.metrics.cluster_exposure import adjusted, correlation_adjusted
from guardian.core.metrics.clusters import JOIN, distance, partition
from guardian.core.metrics.concentration import herfindahl


def correlated(count: int, seed: int) -> np.ndarray:
    """Of assets that share a market, and of which some share a sector as well."""
    chance = np.random.default_rng(seed)
    market, sectors = chance.standard_normal((60, 1)), chance.standard_normal((60, 3))
    own = chance.standard_normal((60, count))
    returns = 0.7 * market + sectors[:, chance.integers(0, 3, count)] + chance.uniform(0.2, 1.5, count) * own
    return np.corrcoef(returns.T)


@pytest.mark.parametrize("seed", range(40))
def test_clusters_are_scipy_s_average_linkage(seed: int):
    count = 3 + seed % 18
    measured = correlated(count, seed)
    names = [f"A{i:02}" for i in range(count)]
    rhos = {(a, b): float(measured[i, j]) for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
    apart = squareform(np.sqrt(2 * (1 - measured)), checks=False)
    labels = fcluster(linkage(apart, method="average"), distance(JOIN), criterion="distance")

    theirs = {tuple(n for n, own in zip(names, labels, strict=True) if own == k) for k in set(labels)}
    assert set(partition(names, rhos)) == theirs


def test_these_matrices_are_cut_somewhere_in_between():
    """Else the test above would compare nothing."""
    sizes = [len(partition("ABCDEFGHIJ", _by_pair(correlated(10, seed)))) for seed in range(40)]

    assert len(set(sizes)) > 4


def _by_pair(measured: np.ndarray) -> dict[tuple[str, str], float]:
    names = "ABCDEFGHIJ"
    return {(a, b): float(measured[i, j]) for i, a in enumerate(names) for j, b in enumerate(names) if i < j}


NOTIONALS = st.lists(st.integers(-(10**8), 10**8).map(lambda cents: cents / 100), min_size=2, max_size=8)


@given(NOTIONALS, st.integers(0, 99))
def test_adjusted_exposures_are_numpy_s_quadratic_forms(notionals: list[float], seed: int):
    n, measured = np.array(notionals), correlated(len(notionals), seed)
    squares = [n @ c @ n for c in (measured, np.ones_like(measured), np.eye(len(n)))]
    gross = float(np.abs(n).sum())

    assert adjusted(notionals, measured.tolist()) ** 2 == pytest.approx(squares[0], abs=1e-12 * gross**2)
    assert correlation_adjusted(notionals, measured.tolist()) == pytest.approx(
        max(squares) ** 0.5, abs=1e-9 * gross
    )


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=50))
def test_effective_assets_are_skfolio_s(parts: list[float]):
    weights = np.array(parts) / sum(parts)

    assert 1 / herfindahl(tuple(weights)) == pytest.approx(effective_number_assets(weights), rel=1e-9)
