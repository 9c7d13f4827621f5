"""M11: how far the venue's takeover is, by its own price and by the shock that uses up the margin."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guardian.core.metrics.liquidation_distance import common_shock, nearest
from guardian.core.model import Balance, Known, Measured, Position, Unknown, Verdict
from tests.core.build import BTC, Desk, position, read, says, wallet
from tests.core.metrics.returns.market import watching

# --- vectors ------------------------------------------------------------------------------------------


def isolated_price(balance: float, quantity: float, entry: float, rate: float, relief: float = 0.0) -> float:
    """Of a linear contract margined alone, as Binance publishes it: `rate` and `relief` are of its tier.

    No read tells the margin that was set aside for a position, so that guardian takes the venue's price.
    """
    return (balance + relief - quantity * entry) / (abs(quantity) * rate - quantity)


def inverse_price(coins: float, worth: float, entry: float, rate: float) -> float:
    """Of first order: coins P + worth (P/e - 1) = rate |worth|, gained coins at the entry's price."""
    return (worth + rate * abs(worth)) / (coins + worth / entry)


@pytest.mark.parametrize(("side", "price"), [(1, 40_160.64), (-1, 59_760.96)])
def test_vector_isolated_price_is_where_the_shock_of_one_position_ends(side: int, price: float):
    quantity = side * 0.1
    shock = common_shock(1000, 0.004 * 0.1 * 50_000, quantity * 50_000)

    assert pytest.approx(price, abs=0.005) == isolated_price(1000, quantity, 50_000, 0.004)
    assert shock is not None
    assert pytest.approx(price, abs=0.005) == 50_000 * (1 + shock)


@given(st.floats(1.1, 20), st.floats(0.8, 1.2), st.floats(0.001, 0.02), st.sampled_from([1, -1]))
def test_the_shock_of_one_linear_position_ends_at_binance_s_price(
    leverage: float, moved: float, rate: float, side: int
):
    """At any mark, of a margin that is not used up there: the formula knows the entry only."""
    entry, mark = 100.0, 100.0 * moved
    margin = entry / leverage
    balance, maintenance = margin + side * (mark - entry), rate * mark
    assume(balance > 1.01 * maintenance)
    shock = common_shock(balance, maintenance, side * mark)

    assert shock is not None
    assert pytest.approx(isolated_price(margin, side, entry, rate)) == mark * (1 + shock)


def test_vector_inverse_price_of_first_order():
    """Maintenance of an inverse contract does not shrink with its price: the shock is a little farther."""
    shock = common_shock(5000, 50, 15_000)

    assert pytest.approx(33_500) == inverse_price(0.1, 10_000, 50_000, 0.005)
    assert shock is not None
    assert pytest.approx(33_500, rel=0.002) == 50_000 * (1 + shock)


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


def holding(*balances: Balance, maintenance: float = 0) -> Desk:
    """An account without a position."""
    desk = watching("liquidation_distance", direction="under", limit=0.05)
    worth = sum((b.quantity * b.price for b in balances), Decimal(0))
    told = wallet(worth, balances=balances, maintenance_margin=maintenance)
    desk.see(read(0, (), wallet=told))
    return desk


USDT = Balance("USDT", Decimal(1000), Decimal(1))


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


def test_nothing_held_is_a_whole_away():
    assert Known(1.0) == measured(seen())
    assert Known(1.0) == measured(seen(position(quantity=0, mark=100)))


def test_a_fully_paid_holding_cannot_be_taken_over():
    """Coins without a debt and without a contract: there is no margin that a fall could use up."""
    assert Known(1.0) == measured(holding(USDT, Balance("BTC", Decimal(40), Decimal(100))))


def test_a_contract_of_which_nothing_is_told_is_unknown():
    found = measured(seen(liquidated(1, None)))

    assert isinstance(found, Unknown)
    assert not found.warming
    assert "no maintenance margin" in found.why
    assert BTC in found.why


