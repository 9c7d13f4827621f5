"""Oracles for matrices: scipy's Mahalanobis distance and numpy's eigenvalues against M16 and M19.

Same definition, to 1e-9. Turbulence is the squared distance over n with a lagged covariance and shrunk
correlations; scipy is given the same shrunk matrix, for the shrinking is what differs from Kritzman & Li.
scikit-learn's Ledoit-Wolf chooses its own intensity from the sample: ours is a fixed 5 %, so that one value
needs no sample; it is no oracle for that.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import mahalanobis

from guardian.core.metrics.spectrum import absorbed, diversification_ratio, entropy_number, market_shares
from guardian.core.metrics.turbulence import SHRINK, distance, unusual


def drawn(count: int, seed: int) -> np.ndarray:
    sample = np.random.default_rng(seed).standard_normal((10 * count, count))
    sample[:, 1:] += sample[:, :1]
    return np.cov(sample.T)


@pytest.mark.parametrize("count", [1, 2, 5, 20, 50])
def test_distance_is_scipy_s_mahalanobis_squared(count: int):
    covariance = np.atleast_2d(drawn(count, count)) if count > 1 else np.array([[0.3]])
    returns = np.random.default_rng(count + 1).standard_normal(count)
    expected = mahalanobis(returns, np.zeros(count), np.linalg.inv(covariance)) ** 2

    assert distance(returns, covariance) == pytest.approx(expected, rel=1e-9)


def test_turbulence_is_the_distance_over_n_of_the_shrunk_matrix():
    covariance = drawn(4, 9)
    sigmas = np.sqrt(np.diag(covariance))
    correlations = covariance / np.outer(sigmas, sigmas)
    names = "ABCD"
    rhos = {(a, b): correlations[i, j] for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
    returns = np.array([0.3, -0.2, 0.9, 0.1])
    shrunk = (1 - SHRINK) * covariance + SHRINK * np.diag(np.diag(covariance))
    step = {name: (returns[i], sigmas[i]) for i, name in enumerate(names)}

    expected = mahalanobis(returns, np.zeros(4), np.linalg.inv(shrunk)) ** 2 / 4
    assert unusual(step, rhos) == pytest.approx(expected, rel=1e-9)


def test_gaussian_turbulence_has_the_mean_of_a_chi_square():
    covariance = drawn(5, 3)
    returns = np.random.default_rng(4).multivariate_normal(np.zeros(5), covariance, 4000)
    found = [distance(row, covariance) / 5 for row in returns]

    assert np.mean(found) == pytest.approx(stats.chi2(5).mean() / 5, abs=0.05)


@pytest.mark.parametrize("count", [2, 5, 20])
def test_shares_are_numpy_s_eigenvalues(count: int):
    covariance = drawn(count, count)
    sigmas = np.sqrt(np.diag(covariance))
    correlations = covariance / np.outer(sigmas, sigmas)
    values = np.linalg.eigvals(correlations).real
    shares = values / values.sum()

    assert entropy_number(market_shares(correlations)) == pytest.approx(
        float(np.exp(stats.entropy(shares))), rel=1e-9
    )
    assert absorbed(market_shares(correlations), 1) == pytest.approx(shares.max(), rel=1e-9)


def test_the_diversification_ratio_is_of_covariances():
    covariance = drawn(6, 2)
    sigmas = np.sqrt(np.diag(covariance))
    weights = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    expected = weights @ sigmas / np.sqrt(weights @ covariance @ weights)
    found = diversification_ratio(weights, sigmas, covariance / np.outer(sigmas, sigmas))

    assert found == pytest.approx(expected, rel=1e-9)
