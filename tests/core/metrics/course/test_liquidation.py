"""M11: how far the venue's takeover is, by its own price and by the shock that uses up the margin."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.liquidation_distance import (
    common_shock,
    inverse_price,
    isolated_price,
    nearest,
)
from guardian.core.model import Known, Measured, Position, Unknown, Verdict
from tests.core.build import Desk, position, read, says, wallet
from tests.core.metrics.returns.market import watching

# --- vectors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "expected"), [(1, 40_160.64), (-1, 59_760.96)])
def test_vector_isolated_price(side: int, expected: float):
    assert pytest.approx(expected, abs=0.005) == isolated_price(1000, side * 0.1, 50_000, 0.004)


def test_vector_inverse_price_of_first_order():
    assert pytest.approx(33_500) == inverse_price(0.1, 10_000, 50_000, 0.005)


def test_vector_common_shock():
    assert pytest.approx(-0.12060, abs=5e-6) == common_shock(5000, 200, 40_000)


def test_a_short_book_dies_by_a_rise():
    assert pytest.approx(4800 / 40_200) == common_shock(5000, 200, -40_000)


@given(st.floats(100, 1e6), st.floats(0.001, 0.05), st.floats(1, 50), st.sampled_from([1, -1]))
def test_at_the_shock_the_margin_is_used_up(equity: float, rate: float, leverage: float, side: int):
    gross = equity * leverage
    shock = common_shock(equity, rate * gross, side * gross)
    assert shock is not None
    left = equity + side * gross * shock
    needed = rate * gross * (1 + shock)

    assert shock == 0 or pytest.approx(needed, rel=1e-6, abs=1e-6) == left


# --- on an account ------------------------------------------------------------------------------------


def measured(desk: Desk) -> Measured:
    own = desk.account.rule("liquidation_distance")
    assert own is not None
    return own.measured


def seen(*legs: Position, balance: float = 5000, maintenance: float = 0) -> Desk:
    desk = watching("liquidation_distance", direction="under", limit=0.05)
    told = wallet(balance, margin_balance=balance, maintenance_margin=maintenance, position_margin=1)
    desk.see(read(0, legs, cash=balance, wallet=told))
    return desk


def liquidated(side: int, price: float | None) -> Position:
    return position(quantity=side, mark=100, liquidation=None if price is None else Decimal(str(price)))


def test_the_nearest_of_all_positions_counts():
    legs = (liquidated(1, 80), position("ETH/USDT:USDT", -1, 100, liquidation=Decimal(110)))

    assert pytest.approx(0.1) == nearest(legs)
    assert Known(pytest.approx(0.1)) == measured(seen(*legs))


def test_the_common_shock_counts_where_it_is_nearer():
    long = position(quantity=400, mark=100, liquidation=Decimal(50))

    assert Known(pytest.approx(4800 / 39_800)) == measured(seen(long, maintenance=200))


def test_past_the_price_it_is_zero():
    assert Known(0.0) == measured(seen(liquidated(1, 101)))


def test_nothing_held_and_nothing_told_are_a_whole_away():
    assert Known(1.0) == measured(seen())
    assert Known(1.0) == measured(seen(liquidated(1, None)))


def test_a_hedged_book_has_no_common_shock():
    """The legs can still be taken over one by one, which the venue's prices tell."""
    legs = (position(quantity=10, index=1), position(quantity=-10, index=2))

    assert Known(1.0) == measured(seen(*legs, maintenance=100))


def test_a_disputed_balance_may_fire_and_never_clears():
    """The larger balance is farther from liquidation than the truth may be."""
    desk = seen(liquidated(1, 80))
    honest = read(1, (liquidated(1, 80),), cash=5000)
    desk.see(says(honest, 50_000))
    assert isinstance(measured(desk), Unknown)

    near = seen(liquidated(1, 97))
    near.see(says(read(1, (liquidated(1, 97),), cash=5000), 50_000))
    own = near.account.rule("liquidation_distance")
    assert own is not None
    assert Known(pytest.approx(0.03)) == own.measured
    assert Verdict.BREACHED is own.verdict
