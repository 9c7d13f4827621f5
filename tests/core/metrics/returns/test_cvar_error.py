"""M18: how sure the simulated CVaR is, the same on every machine and in every replay."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from guardian.core.metrics.cvar_error import _conditional, bootstrapped, numbers, standard_error
from guardian.core.metrics.history import MAXIMUM_HOURS, appended
from guardian.core.metrics.scenarios import DAY_HOURS
from guardian.core.metrics.tails import conditional
from guardian.core.model import Known
from guardian.core.state import AccountState
from tests.core.metrics.returns.market import Market, watching


def overlapping(count: int, seed: int) -> np.ndarray:
    """Losses of days that begin an hour apart."""
    hours = np.random.default_rng(seed).standard_t(4, count + DAY_HOURS - 1) / 100
    return np.convolve(hours, np.ones(DAY_HOURS), "valid")


def test_numbers_are_those_of_splitmix64():
    """The published first outputs of seed 1234567."""
    assert [6457827717110365317, 3203168211198807973, 9817491932198370423] == numbers(1234567, 3).tolist()


def test_numbers_are_even():
    drawn = numbers(42, 20_000) / 2.0**64

    assert kstest(drawn, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02


@given(st.lists(st.floats(-1, 1), min_size=25, max_size=200), st.sampled_from([0.9, 0.95, 0.99]))
def test_each_sample_s_tail_is_that_of_the_metric(sample: list[float], level: float):
    rows = np.array([sample, sample[::-1]])

    assert _conditional(rows, level) == pytest.approx([conditional(np.array(sample), level)] * 2, abs=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_oracle_arch(seed: int):
    """The same bootstrap by a library nobody here wrote; both are samples, of 2,000 draws each."""
    days = overlapping(1000, seed)
    theirs = CircularBlockBootstrap(DAY_HOURS, days, seed=seed).apply(lambda x: conditional(x, 0.99), 2000)

    assert bootstrapped(days, 0.99, seed, draws=2000) == pytest.approx(theirs.std(ddof=1), rel=0.1)


def test_two_hundred_draws_are_near_enough():
    days = overlapping(1000, 4)
    few = [bootstrapped(days, 0.99, seed) for seed in range(20)]

    assert np.std(few) < 0.1 * np.mean(few)


def test_the_same_days_have_the_same_error_and_a_larger_loss_a_larger_one():
    days = overlapping(400, 5)

    assert bootstrapped(days, 0.99, 7) == bootstrapped(days.copy(), 0.99, 7)
    assert bootstrapped(days * 3, 0.99, 7) == pytest.approx(3 * bootstrapped(days, 0.99, 7))
    assert bootstrapped(np.full(400, 0.05), 0.99, 7) == pytest.approx(0.0, abs=1e-15)


# --- of an account ------------------------------------------------------------------------------------


def account(hours: int, names: str = "AB") -> AccountState:
    """Two assets that were learned for five hours, with this long a past."""
    found = Market(watching("cvar"), dict.fromkeys(names, 0.5)).run(60).account
    assert found.returns is not None
    chance = random.Random(9)
    assets = tuple(replace(own, history=packed(hours, chance)) for own in found.returns.assets)
    return replace(found, returns=replace(found.returns, assets=assets))


def packed(hours: int, chance: random.Random) -> str:
    found = ""
    for hour in range(hours):
        found = appended(found, hour, chance.gauss(0, 1))
    return found


def test_it_is_a_part_of_the_value():
    held = account(MAXIMUM_HOURS)
    found = standard_error(held)

    assert found is not None
    own = held.rule("cvar")
    assert own is not None
    assert not isinstance(own.measured, Known), "as judged, before its past was made up"
    assert 0 < found < 0.05
    assert standard_error(account(MAXIMUM_HOURS)) == found


def test_too_few_days_have_none():
    assert standard_error(account(DAY_HOURS + 248)) is None
    assert standard_error(account(DAY_HOURS + 249)) is not None
    assert standard_error(account(0)) is None


def test_nothing_held_has_none():
    held = account(400)

    assert standard_error(replace(held, evidence=replace(held.evidence, positions=()))) is None
    assert standard_error(replace(held, nav=None)) is None


def test_asking_costs_milliseconds_and_asking_again_nothing():
    held = account(MAXIMUM_HOURS)
    took = []
    for _ in range(2):
        began = time.perf_counter()
        standard_error(held)
        took.append(time.perf_counter() - began)

    assert took[0] < 1.0, "bounded, on a machine that does something else as well"
    assert took[1] < took[0]
