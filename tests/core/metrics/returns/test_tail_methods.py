"""M18: one tail by several methods, for people who ask how far the number depends on the method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.cvar import LEVEL
from guardian.core.metrics.history import MAXIMUM_HOURS
from guardian.core.metrics.scenarios import DAY_HOURS
from guardian.core.metrics.tail_methods import LEAST_FITTED, TAILS, by_method, expanded, pareto
from guardian.core.metrics.tails import conditional, normal_quantile, normal_shortfall
from guardian.core.model import Known
from tests.core.build import at, rule, rung
from tests.core.metrics.returns.test_cvar_error import account

NORMAL = np.random.default_rng(3).normal(0, 0.02, 20_000)
FAT = np.random.default_rng(4).standard_t(3, 20_000) * 0.01


@pytest.mark.parametrize("metric", TAILS)
def test_the_metric_is_the_larger_of_the_first_two(metric: str):
    held = account(MAXIMUM_HOURS)
    asked = rule(rung(9e9, "caution"), id="cvar", metric=metric)

    found = by_method(held, metric)
    judged = BY_NAME[metric].measure(View(held, asked, held.rules[0], at(0)))

    assert judged == Known(pytest.approx(max(found["simulated"], found["normal"]), rel=1e-12))
    assert set(found) - {"cornish-fisher"} == {"simulated", "normal", "pareto"}


def test_each_needs_its_days():
    young, some, many = (account(DAY_HOURS - 1 + n) for n in (249, LEAST_FITTED - 1, LEAST_FITTED))

    assert {"normal"} == set(by_method(young, "cvar"))
    assert {"normal", "simulated"} == set(by_method(some, "cvar"))
    assert {"normal", "simulated", "pareto"} == set(by_method(many, "cvar"))


def test_nothing_held_has_none():
    held = account(400)

    assert {} == by_method(replace(held, evidence=replace(held.evidence, positions=())), "cvar")
    assert {} == by_method(replace(held, nav=None), "cvar")


def test_of_gaussian_days_all_methods_say_the_same():
    sigma = 0.02

    assert conditional(NORMAL, LEVEL) == pytest.approx(normal_shortfall(LEVEL) * sigma, rel=0.05)
    assert pareto(NORMAL, shortfall=True)["pareto"] == pytest.approx(conditional(NORMAL, LEVEL), rel=0.05)
    for found in (*pareto(NORMAL, shortfall=False).values(), *expanded(NORMAL).values()):
        assert found == pytest.approx(normal_quantile(LEVEL) * sigma, rel=0.05)


def test_of_fat_tails_the_fitted_one_is_as_the_days_and_the_normal_one_is_not():
    """Student's t with three degrees: its own quantile and mean beyond it, by scipy."""
    law = stats.t(3, scale=0.01)
    var = law.ppf(LEVEL)

    assert pareto(FAT, shortfall=False)["pareto"] == pytest.approx(var, rel=0.05)
    beyond = law.expect(lb=var, conditional=True)
    assert pareto(FAT, shortfall=True)["pareto"] == pytest.approx(beyond, rel=0.1)
    assert normal_shortfall(LEVEL) * FAT.std() < 0.8 * conditional(FAT, LEVEL)


def test_oracle_scipy_moments():
    """metrics.md M18 has the expansion; here it is of the days' own skewness and excess kurtosis."""
    law = stats.genlogistic(1.2, scale=0.01)
    days = law.rvs(5000, random_state=5)
    z, skew, excess = stats.norm.ppf(LEVEL), stats.skew(days), stats.kurtosis(days)
    theirs = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36

    found = expanded(days)["cornish-fisher"]

    assert found == pytest.approx(days.mean() + theirs * days.std(), abs=1e-9)
    assert found == pytest.approx(law.ppf(LEVEL), rel=0.05)


@pytest.mark.parametrize("days", [np.zeros(500), np.full(500, 0.03), np.repeat([0.01, 0.0], [30, 470])])
def test_days_that_are_all_alike_have_no_tail_to_fit(days: np.ndarray):
    assert {} == pareto(days, shortfall=True)


@given(st.lists(st.floats(-1, 1), min_size=LEAST_FITTED, max_size=LEAST_FITTED).map(np.array))
def test_any_days_are_told_as_numbers_or_not_at_all(days: np.ndarray):
    found = [*pareto(days, shortfall=True).values(), *pareto(days, shortfall=False).values()]

    assert np.isfinite([*found, *expanded(days).values()]).all()
    assert all(value >= np.sort(days)[-len(days) // 20 - 1] - 1e-9 for value in found), "over its threshold"
