"""M11 in hours of risk: how many ordinary hours away the venue's takeover is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.metrics.liquidation_sigmas import FARTHEST, hour_sigmas, nearest_leg, whole
from guardian.core.metrics.returns import CELLS_AN_HOUR, DAY, WEEK, by_name, variance
from guardian.core.model import Balance, Known, LedgerKind, Measured, Position, Unknown, Verdict
from tests.core.build import position, read, row, says, wallet
from tests.core.metrics.returns.market import Market, watching

NAME = "liquidation_sigmas"


def learned(*held: str, cells: int = 60, limit: float = 3.0, **alike: float) -> Market:
    """Five hours of coins that move 0.1 % in five minutes."""
    market = Market(watching(NAME, direction="under", limit=limit), alike or {"A": 1.0})
    market.held = {name: 1.0 if not held or name in held else 0.0 for name in market.alike}
    return market.run(cells)


def now(market: Market, *legs: Position, maintenance: float = 0, balance: float = 10_000) -> Measured:
    """As judged after one more read of these legs, of an account with so much margin."""
    margin = {"maintenance_margin": maintenance, "position_margin": len(legs)}
    told = wallet(10_000, margin_balance=balance, **margin)
    market.desk.see(read((market.cell - 1) * GRID_SECONDS + 3, legs, cash=10_000, wallet=told))
    return market.found(NAME)


def leg(name: str = "A", side: int = 1, away: float | None = 0.02, **changes: object) -> Position:
    price = None if away is None else Decimal(str(100 * (1 - side * away)))
    return position(f"{name}/USDT:USDT", side, 100, liquidation=price, **changes)


def sigma(market: Market, name: str = "A") -> float:
    """Of an hour, from the returns book: the larger of a day's and a week's."""
    own = by_name(market.account.returns)[name]
    return sqrt(CELLS_AN_HOUR * max(variance(own, DAY) or 0.0, variance(own, WEEK) or 0.0))


# --- vectors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "price"), [(1, "40160.64"), (-1, "59760.96")])
def test_vector_the_isolated_position_of_m11_in_hours_of_half_a_percent(side: int, price: str):
    """19.679 % and 19.522 % away: 39.4 and 39.0 ordinary hours."""
    own = position(quantity=side, mark=50_000, liquidation=Decimal(price))
    away = side * (1 - float(price) / 50_000)

    assert pytest.approx(away / 0.005) == nearest_leg((own,), {"BTC": 0.005})


def test_vector_the_common_shock_of_m11():
    """5,000 of margin, 200 of it needed, long 40,000 at one percent an hour: twelve hours."""
    told = wallet(5000, maintenance_margin=200)

    assert pytest.approx(12) == whole(told, Decimal(5000), 40_000 * 0.01)


# --- on an account ------------------------------------------------------------------------------------


def test_the_sigma_is_numpy_s_of_the_returns_that_were_seen():
    """Sixty cells of one size: the weighted mean of their squares is that square."""
    market = Market(watching(NAME), {"A": 1.0})
    for cell in range(60):
        market.step(A=0.001 if cell % 2 else -0.001)

    hour = np.sqrt(np.sum(np.full(CELLS_AN_HOUR, 0.001) ** 2))
    assert pytest.approx(hour, rel=1e-6) == hour_sigmas(market.account)["A"]


@pytest.mark.parametrize("side", [1, -1])
def test_a_distance_is_told_in_hours_of_its_own_asset(side: int):
    market = learned()

    assert Known(pytest.approx(0.02 / sigma(market))) == now(market, leg(side=side))


def test_the_nearest_in_hours_is_not_the_nearest_in_percent():
    """A calm coin at two percent is farther than a wild one at three."""
    market = learned(A=1.0, B=1.0)
    for _ in range(60):
        market.step(A=market.chance.gauss(0, 0.0002), B=market.chance.gauss(0, 0.004))
    calm, wild = leg("A", away=0.02), leg("B", away=0.03)

    assert sigma(market, "B") > 2 * sigma(market, "A")
    assert Known(pytest.approx(0.03 / sigma(market, "B"))) == now(market, calm, wild)


def test_the_margin_that_all_need_together_counts_where_it_is_nearer():
    market = learned()
    own = position("A/USDT:USDT", 100, 100, liquidation=Decimal(50))
    hour = 100 * 100 * sigma(market)

    assert Known(pytest.approx((500 - 200) / hour)) == now(market, own, balance=500, maintenance=200)


def test_a_hedge_uses_up_no_margin_of_the_whole_and_each_leg_is_as_near_as_it_is():
    """The legs net to nothing; the short one is taken over all the same."""
    market = learned()
    legs = (leg(index=1, away=0.5), leg(side=-1, index=2, away=0.01))

    assert Known(pytest.approx(0.01 / sigma(market))) == now(market, *legs, maintenance=1)


def test_past_the_price_and_without_margin_it_is_nothing():
    assert Known(0.0) == now(learned(), leg(away=-0.01))
    assert Known(0.0) == now(learned(), leg(away=0.5), balance=100, maintenance=100)


def test_nothing_held_and_nothing_owed_is_as_far_as_it_gets():
    market = learned()
    paid = replace(wallet(10_000), balances=(Balance("A", Decimal(100), Decimal(100)),))
    market.desk.see(read(60 * GRID_SECONDS, wallet=paid))

    assert Known(FARTHEST) == market.found(NAME)
    assert Known(FARTHEST) == now(learned())


@given(st.floats(0.001, 0.9), st.floats(0.001, 0.9), st.floats(1e-4, 0.1), st.sampled_from([1, -1]))
def test_a_wilder_market_and_a_nearer_price_never_look_farther(
    one: float, other: float, hour: float, side: int
):
    near, far = sorted((one, other))
    first, second = (nearest_leg((leg(side=side, away=each),), {"A": hour}) for each in (near, far))

    assert first <= second
    assert nearest_leg((leg(side=side, away=near),), {"A": 2 * hour}) <= first


# --- thin evidence ------------------------------------------------------------------------------------


def test_before_four_hours_of_returns_it_is_unknown():
    found = now(learned(cells=20), leg())

    assert isinstance(found, Unknown)
    assert found.warming


def test_an_asset_that_nobody_has_measured_may_be_nearer():
    """One that is known may fire all the same: the other one only makes it less."""
    new = leg("NEW", away=0.5)

    found = now(learned(), leg(), new)
    assert isinstance(found, Unknown)
    assert found.why.endswith("no returns of NEW")
    market = learned()
    fired = now(market, leg(away=0.001), new)
    assert Known(pytest.approx(0.001 / sigma(market))) == fired
    assert [Verdict.BREACHED] == [own.verdict for own in market.account.rules]


def test_what_is_not_measured_may_hedge_the_rest():
    """The margin is two sigmas of what is known away, and the other leg may gain what that one loses."""
    market = learned()
    known = position("A/USDT:USDT", 100, 100, liquidation=Decimal(50))
    margin = 2 * 100 * 100 * sigma(market)

    assert Known(pytest.approx(2)) == now(market, known, balance=margin + 1, maintenance=1)
    hedged = position("NEW/USDT:USDT", -100, 100, liquidation=Decimal(150))
    assert isinstance(now(learned(), known, hedged, balance=margin + 1, maintenance=1), Unknown)


def test_many_small_ones_of_which_nothing_is_known_are_unknown():
    """Each of them is under one percent of gross, and all of them together are everything."""
    found = now(Market(watching(NAME), {}).step(), *(leg(f"X{n}", away=0.001) for n in range(120)))

    assert isinstance(found, Unknown)
    assert found.warming


def test_a_calm_day_after_a_wild_one_is_told_by_the_week():
    market = learned()
    market.size = 0.01
    market.run(60)
    market.size = 0.0002
    market.run(450)
    own = by_name(market.account.returns)["A"]
    day, week = variance(own, DAY), variance(own, WEEK)

    assert day is not None
    assert week is not None
    assert week > 1.5 * day
    assert Known(pytest.approx(0.02 / sqrt(CELLS_AN_HOUR * week))) == now(market, leg())


def test_what_is_not_measured_hides_in_no_hedge():
    """Both legs of it net to nothing; each of them can be taken over."""
    legs = (leg("NEW", index=1, away=0.5), leg("NEW", side=-1, index=2, away=0.001))

    assert isinstance(now(learned(), leg(), *legs), Unknown)


def test_an_asset_under_one_percent_of_gross_is_left_out():
    dust = position("NEW/USDT:USDT", "0.009", 100, liquidation=Decimal(99))
    market = learned()

    assert Known(pytest.approx(0.02 / sigma(market))) == now(market, leg(), dust)


def test_a_contract_of_which_nothing_is_told_is_unknown():
    found = now(learned(), leg(away=None))

    assert isinstance(found, Unknown)
    assert "no maintenance margin and no liquidation price" in found.why


def test_a_disputed_equity_may_fire_and_never_clears():
    far, near = learned(), learned()
    cell = far.cell * GRID_SECONDS + 3
    far.desk.see(says(read(cell, (leg(),), cash=10_000), 500_000))
    near.desk.see(says(read(cell, (leg(away=0.001),), cash=10_000), 500_000))

    assert isinstance(far.found(NAME), Unknown)
    assert isinstance(near.found(NAME), Known)


def test_a_deposit_brings_no_leg_nearer():
    market = learned()
    before = now(market, leg())
    seconds = (market.cell - 1) * GRID_SECONDS + 4
    flow = (row("in", 5000, LedgerKind.FLOW),)
    market.desk.see(read(seconds, (leg(),), cash=15_000, ledger=flow))

    assert before == market.found(NAME)
