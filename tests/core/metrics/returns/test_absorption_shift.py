"""M16: whether the market has come to move as one, against what is usual of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import sqrt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import Absorbed, Correlations
from guardian.core.metrics.absorption_shift import (
    LEAST_DEVIATION,
    STEPS_TO_KNOW,
    fold_absorbed,
    measure,
    paired,
    ratio,
)
from guardian.core.metrics.correlation import SLOW_CELLS
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.metrics.metric import View
from guardian.core.metrics.pairs import Pair, together
from guardian.core.model import Known, Unknown, Window
from tests.core.build import START, Desk, at, rule, rung
from tests.core.metrics.returns.market import Market


def book(grid: int, rho: float, names: str = "ABCD") -> Correlations:
    """Every pair alike by `rho` (known for a day)."""
    moments = (1e-6, 1e-6, rho * 1e-6, 0.5)
    return Correlations(
        grid, moments=together(Pair(a, b, moments, moments) for a, b in combinations(names, 2))
    )


def learned(rhos: list[float], names: str = "ABCD", start: int = 100) -> Absorbed | None:
    known: Absorbed | None = None
    for n, rho in enumerate(rhos):
        known = fold_absorbed(known, book(start + n, rho, names))
    return known


def absorbed_by(rho: float, count: int = 4) -> float:
    """The largest eigenvalue of equal correlations is 1 + (n - 1) rho."""
    return (1 + (count - 1) * rho) / count


def test_vector_of_the_ratio():
    """metrics.md M16: four assets alike by 0.6 are absorbed by 0.70."""
    told = dict.fromkeys(combinations("ABCD", 2), 0.6)

    assert ratio("ABCD", told) == pytest.approx(0.70)


RHOS = st.lists(st.floats(0.01, 0.95), min_size=2, max_size=60)


@given(RHOS)
def test_oracle_pandas(rhos: list[float]):
    """Mean and (biased) variance of exponentially weighted values; the shift is against those before."""
    known = learned(rhos)
    series = pd.Series([absorbed_by(rho) for rho in rhos])
    theirs = series.ewm(halflife=SLOW_CELLS, adjust=True)

    assert known is not None
    assert known.mean == pytest.approx(theirs.mean().iloc[-1], abs=1e-9)
    assert known.variance == pytest.approx(theirs.var(bias=True).iloc[-1], abs=1e-9)


def swinging(count: int) -> list[float]:
    return [0.5 + (0.1 if n % 2 else -0.1) for n in range(count)]


def test_a_market_that_comes_to_move_as_one():
    rhos = swinging(STEPS_TO_KNOW)
    before = learned(rhos)
    assert before is not None
    assert before.shift is None, "not learned yet"

    usual = fold_absorbed(before, book(before.grid + 1, 0.5))
    alike = fold_absorbed(before, book(before.grid + 1, 0.9))

    assert usual is not None
    assert alike is not None
    assert usual.shift == pytest.approx(0.0, abs=0.01)
    expected = (absorbed_by(0.9) - before.mean) / sqrt(before.variance)
    assert alike.shift == pytest.approx(expected)
    assert expected > 3


def test_a_hair_is_no_shift_where_nothing_ever_moved():
    before = learned([0.5] * (STEPS_TO_KNOW + 1))
    assert before is not None

    after = fold_absorbed(before, book(before.grid + 1, 0.51))

    assert after is not None
    assert after.shift == pytest.approx(0.0075 / LEAST_DEVIATION, rel=1e-3)


def test_an_asset_that_joins_or_leaves_is_no_shift():
    before = learned(swinging(STEPS_TO_KNOW + 1))
    assert before is not None

    joined = fold_absorbed(before, book(before.grid + 1, 0.5, "ABCDE"))
    assert joined is not None
    left = fold_absorbed(joined, book(before.grid + 2, 0.5, "ABCDE"))

    assert joined.assets == tuple("ABCDE")
    assert joined.shift == pytest.approx((absorbed_by(0.5) - before.mean) / sqrt(before.variance), abs=1e-9)
    assert left is not None
    assert left.shift == pytest.approx(joined.shift, abs=0.01)


def test_where_nothing_of_before_is_known_learning_begins_anew():
    before = learned(swinging(STEPS_TO_KNOW + 1))
    assert before is not None

    other = fold_absorbed(before, book(before.grid + 1, 0.9, "WXYZ"))

    assert other is not None
    assert (other.shift, other.mean) == (None, pytest.approx(absorbed_by(0.9)))
    assert other.weight < before.weight


def test_within_a_cell_and_with_one_asset_nothing_is_learned():
    before = learned([0.5, 0.6])

    assert before is not None
    assert fold_absorbed(before, book(before.grid, 0.9)) is before
    assert fold_absorbed(before, Correlations(before.grid + 1)) is before
    assert fold_absorbed(None, None) is None


@given(st.sets(st.sampled_from(list(combinations("ABCDEF", 2)))))
def test_every_pair_of_what_is_taken_is_known(pairs: set[tuple[str, str]]):
    names = paired(dict.fromkeys(pairs, 0.5))

    assert set(combinations(names, 2)) <= pairs
    assert len(names) >= (2 if pairs else 0)


def test_an_asset_that_is_new_does_not_hide_the_rest():
    known = dict.fromkeys(combinations("ABCD", 2), 0.5) | {("A", "E"): 0.5}

    assert paired(known) == tuple("ABCD")


def watching() -> Desk:
    return Desk(rule(rung(9e9, "caution"), id="absorption_shift", metric="absorption_shift", window=Window()))


def test_live_it_learns_from_the_reads_once_a_cell():
    market = Market(watching(), dict.fromkeys("ABC", 0.9)).run(60)
    course = market.account.course

    assert course.absorbed is not None
    assert course.absorbed.assets == tuple("ABC")
    assert isinstance(market.found("absorption_shift"), Unknown)


@pytest.mark.parametrize(("minutes", "known"), [(0, True), (19, True), (21, False)])
def test_what_is_old_is_not_known(minutes: int, known: bool):
    """A cell of five minutes, and fifteen more."""
    account = Market(watching(), dict.fromkeys("AB", 0.9)).run(60).account
    grid = int(START.timestamp()) // GRID_SECONDS
    told = Absorbed(grid, ("A", "B"), 0.9, 0.01, 0.5, shift=1.5)
    account = replace(account, course=replace(account.course, absorbed=told))
    view = View(account, rule(metric="absorption_shift"), account.rules[0], at(60 * minutes))

    assert measure(view) == (Known(1.5) if known else Unknown("no return has been seen for 15 minutes"))
