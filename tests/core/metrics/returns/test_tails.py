"""M18: the tail of the days that the past would make of today's exposures."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.cvar import LEVEL
from guardian.core.metrics.history import appended
from guardian.core.metrics.returns import DAY, WEEK, variance
from guardian.core.metrics.scenarios import DAY_HOURS, losses, standard_days
from guardian.core.metrics.tails import (
    Pareto,
    conditional,
    cornish_fisher,
    fitted,
    normal_quantile,
    normal_shortfall,
    value_at_risk,
)
from guardian.core.model import AtLeast, Known, Unknown
from tests.core.build import Desk, position, read
from tests.core.metrics.returns.market import Market, watching

RETURNS = np.array([-0.08, -0.05, -0.03, -0.01, 0, 0.01, 0.01, 0.02, 0.03, 0.04])

# --- vectors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "expected"), [(0.9, 0.08), (0.75, (0.08 + 0.05 + 0.5 * 0.03) / 2.5)])
def test_vector_cvar_takes_the_last_loss_in_part(level: float, expected: float):
    assert pytest.approx(expected, abs=1e-12) == conditional(-RETURNS, level)


def test_vector_cornish_fisher():
    z = normal_quantile(0.01)

    assert pytest.approx(-3.301284, abs=5e-7) == cornish_fisher(z, -0.5, 3)
    assert pytest.approx(-2.326348, abs=5e-7) == cornish_fisher(z, 0, 0) == z


def test_a_cornish_fisher_that_falls_somewhere_is_no_quantile():
    """Maillard's domain: this much skewness asks for more kurtosis."""
    assert -2.326348 == cornish_fisher(-2.326348, -3, 1)
    assert -2.326348 == cornish_fisher(-2.326348, 0, -1)


@given(st.floats(-1.5, 1.5), st.floats(0, 8), st.floats(-4, 4), st.floats(0, 2))
def test_cornish_fisher_never_falls(skew: float, excess: float, z: float, more: float):
    assert cornish_fisher(z, skew, excess) <= cornish_fisher(z + more, skew, excess) + 1e-9


def test_vector_peaks_over_a_threshold():
    tail = Pareto(shape=0.2, scale=0.01, threshold=0.03, exceeding=50, count=1000)

    assert pytest.approx(0.0489865, abs=5e-8) == tail.value_at_risk(0.99)
    assert pytest.approx(0.0662331, abs=5e-8) == tail.conditional(0.99)


def test_a_tail_without_a_mean_has_no_shortfall():
    assert float("inf") == Pareto(1.2, 0.01, 0.03, 50, 1000).conditional(0.99)


def test_vector_filtered_history():
    """Of one asset held for 1: each past return over the sigma of its own date, times the sigma of now.

    Returns are logarithms here, as the vector's are; what is lost of the exposure is 1 - exp of them.
    """
    standard = np.array([[-0.02 / 0.01], [0.01 / 0.02], [-0.01 / 0.01], [0.03 / 0.03]])
    lost = losses(np.ones(1), np.array([0.02]), standard)

    assert pytest.approx([-0.04, 0.01, -0.02, 0.02]) == np.log1p(-lost).tolist()
    assert pytest.approx(0.04) == -np.log1p(-conditional(lost, 0.75))
    assert pytest.approx(1 - np.exp(-0.04)) == conditional(lost, 0.75)


def test_vector_normal_tail():
    """A budget of 2 % at 99 % leaves a sigma of 0.7504 % a day."""
    assert pytest.approx(2.66521, abs=5e-6) == normal_shortfall(0.99)
    assert pytest.approx(2.326348, abs=5e-7) == normal_quantile(0.99)
    assert pytest.approx(0.007504, abs=5e-7) == 0.02 / normal_shortfall(0.99)


TWENTY = np.arange(-10, 10) / 100
"""-10 % to +9 %."""


@pytest.mark.parametrize(
    ("sample", "level", "var", "cvar"), [(RETURNS, 0.9, 0.05, 0.08), (TWENTY, 0.95, 0.09, 0.10)]
)
def test_vector_of_the_table_of_libraries(sample: np.ndarray, level: float, var: float, cvar: float):
    """Value at risk is not interpolated: empyrical says 0.053 and 0.0905, riskfolio 0.08 and 0.10."""
    assert pytest.approx(var, abs=1e-12) == value_at_risk(-sample, level)
    assert pytest.approx(cvar, abs=1e-12) == conditional(-sample, level)


samples = st.lists(st.floats(-1, 1), min_size=5, max_size=60).map(np.array)


