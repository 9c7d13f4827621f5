"""M26: what slippage is made of, and whether it is worse than usual."""

from __future__ import annotations

import random
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from guardian.core.metrics.model_vs_fill import FARTHEST
from guardian.core.metrics.slippage_rise import LEAST_DEVIATION, LEAST_SIGNALS, rise, usual
from guardian.core.model import AtLeast, Known, Measured, Unknown
from tests.core.build import BTC, ETH
from tests.core.metrics.beside.stage import HOUR, MINUTE, Stage, fill, signal

PARTS = ("slippage_delay", "slippage_impact")


def told(metric: str, signals: Any, fills: Any) -> Measured:
    stage = Stage(metric, window=HOUR).watched()
    stage.tell(0, signals=signals)
    stage.did(0, fills=fills)
    return stage.now(0)


def split(signals: Any, fills: Any) -> list[float]:
    found = [told(name, signals, fills) for name in (*PARTS, "slippage")]
    assert all(isinstance(each, Known) for each in found)
    return [each.value for each in found if isinstance(each, Known)]


def buy(price: float, *fills: tuple[float, float, float]) -> tuple[Any, Any]:
    """A buy at this price, and (second, quantity, price) of its fills."""
    rows = tuple(fill(f"f{n}", s, q, p, client_id="ft-1") for n, (s, q, p) in enumerate(fills))
    return (signal("1", -99, 1, price),), rows


def test_vector_and_its_two_parts():
    """metrics.md M26: 100 meant, 1 @ 100.1 and 3 @ 100.2 are +17.5 bps; 10 came before the first."""
    delay, impact, whole = split(*buy(100, (-9, 1, 100.1), (-8, 3, 100.2)))

    assert whole == pytest.approx(0.00175)
    assert (delay, impact) == (pytest.approx(0.0010), pytest.approx(0.00075))


def test_vector_of_a_sale():
    """metrics.md M26: a sale meant at 100 and filled at 99.9 cost 10 bps; one fill has no impact."""
    delay, impact, whole = split((signal("1", -9, -1, 100),), (fill("1", -8, -1, 99.9),))

    assert (delay, impact, whole) == (
        pytest.approx(0.001),
        pytest.approx(0.0, abs=1e-12),
        pytest.approx(0.001),
    )


def test_of_fills_at_one_instant_the_best_was_the_first():
    """Sweeping a book is told as fills of one instant, in any order."""
    forwards = split(*buy(100, (-9, 1, 100.1), (-9, 3, 100.2)))

    assert forwards == pytest.approx(split(*buy(100, (-9, 3, 100.2), (-9, 1, 100.1))))
    assert forwards[0] == pytest.approx(0.001)


def test_a_price_that_came_back_was_not_the_first():
    """The first execution was dear, and the rest of the order was lucky: its impact is negative."""
    delay, impact, whole = split(*buy(100, (-9, 1, 100.2), (-8, 3, 100.1)))

    assert [delay, impact, whole] == pytest.approx([0.002, -0.00075, 0.00125])


AMOUNTS = st.tuples(st.integers(-50, -1), st.integers(1, 9), st.integers(90, 110))


@given(st.lists(st.tuples(st.sampled_from([1, -1]), st.lists(AMOUNTS, min_size=1, max_size=4)), min_size=1,
                max_size=4))  # fmt: skip
def test_the_parts_are_the_whole(orders: list[tuple[int, list[tuple[int, int, int]]]]):
    signals = tuple(signal(str(n), -60 + n, side, 100) for n, (side, _) in enumerate(orders))
    fills = tuple(
        fill(f"{n}-{i}", second, side * size, price, client_id=f"ft-{n}")
        for n, (side, rows) in enumerate(orders)
        for i, (second, size, price) in enumerate(rows)
    )

    delay, impact, whole = split(signals, fills)

    assert delay + impact == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize("metric", [*PARTS, "slippage_rise"])
def test_without_signals_nothing_is_known(metric: str):
    assert isinstance(told(metric, (), (fill("1", -1, 1),)), Unknown)


