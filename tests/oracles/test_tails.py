"""Oracles for tails: skfolio, empyrical, scipy and numpy against tails.py.

Same definition, to 1e-9: skfolio's `cvar` (Rockafellar & Uryasev, the last loss in part) and `value_at_risk`
(no interpolation); scipy's normal and generalised Pareto distributions.
Different on purpose: empyrical's value at risk is numpy's interpolated percentile, which names a loss that
nobody had; its CVaR takes a whole number of losses, so that it jumps with the length of the sample and can
say more or less than the tail's mean. Both are equal to ours where the tail is a whole number of losses
(CVaR), or never (VaR): they are held against their own definitions here, so that nobody mixes them up.
"""

from __future__ import annotations

from math import inf
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pytest
import skfolio.measures as skfolio
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from guardian.core.metrics.tails import (
    Pareto,
    conditional,
    fitted,
    normal_quantile,
    normal_shortfall,
    value_at_risk,
)

LEVELS = (0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
samples = st.lists(st.floats(-0.5, 0.5), min_size=10, max_size=400).map(np.array)


@given(samples, st.sampled_from(LEVELS))
def test_cvar_is_skfolio_s(returns: np.ndarray, level: float):
    assert conditional(-returns, level) == pytest.approx(float(skfolio.cvar(returns, level)), abs=1e-9)


@pytest.mark.parametrize("count", [10, 20, 99, 250, 1000, 1477])
@pytest.mark.parametrize("level", LEVELS)
def test_both_are_skfolio_s_on_fat_tails(count: int, level: float):
    returns = np.random.default_rng(count).standard_t(3, count) * 0.01

    assert conditional(-returns, level) == pytest.approx(float(skfolio.cvar(returns, level)), abs=1e-9)
    assert value_at_risk(-returns, level) == pytest.approx(
        float(skfolio.value_at_risk(returns, level)), abs=1e-9
    )


def test_empyrical_s_cvar_is_ours_where_the_tail_is_whole():
    returns = np.random.default_rng(1).standard_t(3, 1000) * 0.01

    whole = -empyrical.conditional_value_at_risk(returns, cutoff=0.05)
    assert conditional(-returns, 0.95) == pytest.approx(whole, abs=1e-9)
    worst = np.sort(-returns)[::-1]
    assert whole == pytest.approx(worst[: int((len(returns) - 1) * 0.05) + 1].mean(), abs=1e-9)
    assert conditional(-returns, 0.95) == pytest.approx(worst[:50].mean(), abs=1e-9)


TEN = np.array([-0.08, -0.05, -0.03, -0.01, 0, 0.01, 0.01, 0.02, 0.03, 0.04])
TWENTY = np.arange(-10, 10) / 100


@pytest.mark.parametrize(
    ("returns", "level", "var", "interpolated", "cvar"),
    [(TEN, 0.9, 0.05, 0.053, 0.08), (TWENTY, 0.95, 0.09, 0.0905, 0.10)],
)
def test_the_table_of_libraries(
    returns: np.ndarray, level: float, var: float, interpolated: float, cvar: float
):
    """metrics.md section 3: empyrical's value at risk is interpolated, and ours is a loss that was."""
    assert value_at_risk(-returns, level) == pytest.approx(var, abs=1e-9)
    assert float(skfolio.value_at_risk(returns, level)) == pytest.approx(var, abs=1e-9)
    assert np.quantile(-returns, level, method="inverted_cdf") == pytest.approx(var, abs=1e-9)
    assert -empyrical.value_at_risk(returns, cutoff=1 - level) == pytest.approx(interpolated, abs=1e-9)
    assert np.quantile(-returns, level, method="linear") == pytest.approx(interpolated, abs=1e-9)

    assert conditional(-returns, level) == pytest.approx(cvar, abs=1e-9)
    assert float(skfolio.cvar(returns, level)) == pytest.approx(cvar, abs=1e-9)
    assert -empyrical.conditional_value_at_risk(returns, cutoff=1 - level) == pytest.approx(cvar, abs=1e-9)


@pytest.mark.parametrize("level", LEVELS[1:])
def test_the_normal_tail_is_scipy_s(level: float):
    z = stats.norm.ppf(level)

    assert normal_quantile(level) == pytest.approx(z, abs=1e-9)
    assert normal_shortfall(level) == pytest.approx(stats.norm.pdf(z) / (1 - level), abs=1e-9)


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.2, 0.6])
def test_a_pareto_tail_is_scipy_s(shape: float):
    """VaR is the tail's own quantile; CVaR its mean beyond, integrated by scipy, and exactly: what lies over
    a quantile of a Pareto tail is a Pareto tail of the same shape."""
    tail = Pareto(shape, 0.01, 0.03, exceeding=50, count=1000)
    law = stats.genpareto(shape, loc=0.03, scale=0.01)
    inside = 1 - 0.01 * 1000 / 50
    var = law.ppf(inside)
    beyond = law.expect(lambda x: x, lb=var, ub=inf, conditional=True)

    assert tail.value_at_risk(0.99) == pytest.approx(var, abs=1e-9)
    assert tail.conditional(0.99) == pytest.approx(beyond, rel=1e-6)
    exact = stats.genpareto(shape, loc=var, scale=0.01 + shape * (var - 0.03)).mean()
    assert tail.conditional(0.99) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("shape", [0.1, 0.3])
def test_the_fitted_tail_agrees_with_maximum_likelihood(shape: float):
    """Two methods on one sample: not equal, but within the likelihood's own error."""
    drawn = stats.genpareto(shape, scale=0.01).rvs(20_000, random_state=5)
    ours = fitted(drawn, part=0.1)
    theirs, _, scale = stats.genpareto.fit(np.sort(drawn)[-2000:] - ours.threshold, floc=0)

    assert ours.shape == pytest.approx(theirs, abs=0.06)
    assert ours.scale == pytest.approx(scale, rel=0.06)


@pytest.mark.market_data
@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2020-12-01", "2021-07-31", 0.142),
        ("2022-05-01", "2022-12-31", 0.148),
        ("2023-01-01", "2024-05-31", 0.075),
        ("2024-05-01", "2024-12-31", 0.064),
    ],
)
def test_real_days_of_btc_are_as_bad_as_published(market_data: Path, first: str, last: str, expected: float):
    """The reference's figures are of other venues and days' ends: to within a point of equity."""
    hours = pd.read_parquet(next(market_data.glob("btc_perp_1h_last_vs_mark_*.parquet")))
    marks = pd.Series(hours["mark_close"].to_numpy(), index=pd.to_datetime(hours["ts"], unit="ms", utc=True))
    days = marks[first:last].resample("1D").last().pct_change().dropna().to_numpy(dtype=float)

    assert conditional(-days, 0.99) == pytest.approx(expected, abs=0.01)
    assert conditional(-days, 0.99) == pytest.approx(float(skfolio.cvar(days, 0.99)), abs=1e-9)