@given(samples, st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99]))
def test_cvar_lies_between_var_and_the_worst(sample: np.ndarray, level: float):
    low, high = value_at_risk(sample, level), conditional(sample, level)

    assert low - 1e-12 <= high <= sample.max() + 1e-12
    assert np.mean(sample <= low) >= level - 1e-9


@given(samples, st.randoms())
def test_the_order_of_the_days_does_not_matter(sample: np.ndarray, chance):
    shuffled = np.array(chance.sample(sample.tolist(), len(sample)))

    assert pytest.approx(conditional(sample, 0.9)) == conditional(shuffled, 0.9)
    assert value_at_risk(sample, 0.9) == value_at_risk(shuffled, 0.9)


# --- days ---------------------------------------------------------------------------------------------


def series(hours: range, value: float = 1.0) -> str:
    packed = ""
    for hour in hours:
        packed = appended(packed, hour, value * (1 + hour % 5))
    return packed


def test_a_day_is_24_hours_in_a_row_that_all_assets_have():
    one, other = series(range(100)), series(range(50, 120), -1.0)

    assert 77 == len(standard_days((one,)))
    days = standard_days((one, other))
    assert (50 - DAY_HOURS + 1, 2) == days.shape
    assert np.allclose(days[:, 0], -days[:, 1])


def test_no_day_spans_a_gap():
    packed = series(range(30)) and appended(series(range(30)), 40, 9.0)

    assert 7 == len(standard_days((packed,)))
    assert 0 == len(standard_days((series(range(23)),)))


def test_a_short_position_loses_more_than_its_logarithm():
    """Whole returns: a price that doubles costs a short everything and a long gains as much."""
    day = np.array([[np.log(2.0)]])

    assert pytest.approx([1000.0]) == losses(np.array([-1000.0]), np.ones(1), day).tolist()


# --- on an account ------------------------------------------------------------------------------------


def test_before_there_are_days_the_normal_tail_is_a_bound():
    market = Market(watching("cvar", "volatility"), {"A": 1.0}).run(60)
    tail, sigma = market.found("cvar"), market.found("volatility")

    assert isinstance(tail, AtLeast)
    assert isinstance(sigma, Known)
    assert tail.filling
    assert pytest.approx(2.66521, rel=1e-5) == tail.value / sigma.value


def test_after_a_burst_the_tail_falls_as_a_week_s_sigma_and_volatility_as_a_day_s():
    market = Market(watching("cvar", "value_at_risk", "volatility"), {"A": 1.0})
    market.size = 0.004
    market.run(2 * 288)
    market.size = 0.001
    market.run(2 * 288)
    tail, var, sigma = (market.found(name) for name in ("cvar", "value_at_risk", "volatility"))
    assert market.account.returns is not None
    day, week = (variance(market.account.returns.assets[0], which) for which in (DAY, WEEK))

    assert isinstance(tail, AtLeast)
    assert isinstance(var, AtLeast)
    assert isinstance(sigma, Known)
    assert day is not None
    assert week is not None
    assert week > 1.5 * day
    assert pytest.approx(normal_shortfall(LEVEL) * sqrt(week / day)) == tail.value / sigma.value
    assert pytest.approx(normal_quantile(LEVEL) * sqrt(week / day)) == var.value / sigma.value


def test_into_a_burst_the_tail_rises_as_a_day_s_sigma():
    market = Market(watching("cvar", "volatility"), {"A": 1.0}).run(2 * 288)
    market.size = 0.004
    market.run(144)
    tail, sigma = market.found("cvar"), market.found("volatility")

    assert isinstance(tail, AtLeast)
    assert isinstance(sigma, Known)
    assert pytest.approx(normal_shortfall(LEVEL)) == tail.value / sigma.value


def test_fat_tails_are_found_in_the_past_and_not_by_the_normal():
    """A crash every five days: at today's calm the past still tells, and the normal does not."""
    market = Market(watching("cvar", "value_at_risk", "volatility"), {"A": 1.0})
    for _ in range(5):
        market.run(119 * 12).step(A=-0.1).run(11)
    market.run(100 * 12)
    tail, var, sigma = (market.found(name) for name in ("cvar", "value_at_risk", "volatility"))

    assert isinstance(tail, Known)
    assert isinstance(var, Known)
    assert isinstance(sigma, Known)
    assert tail.value > 1.3 * normal_shortfall(LEVEL) * sigma.value
    assert var.value < tail.value


def test_gaussian_days_are_about_as_the_normal_says():
    market = Market(watching("cvar", "volatility"), {"A": 1.0, "B": 0.5}).run(12 * 600)
    tail, sigma = market.found("cvar"), market.found("volatility")

    assert isinstance(tail, Known)
    assert isinstance(sigma, Known)
    assert 2.66 < tail.value / sigma.value < 3.6