@pytest.mark.parametrize("metric", PARTS)
def test_fills_without_a_signal_keep_it_from_clearing(metric: str):
    signals, fills = buy(100, (-9, 1, 100.1))

    assert isinstance(told(metric, signals, (*fills, fill("x", -1, 1))), AtLeast)


# --- worse than usual ---------------------------------------------------------------------------------


def history(bps: list[float], now: list[float], symbol: str = BTC) -> tuple[Any, Any]:
    """Buys at 100, filled so many basis points above it: first an hour ago and more, then just now."""
    seconds = [-7200 + n for n in range(len(bps))] + [-50 + n for n in range(len(now))]
    rows = list(zip(seconds, [*bps, *now], strict=True))
    ids = [f"{symbol[:3]}{n}" for n in range(len(rows))]
    signals = [signal(i, s - 1, 1, 100, symbol=symbol) for i, (s, _) in zip(ids, rows, strict=True)]
    fills = [
        fill(i, s, 1, round(100 + b / 100, 8), symbol=symbol) for i, (s, b) in zip(ids, rows, strict=True)
    ]
    return tuple(signals), tuple(fills)


def risen(*told: tuple[Any, Any]) -> Measured:
    stage = Stage("slippage_rise", window=MINUTE).watched()
    for signals, fills in told:
        stage.tell(0, signals=signals)
        stage.did(0, fills=fills)
    return stage.now(0)


USUAL = [float(b) for b in (1, 2, 3, 4, 5) * 5]
"""Median 3 bps, median absolute deviation 1 bp."""


def test_what_is_as_usual_and_what_is_not():
    same, worse, better = (risen(history(USUAL, [now] * 3)) for now in (3.0, 9.0, -3.0))

    deviation = 1.4826
    assert same == Known(pytest.approx(0.0, abs=1e-6))
    assert worse == Known(pytest.approx(6 / deviation, rel=1e-6))
    assert better == Known(pytest.approx(-6 / deviation, rel=1e-6))


def test_what_is_usual_is_so_of_each_symbol():
    """Five basis points are the best of fills in one market and the worst in another."""
    cheap, dear = history(USUAL, [3.0]), history([b + 40 for b in USUAL], [43.0], ETH)

    assert risen(cheap, dear) == Known(pytest.approx(0.0, abs=1e-6))


def test_too_few_before_the_window_are_no_usual():
    few = history(USUAL[:19], [9.0])
    assert risen(few) == Unknown(f"no symbol that was filled has {LEAST_SIGNALS} signals before the window")

    got = risen(history(USUAL, [9.0]), history([], [9.0], ETH))
    assert isinstance(got, AtLeast)
    assert got.value == pytest.approx(6 / 1.4826)


def test_fills_that_were_all_alike_do_not_make_a_hair_a_catastrophe():
    assert risen(history([3.0] * 25, [4.0])) == Known(pytest.approx(1.0, rel=1e-6)), (
        "one basis point at least"
    )
    assert risen(history([3.0] * 25, [9e5])) == Known(FARTHEST)


@given(st.lists(st.floats(-0.01, 0.01), min_size=LEAST_SIGNALS, max_size=60))
def test_oracle_scipy_and_numpy(slips: list[float]):
    found = usual(slips)

    assert found is not None
    deviation = 1.4826 * median_abs_deviation(slips)
    assert found == pytest.approx((float(np.median(slips)), max(deviation, LEAST_DEVIATION)))


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=40))
def test_oracle_pandas(scores: list[float]):
    theirs = pd.Series(scores).ewm(halflife=10, adjust=True).mean().iloc[-1]

    assert rise(scores) == pytest.approx(theirs, abs=1e-9)


def test_noise_seldom_looks_like_a_rise():
    """Of a thousand windows of ten fills that are as ever, none is at three deviations."""
    chance = random.Random(7)
    values = []
    for _ in range(1000):
        before = [chance.gauss(0.0003, 0.0002) for _ in range(60)]
        found = usual(before)
        assert found is not None
        values.append(rise([(chance.gauss(0.0003, 0.0002) - found[0]) / found[1] for _ in range(10)]))

    assert max(values) < 3
    assert abs(median(values)) < 0.1
