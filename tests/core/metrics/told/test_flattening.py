"""M22, M23: what closing everything costs with its fee, how long it takes, and how much may be held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.time_to_flatten import flattenable, waiting_seconds
from guardian.core.model import AtLeast, Call, Known
from tests.core.build import BTC, ETH, at, position, read
from tests.core.metrics.beside.stage import DEEP, THIN, Stage, book, priced


def test_vector_half_a_minute_and_two_minutes():
    requests = 2 * 0.25

    assert requests + waiting_seconds(10, 4, 2) == pytest.approx(30.5)
    assert requests + waiting_seconds(10, 4, 0.5) == pytest.approx(120.5)
    assert flattenable(30.5, 4, 2, requests) == pytest.approx(10)


# --- the fee ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["flatten_cost", "stressed_flatten_cost"])
def test_a_fee_that_is_told_is_paid_for_all_that_is_closed(metric: str):
    """Fifty-five hundred-thousandths of all that is held, the part that finds no taker included."""
    free, paying = (Stage(metric, position(quantity=10), fee=fee) for fee in (0.0, 0.00055))
    for stage in (free, paying):
        stage.shows(0, (), (THIN,))

    without, found = free.now(0), paying.now(0)

    assert isinstance(without, AtLeast)
    assert isinstance(found, AtLeast)
    assert found.value - without.value == pytest.approx(10 * 100 * 0.00055 / 1000)


def test_a_fee_without_a_book_is_proven_all_the_same():
    stage = Stage("flatten_cost", position(quantity=4), position(ETH, 5), fee=0.001)
    stage.shows(0, (), (THIN,))

    got = stage.now(0)

    assert got == AtLeast(pytest.approx((400 * 0.010989 + 900 * 0.001) / 1000, abs=1e-6), f"no book of {ETH}")


# --- how long, and how much ---------------------------------------------------------------------------


def timed(quantity: float, *symbols: str, metric: str = "time_to_flatten", **changes: Any) -> Stage:
    """Requests of 0.25 s, four contracts within two percent, two traded a second."""
    held = tuple(position(symbol, quantity, **changes) for symbol in symbols or (BTC,))
    stage = Stage(metric, *held)
    stage.see(read(0, held, calls=(Call("orders", 0.25),) * 100))
    shown = tuple(book(((99.9, 4), (90, 1000)), ((100.1, 4),), symbol=p.symbol) for p in held)
    stage.shows(0, tuple(priced(p.symbol, day_volume=2 * 86400) for p in held), shown)
    return stage


def test_time_to_flatten_as_in_the_vector():
    assert timed(10).now(0) == Known(pytest.approx(30.5, rel=0.01))


def test_what_fits_into_the_depth_takes_two_requests():
    assert timed(4).now(0) == Known(pytest.approx(0.5, rel=0.01))


def test_symbols_wait_together_and_ask_in_turn():
    assert timed(10, BTC, ETH).now(0) == Known(pytest.approx(31, rel=0.01))


def test_many_small_orders_take_as_many_requests():
    assert timed(4, maximum=0.5).now(0) == Known(pytest.approx(8 * 0.25, rel=0.01))


def shared(quantity: float, *symbols: str, **changes: Any) -> float:
    found = timed(quantity, *symbols, metric="flattenable_share", **changes).now(0)
    assert isinstance(found, Known)
    return found.value


def test_flattenable_share_as_in_the_vector():
    """Four at once, and a tenth of two a second for 59.5 of the 60 s: 15.9 can be closed in time."""
    assert shared(10) == pytest.approx(10 / (4 + 0.1 * 2 * 59.5), rel=1e-3)
    assert shared(15.9) == pytest.approx(1, rel=1e-3)


def test_the_worst_symbol_counts_and_all_their_requests():
    assert shared(10, BTC, ETH) == pytest.approx(10 / (4 + 0.1 * 2 * 59), rel=1e-3)


def test_where_the_requests_alone_take_too_long_nothing_can_be_closed():
    assert shared(4, maximum="0.0165") == 1e6


@given(st.integers(1, 600), st.integers(0, 600), st.floats(0, 100), st.floats(0, 90))
@example(1, 0, 5e-324, 0.0)
def test_more_than_can_be_closed_takes_longer_than_there_is(q: int, depth: int, volume: float, rtts: float):
    """The two say the same of one symbol: above 1 is above the deadline."""
    most = flattenable(60, depth, volume, rtts)
    takes = rtts + waiting_seconds(q, depth, volume)

    assert abs(q - most) < 1e-6 or (q > most) is (takes > 60)


def test_a_share_without_a_volume_or_without_requests_never_clears():
    """What is missing may be a wait that never ends, however small the position."""
    stage = timed(1, metric="flattenable_share")
    stage.shows(1, (priced(day_volume=None),), stage.account.markets.books)

    assert stage.now(1) == AtLeast(0.0, f"no book or no volume of {BTC}")
    fresh = Stage("flattenable_share", position(quantity=4000))
    fresh.shows(0, (priced(),), (DEEP,))
    found = fresh.now(0)
    assert isinstance(found, AtLeast)
    assert found.value == pytest.approx(4000 / (1000 + 0.1 * 60))


def test_a_market_in_which_nobody_trades_gives_its_depth():
    stage = timed(8, metric="flattenable_share")
    stage.shows(1, (priced(day_volume=0),), stage.account.markets.books)

    assert stage.now(1) == Known(pytest.approx(2))


def test_the_deadline_is_the_account_s():
    stage = timed(10, metric="flattenable_share")
    short = replace(stage.account.policy, flatten_deadline_seconds=10.5)
    view = View(replace(stage.account, policy=short), stage.state.rules[0], stage.account.rules[0], at(0))

    assert BY_NAME["flattenable_share"].measure(view) == Known(pytest.approx(10 / 6, rel=1e-3))


def test_time_without_a_volume_or_without_requests_is_a_bound():
    stage = timed(10)
    stage.shows(1, (priced(day_volume=None),), stage.account.markets.books)

    assert isinstance(stage.now(1), AtLeast)
    fresh = Stage("time_to_flatten", position(quantity=4))
    fresh.shows(0, (), (DEEP,))
    assert isinstance(fresh.now(0), AtLeast)


def test_a_market_in_which_nobody_trades_takes_a_week():
    stage = timed(10)
    stage.shows(1, (priced(day_volume=0),), stage.account.markets.books)

    assert Known(604800.0) == stage.now(1)