def test_nothing_held_risks_nothing():
    desk = watching("cvar", "value_at_risk", "volatility")
    desk.see(read(0))
    for metric in ("cvar", "value_at_risk", "volatility"):
        own = desk.account.rule(metric)
        assert own is not None
        assert Known(0.0) == own.measured


def test_a_new_asset_leaves_a_bound_that_never_clears():
    market = Market(watching("cvar"), {"A": 1.0}).run(60)
    market.held["B"], market.logs["B"] = -1.0, 0.0
    market.step()
    found = market.found("cvar")

    assert isinstance(found, AtLeast)
    assert "no returns of B" in found.why
    assert not found.filling


def test_a_new_asset_under_one_percent_is_no_reason():
    market = Market(watching("volatility"), {"A": 1.0}).run(60)
    market.held["B"], market.logs["B"] = 0.005, 0.0

    assert isinstance(market.step().found("volatility"), Known)


@pytest.mark.parametrize("metric", ["volatility", "cvar", "value_at_risk", "effective_bets"])
def test_many_small_ones_that_nobody_measured_are_not_small(metric: str):
    """A book of 120 equal positions has none over 1 %: it has no risk that is known, not none."""
    many = Market(watching(metric), {f"A{i:03}": 1.0 for i in range(120)}).step()

    assert isinstance(many.found(metric), Unknown)


def test_two_new_assets_that_are_over_one_percent_together_are_a_reason():
    market = Market(watching("volatility"), {"A": 1.0}).run(60)
    for name in "BC":
        market.held[name], market.logs[name] = 0.008, 0.0
    found = market.step().found("volatility")

    assert isinstance(found, AtLeast)
    assert "no returns of C" in found.why


def test_two_like_assets_long_and_short_hedge_and_both_long_add():
    both = Market(watching("volatility"), {"A": 1.0, "B": 1.0}).run(80)
    hedged = Market(watching("volatility"), {"A": 1.0, "B": 1.0})
    hedged.held["B"] = -1.0
    hedged.run(80)
    added, netted = both.found("volatility"), hedged.found("volatility")

    assert isinstance(added, Known)
    assert isinstance(netted, Known)
    assert netted.value < 0.01 * added.value


def test_a_disputed_equity_leaves_a_bound():
    desk: Desk = watching("cvar")
    market = Market(desk, {"A": 1.0}).run(60)
    legs = market.legs()
    honest = read(60 * 300 + 9, legs, cash=10_000)
    assert honest.wallet is not None
    from tests.core.build import says

    desk.see(says(honest, 20_000))
    found = market.found("cvar")
    assert isinstance(found, AtLeast)
    assert "differ" in found.why


@pytest.mark.parametrize("metric", ["cvar", "value_at_risk", "volatility"])
def test_before_four_hours_it_is_warming(metric: str):
    market = Market(watching(metric), {"A": 1.0}).run(40)
    found = market.found(metric)

    assert isinstance(found, Unknown)
    assert found.warming


def test_a_fitted_tail_finds_its_own_parameters():
    """By probability-weighted moments; the sample is drawn by the inverse of the distribution."""
    uniform = (np.arange(20_000) + 0.5) / 20_000
    drawn = 0.01 / 0.2 * ((1 - uniform) ** -0.2 - 1)
    tail = fitted(drawn, part=0.5)

    assert pytest.approx(0.2, abs=0.01) == tail.shape
    assert pytest.approx(0.01 * 2**0.2, rel=0.02) == tail.scale
    assert pytest.approx(np.quantile(drawn, 0.99), rel=0.02) == tail.value_at_risk(0.99)


def test_leverage_scales_the_tail():
    small, large = (Market(watching("cvar"), {"A": 1.0}) for _ in range(2))
    large.held["A"] = 3.0
    one, three = (m.run(60).found("cvar") for m in (small, large))

    assert isinstance(one, AtLeast)
    assert isinstance(three, AtLeast)
    equity = [float(m.account.nav.equity) for m in (small, large)]
    assert pytest.approx(3 * one.value * equity[0] / equity[1], rel=1e-9) == three.value
    assert sqrt(3) < 3


def test_an_asset_of_another_contract_is_held_to_its_asset():
    """Spot coins and a perpetual of one asset are one exposure."""
    desk = watching("volatility")
    market = Market(desk, {"A": 1.0}).run(60)
    legs = (*market.legs(), position("A/USDC:USDC", -1, market.legs()[0].mark))
    desk.see(read(60 * 300 + 9, legs, cash=10_000))

    found = market.found("volatility")
    assert isinstance(found, Known)
    assert found.value < 1e-9
