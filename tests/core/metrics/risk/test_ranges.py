"""M17: realised, bipower and range estimators, beside formulas written out again and random walks."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from guardian.core.metrics.range_volatility import ESTIMATORS
from guardian.core.metrics.ranges import (
    bipower,
    garman_klass,
    parkinson,
    realised,
    rogers_satchell,
    yang_zhang,
)

Floats = NDArray[np.float64]
BARS = ((100.0, 102.0, 99.0, 101.0), (101.0, 103.0, 100.0, 100.5), (100.4, 101.0, 98.0, 98.5))
"""Open, high, low, close."""


def parts(bars: tuple[tuple[float, ...], ...]) -> tuple[Floats, Floats, Floats, Floats]:
    rows = np.log(np.array(bars))
    opened = np.concatenate([[np.nan], rows[1:, 0] - rows[:-1, 3]])
    return opened, rows[:, 1] - rows[:, 0], rows[:, 2] - rows[:, 0], rows[:, 3] - rows[:, 0]


def test_vectors_of_single_bars() -> None:
    """As published: of one bar from 100 to 101 between 99 and 102."""
    _, high, low, close = parts(BARS[:1])

    assert log(102 / 99) ** 2 / (4 * log(2)) == pytest.approx(parkinson(close, high, low, close))
    told = 0.5 * log(102 / 99) ** 2 - (2 * log(2) - 1) * log(101 / 100) ** 2
    assert told == pytest.approx(garman_klass(close, high, low, close))
    told = log(102 / 100) * log(102 / 101) + log(99 / 100) * log(99 / 101)
    assert told == pytest.approx(rogers_satchell(high, low, close))


def test_yang_and_zhang_s_three_parts_written_out() -> None:
    opened, high, low, close = parts(BARS)
    gaps = [log(101 / 101), log(100.4 / 100.5)]
    moves = [log(c / o) for o, _, _, c in BARS]
    across = sum((g - sum(gaps) / 2) ** 2 for g in gaps) / 1
    during = sum((m - sum(moves) / 3) ** 2 for m in moves) / 2
    inside = sum(log(h / o) * log(h / c) + log(low / o) * log(low / c) for o, h, low, c in BARS) / 3
    k = 0.34 / (1.34 + 4 / 2)

    assert across + k * during + (1 - k) * inside == pytest.approx(yang_zhang(opened, high, low, close))


def walk(bars: int, steps: int, sigma: float, drift: float = 0.0, seed: int = 1) -> tuple[Floats, ...]:
    """A random walk with this sigma and drift a bar, seen so many times in each."""
    chance = np.random.default_rng(seed)
    path = np.cumsum(chance.normal(drift / steps, sigma / sqrt(steps), bars * steps)).reshape(bars, steps)
    opened = np.concatenate([[np.nan], path[1:, 0] - path[:-1, -1]])
    return opened, path.max(1) - path[:, 0], path.min(1) - path[:, 0], path[:, -1] - path[:, 0]


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(("steps", "low", "high"), [(30, 0.81, 0.89), (150, 0.91, 0.96), (300, 0.93, 0.97)])
def test_of_a_walk_that_is_seen_so_often_the_sigma_is_so_much_too_low(
    name: str, steps: int, low: float, high: float
) -> None:
    """The figures of ranges.py: nobody sees the extremes between two reads."""
    assert low < sqrt(ESTIMATORS[name](*walk(4000, steps, 0.001))) / 0.001 < high


def test_yang_and_zhang_s_is_right_of_bars_that_are_one_read_each() -> None:
    """As of a replay of bars: the move is between them."""
    assert pytest.approx(0.001, rel=0.02) == sqrt(yang_zhang(*walk(4000, 1, 0.001)))
    assert 0.0 == parkinson(*walk(100, 1, 0.001))


def test_a_drift_moves_parkinson_and_not_yang_and_zhang() -> None:
    still, drifting = walk(2000, 300, 0.001), walk(2000, 300, 0.001, drift=0.003)

    assert parkinson(*drifting) > 2.5 * parkinson(*still)
    assert pytest.approx(yang_zhang(*still), rel=0.15) == yang_zhang(*drifting)


@given(
    st.lists(
        st.tuples(st.floats(-0.1, 0.1), st.floats(0, 0.1), st.floats(0, 0.1), st.floats(0, 1)), min_size=2
    )
)
def test_no_bars_have_a_variance_below_nothing(rows: list[tuple[float, float, float, float]]) -> None:
    """High at or above both ends, low at or below."""
    opened = np.array([r[0] for r in rows])
    up, down = np.array([r[1] for r in rows]), -np.array([r[2] for r in rows])
    close = down + np.array([r[3] for r in rows]) * (up - down)

    assert all(estimate(opened, up, down, close) >= 0 for estimate in ESTIMATORS.values())


# --- realised and bipower -----------------------------------------------------------------------------


def test_vector_realised_and_bipower() -> None:
    returns = np.array([0.01, -0.02, 0.01, 0.03])
    follows = np.array([True, True, True])
    told = np.pi / 2 * (0.01 * 0.02 + 0.02 * 0.01 + 0.01 * 0.03) * 4 / 3

    assert pytest.approx(0.0001 + 0.0004 + 0.0001 + 0.0009) == realised(returns)
    assert told == pytest.approx(bipower(returns, follows))


def test_neighbours_across_a_hole_are_none() -> None:
    returns = np.array([0.01, 0.02, 0.03])

    assert pytest.approx(np.pi / 2 * 0.0006 * 3) == bipower(returns, np.array([False, True]))
    assert 0.0 == bipower(returns, np.array([False, False]))


def test_bipower_leaves_out_a_jump_that_realised_variance_counts() -> None:
    chance = np.random.default_rng(3)
    quiet = chance.normal(0, 0.001, 20_000)
    jumped = quiet.copy()
    jumped[::200] += 0.01
    follows = np.ones(len(quiet) - 1, bool)

    assert pytest.approx(realised(quiet), rel=0.02) == bipower(quiet, follows)
    assert pytest.approx(1.5 * realised(quiet), rel=0.05) == realised(jumped)
    assert bipower(jumped, follows) < 1.15 * realised(quiet)


@pytest.mark.parametrize(("count", "told"), [(48, 0.113), (288, 0.046)])
def test_the_share_of_jumps_of_what_has_none_scatters_as_its_docs_say(count: int, told: float) -> None:
    """sqrt(0.61 / N), of 4,000 windows."""
    chance = np.random.default_rng(5)
    follows = np.ones(count - 1, bool)
    found = []
    for _ in range(4000):
        returns = chance.normal(0, 0.001, count)
        found.append(1 - bipower(returns, follows) / realised(returns))

    assert pytest.approx(0, abs=0.01) == np.mean(found)
    assert told == pytest.approx(np.std(found), rel=0.1)
