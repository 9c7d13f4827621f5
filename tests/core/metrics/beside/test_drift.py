"""M36: whether a strategy's errors, or its returns, still come from where they came from."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, entropy, ks_2samp, kstwobign

from guardian.core.metrics.drift import LEAST, returns
from guardian.core.metrics.two_samples import (
    CHI_SQUARE_95,
    CRITICAL,
    ks_beyond_chance,
    ks_distance,
    shares,
    stability_beyond_chance,
    stability_index,
)
from guardian.core.model import AtLeast, Known, Measured, Unknown
from tests.core.metrics.beside.stage import HOUR, Stage, fill, signal

NUMBERS = st.lists(st.floats(-5, 5).map(lambda x: round(x, 3)), min_size=20, max_size=60).map(np.array)


# --- arithmetic ---------------------------------------------------------------------------------------


@given(NUMBERS, NUMBERS)
def test_oracle_scipy_ks(before: Any, after: Any):
    assert ks_distance(before, after) == pytest.approx(
        ks_2samp(before, after, method="asymp").statistic, abs=1e-12
    )


@given(NUMBERS, NUMBERS)
def test_oracle_scipy_psi_is_the_sum_of_both_relative_entropies(before: Any, after: Any):
    p, q = shares(before, after)

    assert stability_index(before, after) == pytest.approx(entropy(p, q) + entropy(q, p), abs=1e-12)
    assert p.sum() == pytest.approx(1.0)
    assert q.sum() == pytest.approx(1.0)


def test_oracle_scipy_critical_values():
    assert pytest.approx(kstwobign.ppf(0.95), rel=2e-4) == CRITICAL
    assert chi2.ppf(0.95, range(1, len(CHI_SQUARE_95))) == pytest.approx(CHI_SQUARE_95[1:])


def test_vectors_by_hand():
    """Two halves that do not touch: D is 1. Ten against forty of 0 to 49 in fifths of ten: as told below."""
    low, high = np.arange(50.0), np.arange(100.0, 150.0)
    assert ks_distance(low, high) == 1.0
    assert ks_distance(low, low) == 0.0
    assert stability_index(low, low) == 0.0

    p = np.full(5, 10.5 / 52.5)
    q = np.array([0.5, 0.5, 0.5, 0.5, 50.5]) / 52.5
    assert stability_index(low, high) == pytest.approx(((q - p) * np.log(q / p)).sum())


@given(NUMBERS, NUMBERS)
def test_it_is_never_negative_and_knows_no_scale(before: Any, after: Any):
    for measure in (ks_beyond_chance, stability_beyond_chance):
        assert measure(before, after) >= 0
        assert measure(before, before) == 0
    assert ks_distance(before, after) == ks_distance(after, before)
    assert ks_distance(before * 4, after * 4) == pytest.approx(ks_distance(before, after))


@pytest.mark.parametrize("measure", [ks_beyond_chance, stability_beyond_chance])
@pytest.mark.parametrize(("n", "m"), [(40, 20), (150, 50)])
def test_chance_alone_is_seldom_more_than_nothing(measure: Any, n: int, m: int):
    """One window of twenty may show something; one of twelve is the most that small samples make of it."""
    chance = np.random.default_rng(3)
    found = [measure(chance.standard_normal(n), chance.standard_normal(m)) for _ in range(2000)]

    assert np.mean(np.array(found) > 0) < 1 / 12


@pytest.mark.parametrize("measure", [ks_beyond_chance, stability_beyond_chance])
def test_a_spread_that_doubled_is_seen_where_the_mean_stayed(measure: Any):
    chance = np.random.default_rng(5)
    found = [measure(chance.standard_normal(150), 3 * chance.standard_normal(50)) for _ in range(200)]

    assert np.mean(np.array(found) > 0) > 0.9


# --- of signals ---------------------------------------------------------------------------------------


def residuals(before: list[float], after: list[float], *strays: Any, metric: str = "drift_ks") -> Measured:
    """Signals predicted at 100 with sigma 1, filled so far from it: some two hours ago, some just now."""
    seconds = [-7200 + n for n in range(len(before))] + [-600 + n for n in range(len(after))]
    rows = list(enumerate(zip(seconds, [*before, *after], strict=True)))
    stage = Stage(metric, window=HOUR).watched()
    told = [signal(str(n), second - 1, 1, 100, predicted=100.0, sigma=1.0) for n, (second, _) in rows]
    stage.tell(0, signals=tuple(told))
    stage.did(0, fills=(*(fill(str(n), second, 1, round(100 + z, 9)) for n, (second, z) in rows), *strays))
    return stage.now(0)


def drawn(count: int, seed: int, spread: float = 1.0) -> list[float]:
    chance = random.Random(seed)
    return [round(chance.gauss(0, spread), 6) for _ in range(count)]


@pytest.mark.parametrize("metric", ["drift_ks", "drift_psi"])
def test_a_model_whose_errors_have_grown(metric: str):
    same = residuals(drawn(100, 1), drawn(60, 2), metric=metric)
    grown = residuals(drawn(100, 1), drawn(60, 2, spread=5), metric=metric)

    assert same == Known(0.0)
    assert isinstance(grown, Known)
    assert grown.value > 0.05


def test_the_value_is_that_of_the_residuals():
    before, after = drawn(50, 1), drawn(30, 2, spread=4)

    got = residuals(before, after)

    assert got == Known(pytest.approx(ks_beyond_chance(np.array(before), np.array(after))))


@pytest.mark.parametrize(("before", "after"), [(LEAST - 1, 50), (50, LEAST - 1), (0, 0)])
def test_too_few_prove_nothing(before: int, after: int):
    assert isinstance(residuals(drawn(before, 1), drawn(after, 2)), Unknown)


def test_a_fill_without_a_signal_keeps_it_from_clearing():
    assert isinstance(residuals(drawn(50, 1), drawn(30, 2), fill("x", -1, 1)), AtLeast)


# --- of returns ---------------------------------------------------------------------------------------


def close(id: str, second: float, made: float | None, prefix: str = "ft-a-", **changes: Any) -> Any:
    """A sale of one at 100 that closes and made so much of it."""
    realised = None if made is None else Decimal(str(round(100 * made, 6)))
    return fill(id, second, -1, 100, closed=1, realised=realised, client_id=f"{prefix}{id}", **changes)


def fared(before: list[float], after: list[float], *more: Any) -> Measured:
    stage = Stage("drift_ks", window=HOUR, of="ft-a-").watched()
    rows = [close(f"b{n}", -7200 + n, made) for n, made in enumerate(before)]
    rows += [close(f"a{n}", -600 + n, made) for n, made in enumerate(after)]
    stage.did(0, fills=(*rows, *more))
    return stage.now(0)


def test_a_strategy_that_no_longer_earns_what_it_did():
    good, bad = [x / 100 for x in drawn(60, 1)], [x / 100 - 0.02 for x in drawn(30, 2)]

    got = fared(good, bad)

    assert isinstance(got, Known)
    assert got.value > 0.1
    assert fared(good, [x / 100 for x in drawn(30, 2)]) == Known(0.0)


def test_another_strategy_s_closes_are_not_this_one_s():
    good = [x / 100 for x in drawn(60, 1)]
    others = [close(f"o{n}", -300 + n, -0.5, prefix="ft-b-") for n in range(40)]

    assert fared(good, good[:30], *others) == fared(good, good[:30])


def test_an_order_that_fills_in_parts_is_one_return():
    parts = [close(str(n), n, made, order_id="7") for n, made in ((1, 0.01), (2, 0.03))]

    assert returns(parts) == [pytest.approx(0.02)]
    assert returns([close("1", 1, 0.01), close("2", 2, 0.03)]) == [pytest.approx(0.01), pytest.approx(0.03)]


def test_of_an_inverse_contract_both_are_coins():
    """Ten contracts of a dollar at 100 are 0.1 coins, of which it made 0.001."""
    one = fill("1", 1, -10, 100, closed=10, inverse=True, realised=Decimal("0.001"))

    assert returns([one]) == [pytest.approx(0.01)]


def test_a_close_that_tells_no_gain_keeps_it_from_clearing():
    good = [x / 100 for x in drawn(60, 1)]

    assert isinstance(fared(good, good[:30], close("x", -1, None)), AtLeast)
