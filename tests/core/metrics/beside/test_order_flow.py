"""M25, M27: how fast orders come, grow, are cancelled and refused; and the numbers that a stack tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.telemetry import Gauge
from guardian.core.memory import MAXIMUM_DOINGS, MAXIMUM_READINGS
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.metrics.placed_orders import (
    Placed,
    cusum,
    expected_wait_seconds,
    growth,
    outstanding,
    resting_at,
)
from guardian.core.model import AtLeast, Known, Level, Unknown, Verdict
from tests.core.build import at, order
from tests.core.metrics.beside.stage import HOUR, MINUTE, Stage, past

ORDERS = ["order_rate", "cancel_ratio", "reject_rate", "auth_rejects", "open_order_growth"]
TOLD = ["gauge", "queue_growth", "heartbeat_age", "slippage", "model_vs_fill"]


# --- vectors ------------------------------------------------------------------------------------------


def test_vector_cusum():
    assert (0, 2, 7, 14) == cusum([6, 9, 12, 14], target=5, slack=2)


def test_vector_littles_law():
    waiting = outstanding(5, 3, 10)

    assert 20 == waiting
    assert expected_wait_seconds(waiting, 3) == pytest.approx(6.67, abs=0.005)


@pytest.mark.parametrize(("hits", "of", "least"), [(1, 1, 0.2065), (5, 10, 0.2366), (50, 100, 0.4038)])
def test_vector_wilson(hits: int, of: int, least: float):
    assert wilson_lower(hits, of) == pytest.approx(least, abs=5e-5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1e3))
def test_cusum_is_never_negative_and_more_never_lowers_it(values: list[float], more: float):
    sums = cusum(values, 0.0, 1.0)

    assert min(sums) >= 0
    assert cusum([*values[:-1], values[-1] + more], 0.0, 1.0)[-1] >= sums[-1]


def test_growth_counts_from_the_usual_and_forgives_its_noise():
    assert 0 == growth([5, 5, 5, 5, 5], [6, 6, 6])
    assert growth([3, 7, 3, 7], [10, 10]) == pytest.approx(2 * (10 - 5 - 2))
    assert 0 == growth([1, 2, 3], [])


# --- orders -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ORDERS)
def test_without_an_answer_about_orders_nothing_is_known(metric: str):
    stage = Stage(metric)

    assert isinstance(stage.now(0), Unknown)
    stage.did(1, fills=(), orders=None)
    assert isinstance(stage.now(1), Unknown), "an answer about fills is none about orders"
    stage.now(70)
    assert stage.account.rules[0].stale


@pytest.mark.parametrize("metric", ORDERS[:-1])
def test_a_window_that_was_not_watched_whole_never_clears(metric: str):
    stage = Stage(metric, window=HOUR).watched(-60)
    stage.did(0)

    got = stage.now(0)

    assert isinstance(got, AtLeast)
    assert got.filling
    assert Verdict.UNKNOWN is stage.account.rules[0].verdict


@pytest.mark.parametrize("metric", sorted({*ORDERS[:-1]} - {"auth_rejects"}))
def test_calm_is_zero_once_watched(metric: str):
    stage = Stage(metric).watched()
    stage.did(0)

    assert Known(0.0) == stage.now(0)


@pytest.mark.parametrize("metric", sorted({*ORDERS} - {"order_rate", "open_order_growth"}))
def test_forgotten_rows_never_clear(metric: str):
    stage = Stage(metric).watched()
    stage.did(0, orders=tuple(past(str(n), -n / 100) for n in range(MAXIMUM_DOINGS)))

    assert isinstance(stage.now(0), AtLeast | Unknown)


@pytest.mark.parametrize("metric", [*ORDERS, *TOLD, "tod_spending", "paper_vs_live", "copy_ratio_deviation"])
def test_how_a_bot_trades_goes_no_further_than_halt(metric: str):
    assert ("behaviour", Level.HALT) == (BY_NAME[metric].family, BY_NAME[metric].ceiling)


def test_orders_a_minute_whether_they_rest_or_are_over():
    stage = Stage("order_rate", window=MINUTE).watched()
    ended = (
        past("1", -50),
        past("2", -60),
        past("3", -1, 0, "cancelled"),
        past("gdn", -1, client_id="gdn-1"),
    )
    stage.did(0, orders=ended)

    resting = order("4", created_at=at(-10)), order("3", created_at=at(-1)), order("5", created_at=at(-90))

    assert Known(3.0) == stage.now(0, *resting), "the window is left-open, guardian's own do not count"


def test_an_order_told_twice_counts_once_whatever_the_order_of_the_words():
    open_word, last_word = past("1", -30, -20, "partly"), past("1", -30, -10, "cancelled")
    values = set()
    for rows in ((open_word, last_word), (last_word, open_word)):
        stage = Stage("cancel_ratio", window=MINUTE).watched()
        stage.did(-5, orders=rows[:1])
        stage.did(-4, orders=rows[1:])
        stage.did(0)
        values.add(stage.now(0))

    assert {Known(wilson_lower(1, 1))} == values


def test_cancels_after_a_fill_are_trades():
    stage = Stage("cancel_ratio", window=MINUTE).watched()
    rows = [past(f"c{n}", -9, -5, "cancelled") for n in range(50)] + [past(f"f{n}", -9) for n in range(50)]
    stage.did(0, orders=tuple(rows))

    assert stage.now(0) == Known(pytest.approx(0.4038, abs=5e-5))


def test_rejects_of_the_key_are_counted_apart():
    rows = [past(f"r{n}", -9, status="rejected", code="110007") for n in range(5)]
    rows += [past(f"f{n}", -9) for n in range(5)]
    rows += [past(f"a{n}", -9, status="rejected", code="10003") for n in (1, 2)]
    rates, keys = Stage("reject_rate").watched(), Stage("auth_rejects").watched()
    for stage in (rates, keys):
        stage.did(0, orders=tuple(rows))

    assert rates.now(0) == Known(pytest.approx(0.2366, abs=5e-5))
    assert Known(2.0) == keys.now(0)


def test_no_refusal_of_the_key_is_no_proof_that_there_was_none():
    """Bybit lists no such order: 0 was told as known, and a rule of it as clear for good."""
    keys = Stage("auth_rejects", window=MINUTE).watched()
    keys.did(0, orders=(past("f1", -9),))
    assert isinstance(told := keys.now(0), AtLeast)
    assert (told.value, told.filling) == (0.0, False)
    for at_second, count in ((1, 1.0), (100, 0.0)):
        keys.did(at_second, orders=(past("a1", 1, status="rejected", code="10003"),))
        assert keys.now(at_second) == Known(count)


MOMENTS = st.integers(-50, 50)


@given(st.lists(st.tuples(MOMENTS, st.none() | MOMENTS), max_size=20), st.lists(MOMENTS, min_size=1))
def test_what_rests_has_begun_and_not_ended(spans: list[tuple[int, int | None]], moments: list[int]):
    orders = [
        Placed(str(n), at(began), None if ended is None else at(ended))
        for n, (began, ended) in enumerate(spans)
        if ended is None or ended >= began
    ]

    counted = [
        sum(o.created_at <= at(m) and (o.ended_at is None or o.ended_at > at(m)) for o in orders)
        for m in moments
    ]

    assert counted == resting_at(orders, [at(m) for m in moments])


def resting(count: int, since: float) -> tuple[Any, ...]:
    return tuple(order(f"{since}-{n}", created_at=at(since)) for n in range(count))


def test_a_number_of_open_orders_that_stays_is_no_growth_and_one_that_climbs_is():
    stage = Stage("open_order_growth", window=MINUTE).watched()
    stage.did(0)
    steady = resting(4, -1000)

    assert Known(0.0) == stage.now(0, *steady)
    grown = stage.now(1, *steady, *resting(3, -20), *resting(3, -5))

    assert isinstance(grown, Known)
    assert grown.value > 10


def test_orders_that_were_cancelled_since_count_where_they_rested():
    """Ten that rested until now: the level before is ten, and nothing has grown."""
    stage = Stage("open_order_growth", window=MINUTE).watched()
    stage.did(0, orders=tuple(past(str(n), -500, 0, "cancelled") for n in range(10)))

    assert Known(0.0) == stage.now(0)


# --- what the stack tells -------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", TOLD)
def test_what_is_never_told_is_unknown_and_goes_stale(metric: str):
    stage = Stage(metric, of="queue").watched()

    assert isinstance(stage.now(0), Unknown)
    stage.now(70)

    assert (Verdict.WARMING, True) == (stage.account.rules[0].verdict, stage.account.rules[0].stale)


def test_a_gauge_is_its_newest_reading_and_goes_stale():
    stage = Stage("gauge", of="queue", stale_after_seconds=10.0)
    stage.gauge(0, 7)
    stage.gauge(1, 99, name="other")
    stage.gauge(-1, 3)

    assert Known(7.0) == stage.now(2)
    assert isinstance(stage.now(11), Unknown)
    assert stage.account.rules[0].stale


def test_a_reading_from_the_future_is_as_old_as_its_arrival():
    stage = Stage("gauge", of="queue", stale_after_seconds=10.0)
    stage.tell(0, gauges=(stage_gauge(1e6, 7),))

    assert Known(7.0) == stage.now(0)
    assert isinstance(stage.now(11), Unknown)


def stage_gauge(second: float, value: float) -> Gauge:
    return Gauge("queue", at(second), value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_was_not_told(value: float):
    stage = Stage("gauge", of="queue")
    stage.gauge(0, value)

    assert isinstance(stage.now(0), Unknown)


@given(st.permutations([(0, 1.0), (0, 5.0), (3, 4.0), (11, 2.0), (21, 9.0), (21, 9.0), (23, 9.0), (24, 1.0)]))
def test_the_order_of_what_is_told_changes_nothing(told: list[tuple[float, float]]):
    """Of ten seconds the largest counts, the newer of two alike; and the newest of all is there as well."""
    stage = Stage("gauge", of="queue")
    for second, value in told:
        stage.tell(30, gauges=(stage_gauge(second, value),))

    (_, kept) = stage.account.stack.gauges[0]
    assert [(0, 5.0), (11, 2.0), (23, 9.0), (24, 1.0)] == [
        ((g.at - at(0)).total_seconds(), g.value) for g in kept
    ]


def test_a_queue_that_grows_is_told_from_one_that_is_long():
    long, growing = (Stage("queue_growth", of="queue", window=MINUTE) for _ in range(2))
    for n in range(40):
        long.gauge(n * 5, 500)
        growing.gauge(n * 5, 5 if n * 5 <= 135 else n * 5 - 130)

    assert Known(0.0) == long.now(195)
    grown = growing.now(195)
    assert isinstance(grown, Known)
    assert grown.value > 100


def test_a_queue_without_a_past_is_unknown():
    stage = Stage("queue_growth", of="queue", window=MINUTE)
    for n in range(4):
        stage.gauge(n, 5)
    stage.gauge(70, 5)

    assert isinstance(stage.now(70), Unknown)


def test_readings_are_bounded():
    stage = Stage("queue_growth", of="queue", window=MINUTE)
    for n in range(3 * MAXIMUM_READINGS):
        stage.gauge(10 * n, 5)

    assert MAXIMUM_READINGS == len(stage.account.stack.gauges[0][1])


@pytest.mark.parametrize("apart", [0.2, 1, 2, 5, 10, 20])
def test_a_queue_that_is_told_often_has_a_past_too(apart: float):
    """Sixty readings a second apart would span a minute: a window of five would have nothing before it."""
    stage = Stage("queue_growth", of="queue", window=replace(MINUTE, seconds=300.0))
    for n in range(int(620 / apart)):
        stage.gauge(n * apart, 100 if n * apart < 500 else 400)
    second = 620 - apart

    got = stage.now(second)

    assert isinstance(got, Known)
    assert got.value > 1000
    assert len(stage.account.stack.gauges[0][1]) <= MAXIMUM_READINGS + 1


def test_the_newest_reading_is_the_gauge_whatever_came_before_it_in_ten_seconds():
    stage = Stage("gauge", of="queue")
    for second, value in ((0, 9), (1, 3), (2, 5), (3, 4)):
        stage.gauge(second, value)

    assert Known(4.0) == stage.now(3)


def test_silence_after_a_heartbeat_is_measured_for_as_long_as_it_lasts():
    stage = Stage("heartbeat_age", stale_after_seconds=10.0)
    stage.tell(0, heartbeat=True)

    assert Known(3.0) == stage.now(3)
    assert Known(3600.0) == stage.now(3600)
    stage.tell(3601, heartbeat=True)
    assert Known(0.0) == stage.now(3601)


@given(
    st.lists(st.tuples(st.integers(-240, -1), st.integers(0, 60)), max_size=40),
    st.integers(1, 25),
)
def test_a_rate_is_the_truth_or_a_bound_below_it(deeds: list[tuple[int, int]], copies: int):
    """However many orders there were, forgotten ones make a bound of the number and never a wrong number."""
    orders = [
        past(f"{n}-{c}", began, min(began + lasted, 0), "cancelled")
        for n, (began, lasted) in enumerate(deeds)
        for c in range(copies)
    ]
    truth = float(sum(o.created_at > at(-60) for o in orders))
    stage = Stage("order_rate", window=MINUTE).watched()
    stage.did(0, orders=tuple(orders))

    got = stage.now(0)

    assert isinstance(got, Known | AtLeast)
    assert got.value <= truth
    if isinstance(got, Known):
        assert got.value == truth
    else:
        assert len(orders) >= MAXIMUM_DOINGS


def test_a_runaway_of_more_orders_than_are_remembered_is_counted_whole():
    stage = Stage("order_rate", window=MINUTE).watched()
    stage.did(0, orders=tuple(past(str(n), -30, -20 + n / 100) for n in range(2 * MAXIMUM_DOINGS)))

    assert stage.now(0) == Known(2.0 * MAXIMUM_DOINGS)
    assert stage.level is Level.CAUTION
