"""Oracles for what is smoothed: pandas' ewm, arch's RiskMetrics and skfolio's covariance against ours.

Same definition, to 1e-9: pandas' `ewm(halflife, adjust=True)` of squared returns is sum / weight here, while
no cell is missing; `adjust=False` is the plain recursion. arch's EWMAVariance begins with a backcast of its
own and lags by one step: with the same beginning every later value agrees.
Different on purpose: `ewm.corr` and `ewm.cov` subtract a mean, which is noise at five minutes; the oracle is
therefore the ratio of ewm means of products. skfolio's EWCovariance has no mean either, and weighs as here.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

import numpy as np
import pandas as pd
import pytest
from arch.univariate import EWMAVariance
from skfolio.moments import EWCovariance

from guardian.core.memory import Pairs
from guardian.core.metrics.correlation import learned, moment_rho
from guardian.core.metrics.pairs import FAST, MIDDLE, SLOW, Floats, unpacked
from guardian.core.metrics.returns import DAY, HALF_LIVES, faded

DRAWN = np.random.default_rng(7).standard_t(4, size=(2000, 2)) * 0.002
RETURNS = pd.DataFrame(DRAWN @ np.array([[1.0, 0.6], [0.0, 0.8]]), columns=["a", "b"])


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_a_variance_is_pandas_ewm_of_squares(half_life: int):
    memory, found = (0.0, 0.0), []
    for value in RETURNS["a"]:
        memory = faded(memory, value * value, 1, 1, half_life)
        found.append(memory[0] / memory[1])
    expected = (RETURNS["a"] ** 2).ewm(halflife=half_life, adjust=True).mean()

    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_missing_cells_fade_the_old_as_pandas_does_by_time():
    """pandas' ewm with `times` fades by the time that passed, as here; its newest value weighs 1 always."""
    half_life = HALF_LIVES[DAY]
    cells = np.cumsum(np.random.default_rng(3).choice([1, 1, 1, 5, 40], size=500))
    values = RETURNS["a"].to_numpy()[:500]
    memory, last, found = (0.0, 0.0), cells[0] - 1, []
    for cell, value in zip(cells, values, strict=True):
        memory = faded(memory, value * value, int(cell - last), 1, half_life)
        found.append(memory[0] / memory[1])
        last = cell
    times = pd.to_datetime(cells * 300, unit="s")
    expected = pd.Series(values**2).ewm(halflife=pd.Timedelta(seconds=300 * half_life), times=times).mean()

    np.testing.assert_allclose(found, expected, rtol=1e-9)


MEMORIES = pytest.mark.parametrize(("memory", "half_life"), [(FAST, 288), (MIDDLE, 864), (SLOW, 4032)])


def moments_of(memory: int) -> Floats:
    """aa, bb, ab and the weight of the only pair, after all returns."""
    pairs = Pairs()
    for grid, (a, b) in enumerate(RETURNS.to_numpy(), 1):
        pairs = learned(pairs, ("A", "B"), {"A": (a, 1), "B": (b, 1)}, grid)
    return unpacked(pairs).moments[memory, :, 0]


@MEMORIES
def test_correlations_are_ratios_of_ewm_means(memory: int, half_life: int):
    a, b = RETURNS["a"], RETURNS["b"]
    aa, bb, ab = ((x * y).ewm(halflife=half_life).mean().iloc[-1] for x, y in ((a, a), (b, b), (a, b)))

    assert moment_rho(moments_of(memory)) == pytest.approx(ab / np.sqrt(aa * bb), rel=1e-9)


@MEMORIES
def test_covariances_are_skfolio_s(memory: int, half_life: int):
    aa, bb, ab, weight = moments_of(memory)
    found = EWCovariance(half_life=half_life, min_observations=1, nearest=False).fit(RETURNS.to_numpy())

    ours = np.array([[aa, ab], [ab, bb]]) / weight
    np.testing.assert_allclose(ours, found.covariance_, rtol=1e-9)


def recursion(first: float, returns: Iterable[float]) -> list[float]:
    """lambda 0.94 as a half-life, from a memory that is whole at the beginning."""
    memory, found = (first, 1.0), []
    for value in returns:
        memory = faded(memory, value * value, 1, 1, -1 / log2(0.94))
        found.append(memory[0] / memory[1])
    return found


def test_the_plain_recursion_is_pandas_unadjusted_and_arch():
    squares, values = RETURNS["a"] ** 2, RETURNS["a"].to_numpy()
    theirs = squares.ewm(alpha=0.06, adjust=False).mean()
    np.testing.assert_allclose(recursion(squares.iloc[0], values[1:]), theirs.iloc[1:], rtol=1e-9)

    sigma2 = np.empty(len(values))
    bounds = np.ones((len(values), 2)) * [1e-12, 1e12]
    EWMAVariance(0.94).compute_variance(np.empty(0), values, sigma2, float(squares.iloc[0]), bounds)
    np.testing.assert_allclose(recursion(sigma2[0], values[:-1]), sigma2[1:], rtol=1e-9)