@pytest.mark.parametrize("price", [None, 0])
def test_one_price_does_not_bound_the_other_leg(price: float | None):
    """The leg that is told is an upper bound only: the other one may be nearer."""
    silent = position("ETH/USDT:USDT", 1, 100, liquidation=None if price is None else Decimal(price))
    found = measured(seen(liquidated(1, 80), silent))

    assert isinstance(found, Unknown)
    assert found.why.startswith("at most 0.2: ")
    assert "ETH/USDT:USDT" in found.why


def test_an_upper_bound_may_fire():
    """The leg that is told is 3 % away: whatever the other one is, the account is not farther."""
    assert Known(pytest.approx(0.03)) == measured(seen(liquidated(1, 97), position(BTC, 1, 100, index=2)))


@pytest.mark.parametrize("side", [1, -1])
def test_without_a_maintenance_margin_the_account_is_gone_with_its_equity(side: int):
    """Proven: no venue lets an account go on below nothing. So it is at most equity over exposure away."""
    legs = (position(quantity=side * 1000, mark=100),)

    assert Known(pytest.approx(0.04)) == measured(seen(*legs, balance=4000))
    found = measured(seen(*legs, balance=20_000))
    assert isinstance(found, Unknown)
    assert found.why.startswith("at most 0.2: ")


@pytest.mark.parametrize("price", [None, 80])
def test_without_equity_nothing_is_left(price: float | None):
    assert Known(0.0) == measured(seen(liquidated(1, price), balance=0))


def test_where_each_leg_is_told_the_nearest_is_known():
    """Each leg of an isolated account tells its price; the equity that all need together is nearer here."""
    assert Known(pytest.approx(0.2)) == measured(seen(liquidated(1, 80)))
    many = position(quantity=400, mark=100, liquidation=Decimal(50))
    assert Known(pytest.approx(0.125)) == measured(seen(many))


def test_a_debt_without_a_maintenance_margin_is_unknown():
    """Half of the coins is owed: at a fall by half the account is worth nothing, and taken over before."""
    coins = Balance("BTC", Decimal(100), Decimal(100))
    owing = measured(holding(Balance("USDT", Decimal(-5000), Decimal(1)), coins))

    assert isinstance(owing, Unknown)
    assert owing.why.startswith("at most 0.5: ")
    assert "owed" in owing.why


def test_a_debt_with_a_maintenance_margin_is_known():
    coins = Balance("BTC", Decimal(100), Decimal(100))
    owing = holding(Balance("USDT", Decimal(-5000), Decimal(1)), coins, maintenance=200)

    assert Known(pytest.approx(4800 / 9800)) == measured(owing)


def test_interest_of_a_moment_is_no_debt():
    coins = Balance("BTC", Decimal(100), Decimal(100))

    assert Known(1.0) == measured(holding(Balance("USDT", Decimal("-0.01"), Decimal(1)), coins))


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


def alone(*legs: Position) -> Measured:
    """On an account of which each position is margined alone; the sums over them look as calm as can be."""
    desk = watching("liquidation_distance", direction="under", limit=0.05)
    told = replace(wallet(5000, maintenance_margin=10, position_margin=1), isolated=True)
    desk.see(read(0, legs, cash=5000, wallet=told))
    return measured(desk)


def test_an_isolated_position_without_a_price_may_be_nearer_than_all_that_is_known():
    silent = position("ETH/USDT:USDT", 1, 100)
    found = alone(liquidated(1, 80), silent)

    assert isinstance(found, Unknown)
    assert found.why == "at most 0.2: isolated, and the venue tells no liquidation price of ETH/USDT:USDT"
    assert Known(pytest.approx(0.03)) == alone(liquidated(1, 97), silent), "an upper bound may fire"


def test_an_isolated_position_that_no_price_reaches_is_known():
    covered = replace(position("ETH/USDT:USDT", 1, 100), maintenance=Decimal(1))

    assert Known(pytest.approx(0.2)) == alone(liquidated(1, 80), covered)
