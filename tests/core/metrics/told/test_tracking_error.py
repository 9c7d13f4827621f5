"""M34: how much what live and paper earn scatters, by the day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.tracking_error import LEAST_STEPS, scatter
from guardian.core.model import Known, LedgerKind, Level, Measured, Unknown
from tests.core.build import START, read, rung, says
from tests.core.metrics.beside.stage import Stage
from tests.core.metrics.told.test_tracking import Pair

QUARTER = 900


class Scattered(Pair):
    """The pair of the tracking difference, judged by its error."""

    def __init__(self, **changes: Any) -> None:
        Stage.__init__(self, "tracking_error", cash=1000, **changes)
        self.paper, self.paid, self.rows, self.times, self.lost = 5000, 0.0, 0, 1.0, 0


def after(*differences: float, every: float = QUARTER) -> tuple[Scattered, Measured]:
    """Live earns this much more than paper in each step; paper nothing."""
    pair = Scattered()
    pair.earns(0)
    found: Measured = pair.measured
    for step, live in enumerate(differences):
        found = pair.earns((step + 1) * every, live)
    return pair, found


def test_a_difference_that_comes_and_goes_is_an_error_though_its_sum_is_nothing():
    """A basis point up and down, 96 times a day: 0.01 % x sqrt(96)."""
    pair, found = after(*([0.0001, -0.0001] * 12))

    assert found == Known(pytest.approx(0.0001 * 96**0.5, rel=1e-3))
    assert pair.tracked.difference == pytest.approx(0, abs=1e-6)


def test_both_alike_is_nothing():
    pair = Scattered()
    pair.earns(0)
    for step in range(1, 40):
        pair.earns(step * QUARTER, 0.001 * (-1) ** step, 0.001 * (-1) ** step)

    assert pair.measured == Known(pytest.approx(0, abs=1e-9))


STEPS = st.lists(st.floats(-0.01, 0.01), min_size=LEAST_STEPS + 4, max_size=150)


@given(STEPS)
def test_on_an_even_grid_it_is_the_ewm_of_pandas(steps: list[float]):
    sums = pd.Series([0.0, *steps]).cumsum()
    points = [(START + timedelta(seconds=n * QUARTER), float(sum_)) for n, sum_ in enumerate(sums)]
    theirs = (sums.diff().dropna() ** 2).ewm(halflife=96).mean().iloc[-1]

    assert scatter(points) == pytest.approx((theirs * 96) ** 0.5, abs=1e-12)


@given(STEPS, st.floats(0.1, 10))
def test_it_scales_and_has_no_sign(steps: list[float], factor: float):
    def of(each: list[float]) -> float:
        sums = pd.Series([0.0, *each]).cumsum()
        return scatter([(START + timedelta(seconds=n * QUARTER), float(s)) for n, s in enumerate(sums)])

    assert of([factor * each for each in steps]) == pytest.approx(factor * of(steps), abs=1e-9)
    assert of([-each for each in steps]) == pytest.approx(of(steps), abs=1e-12)


def test_how_often_the_twin_speaks_does_not_change_it():
    """The same scatter a day in quarters of an hour and in hours."""
    _, often = after(*([0.0002, -0.0002] * 24))
    _, seldom = after(*([0.0004, -0.0004] * 12), every=4 * QUARTER)

    assert isinstance(often, Known)
    assert seldom == Known(pytest.approx(often.value, rel=1e-3))


# --- what is not known --------------------------------------------------------------------------------


def test_too_little_is_warming():
    assert isinstance(after()[1], Unknown)
    assert isinstance(after(*[0.001] * (LEAST_STEPS + 1), every=600)[1], Unknown), "three hours"
    _, few = after(*[0.001] * 5, every=3600)
    assert isinstance(few, Unknown)
    assert few.warming


def test_never_told_is_unknown_and_silence_goes_stale():
    pair, found = after(*[0.001] * 20)
    assert isinstance(found, Known)

    pair.see(read(20 * QUARTER + 61, cash=pair.cash))

    assert isinstance(pair.measured, Unknown)
    assert pair.account.rules[0].stale


def test_deposits_move_nothing():
    pair, before = after(*[0.0001, -0.0001] * 10)
    pair.books(20 * QUARTER + 1, 500, LedgerKind.FLOW)
    later = pair.word(20 * QUARTER + 2)

    assert isinstance(before, Known)
    assert later == Known(pytest.approx(before.value, rel=1e-3))


def test_a_disputed_equity_says_nothing():
    pair, _ = after(*[0.001] * 20)
    pair.see(says(read(20 * QUARTER + 1, cash=pair.cash), 3000))

    assert isinstance(pair.measured, Unknown)


def test_it_halts_at_most():
    pair = Scattered(ladder=(rung(0.001, "lockout"),))
    pair.earns(0)
    for step in range(1, 25):
        pair.earns(step * QUARTER, 0.001 * (-1) ** step)

    assert Level.HALT is pair.level
