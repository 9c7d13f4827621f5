"""M21 to M24: spread, depth, what flattening costs and takes, and funding."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.market import Book
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.book import depth_within, impact, mid, spread, thinned, walk
from guardian.core.metrics.funding_cost import is_perpetual, per_day
from guardian.core.model import AtLeast, Known, Level, Unknown, Verdict
from tests.core.build import BTC, ETH, position, read, says
from tests.core.metrics.beside.stage import DEEP, THIN, Stage, book, priced

BPS = 1e4


# --- vectors ------------------------------------------------------------------------------------------


def test_vector_a_spread_of_ten_basis_points():
    assert spread(DEEP) == pytest.approx(0.001)


def test_vector_selling_four_walks_three_levels():
    walked = walk(THIN, -1, Decimal(4))

    assert (Decimal(99), Decimal(4)) == (walked.average, walked.filled)
    assert walked.cost * BPS == pytest.approx(109.89, abs=0.005)


def test_vector_selling_ten_leaves_two_that_nobody_takes():
    assert Decimal(8) == walk(THIN, -1, Decimal(10)).filled


def test_vector_the_square_root_law():
    assert impact(Decimal(1), Decimal(100)) * BPS == pytest.approx(40)


def real_book(folder: Path) -> Book:
    name = "microstructure/binanceusdm_btcusdt_book1000_2024-08-08.json"
    rows = json.loads((folder / name).read_text(), parse_float=Decimal, parse_int=Decimal)
    sides = (tuple((Decimal(p), Decimal(q)) for p, q in rows[side]) for side in ("bids", "asks"))
    return Book(BTC, *sides)


@pytest.mark.parametrize(("quantity", "bps"), [(10, 0.030), (50, 1.479), (100, 3.963), (200, 7.653)])
def test_vector_a_real_book(quantity: int, bps: float, market_data: Path):
    seen = real_book(market_data)

    walked = walk(seen, -1, Decimal(quantity))

    assert Decimal("61800.25") == mid(seen)
    assert walked.cost * BPS == pytest.approx(bps, abs=0.0005)
    if quantity == 50:
        assert walked.average is not None
        assert float(walked.average) == pytest.approx(61791.1067, abs=5e-5)


@pytest.mark.parametrize(("notional", "paid"), [(50_000, 5), (-50_000, -5)])
def test_vector_funding_of_one_basis_point(notional: int, paid: int):
    """In eight hours; three times as much in a day."""
    rate = Decimal("0.0001")

    assert per_day(Decimal(notional), rate, 8) == 3 * paid
    assert per_day(Decimal(1), rate, 8) * 365 == Decimal("0.1095")


# --- walking a book -----------------------------------------------------------------------------------

LEVELS = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 40)), min_size=1, max_size=12)


def books() -> st.SearchStrategy[Book]:
    def build(bids: Any, asks: Any) -> Book:
        """Steps away from 100, each at least a tick, so that no side is out of order."""
        down, up, rows = Decimal(1000), Decimal(1001), ([], [])
        for step, q in bids:
            rows[0].append((down, Decimal(q)))
            down -= step
        for step, q in asks:
            rows[1].append((up, Decimal(q)))
            up += step
        return Book(BTC, tuple(rows[0]), tuple(rows[1]))

    return st.builds(build, LEVELS, LEVELS)


@given(books(), st.sampled_from([1, -1]), st.integers(1, 300), st.integers(0, 300), st.booleans())
def test_more_never_costs_less_and_never_fills_more_than_is_there(
    seen: Book, side: int, quantity: int, more: int, inverse: bool
):
    small, large = (walk(seen, side, Decimal(n), inverse) for n in (quantity, quantity + more))
    there = sum(q for _, q in (seen.asks if side > 0 else seen.bids))

    assert 0 < small.cost <= large.cost + 1e-12
    assert small.filled == min(quantity, there)


@given(books(), st.sampled_from([1, -1]), st.integers(1, 100))
def test_a_thinner_book_never_costs_less(seen: Book, side: int, quantity: int):
    thin = thinned(seen, Decimal("0.2"))

    assert walk(thin, side, Decimal(quantity)).filled <= walk(seen, side, Decimal(quantity)).filled
    assert depth_within(thin, side, 0.01) * 5 == depth_within(seen, side, 0.01)


def test_an_inverse_contract_pays_in_coins():
    """100 dollars sold at 50 instead of 100: two coins instead of one."""
    seen = book(((50, 1000),), ((150, 1000),))

    assert walk(seen, -1, Decimal(100), inverse=True).cost == pytest.approx(1.0)
    assert walk(seen, -1, Decimal(100)).cost == pytest.approx(0.5)


# --- the metrics --------------------------------------------------------------------------------------

LOOKS = [
    "spread",
    "depth_share",
    "flatten_cost",
    "stressed_flatten_cost",
    "time_to_flatten",
    "flattenable_share",
    "funding_cost",
]


@pytest.mark.parametrize("metric", LOOKS)
def test_without_a_look_at_the_market_nothing_is_known_and_then_it_is_stale(metric: str):
    stage = Stage(metric, position(quantity=1))

    first = stage.now(0)
    stage.now(70)

    assert isinstance(first, Unknown)
    assert (Verdict.WARMING, True) == (stage.account.rules[0].verdict, stage.account.rules[0].stale)


@pytest.mark.parametrize("metric", LOOKS)
def test_an_account_without_positions_needs_no_market(metric: str):
    got = Stage(metric).now(0)

    assert Known(0.0) == got


@pytest.mark.parametrize("metric", LOOKS)
def test_an_old_look_is_no_look(metric: str):
    stage = Stage(metric, position(quantity=1))
    stage.shows(0, (priced(),), (DEEP,))

    assert not isinstance(stage.now(60), Unknown)
    assert isinstance(stage.now(61), Unknown)


@pytest.mark.parametrize(
    "metric", ["spread", "depth_share", "flatten_cost", "time_to_flatten", "flattenable_share"]
)
def test_a_symbol_without_a_book_never_clears(metric: str):
    stage = Stage(metric, position(quantity=1), position(ETH, 1))
    stage.shows(0, (), (DEEP,))

    got = stage.now(1)

    assert isinstance(got, AtLeast)
    assert Verdict.UNKNOWN is stage.account.rules[0].verdict


@pytest.mark.parametrize("metric", LOOKS)
def test_what_others_show_moves_no_position(metric: str):
    assert Level.HALT is BY_NAME[metric].ceiling


def test_spread_falls_back_to_the_quote():
    stage = Stage("spread", position(quantity=1))
    stage.shows(0, (priced(bid=99, ask=101),), ())

    assert stage.now(0) == Known(pytest.approx(0.02))


def test_depth_share_is_of_the_side_that_closes():
    stage = Stage("depth_share", position(quantity=2))
    stage.shows(0, (), (book(((99.9, 10), (90, 1000)), ((100.1, 1),)),))

    assert stage.now(0) == Known(pytest.approx(0.2))


def test_flatten_cost_is_of_the_equity():
    """Four at a mark of 100, which cost 1.0989 %, of 1000."""
    stage = Stage("flatten_cost", position(quantity=4))
    stage.shows(0, (), (THIN,))

    assert stage.now(0) == Known(pytest.approx(4 * 100 * 0.010989 / 1000, abs=1e-6))


def test_opposite_legs_of_one_symbol_are_both_paid_for():
    legs = (position(quantity=4, index=1), position(quantity=-4, index=2))
    stage = Stage("flatten_cost", *legs)
    stage.shows(0, (), (DEEP,))

    assert stage.now(0) == Known(pytest.approx(2 * 4 * 100 * 0.0005 / 1000, rel=1e-3))


def test_what_nobody_takes_costs_at_least_the_last_level_and_is_flagged():
    stage = Stage("flatten_cost", position(quantity=10))
    stage.shows(0, (), (THIN,))

    got = stage.now(0)

    closing = 8 * walk(THIN, -1, Decimal(10)).cost + 2 * (100.1 - 98) / 100.1
    assert isinstance(got, AtLeast)
    assert got.value == pytest.approx(closing * 100 / 1000)
    assert "find no taker" in got.why


def test_stress_costs_more_and_impact_more_than_the_last_level():
    calm, stressed = (Stage(name, position(quantity=4)) for name in ("flatten_cost", "stressed_flatten_cost"))
    for stage in (calm, stressed):
        stage.shows(0, (priced(day_volume=4),), (THIN,))

    got = stressed.now(0)

    assert isinstance(got, AtLeast)
    assert got.value > calm.now(0).value  # type: ignore[union-attr]
    assert got.value == pytest.approx((1.6 * walk(thinned(THIN, Decimal("0.2")), -1, Decimal(4)).cost
                                       + 2.4 * 0.04) * 100 / 1000)  # fmt: skip


def test_dust_needs_no_market():
    assert Known(0.0) == Stage("flatten_cost", position(quantity="0.0005")).now(0)


def test_a_disputed_equity_leaves_a_bound():
    stage = Stage("flatten_cost", position(quantity=4))
    stage.shows(0, (), (THIN,))
    stage.see(says(read(0, stage.positions), 2000))

    assert isinstance(stage.account.rules[0].measured, AtLeast)


def test_funding_cost_a_day():
    """Five at 100 pay 0.01 % three times a day, of 1000."""
    stage = Stage("funding_cost", position(quantity=5))
    stage.shows(0, (priced(),), ())

    assert stage.now(0) == Known(pytest.approx(500 * 0.0003 / 1000))


@pytest.mark.parametrize(("hours", "times"), [(8.0, 3), (4.0, 6), (1.0, 24)])
def test_the_interval_is_the_venues(hours: float, times: int):
    stage = Stage("funding_cost", position(quantity=5))
    stage.shows(0, (priced(funding_hours=hours),), ())

    assert stage.now(0) == Known(pytest.approx(500 * 0.0001 * times / 1000))


def test_what_is_received_on_balance_is_no_cost():
    stage = Stage("funding_cost", position(quantity=-5), position(ETH, 1))
    stage.shows(0, (priced(), priced(ETH)), ())

    assert Known(0.0) == stage.now(0)


@pytest.mark.parametrize("lack", [{"funding_rate": None}, {"funding_hours": None}])
def test_an_unknown_rate_is_neither_paid_nor_received(lack: dict[str, None]):
    stage = Stage("funding_cost", position(quantity=5), position(ETH, 1))
    stage.shows(0, (priced(), priced(ETH, **lack)), ())

    assert isinstance(stage.now(0), Unknown)


def test_dated_futures_pay_no_funding():
    assert [True, False, False] == [
        is_perpetual(s) for s in ("BTC/USDT:USDT", "BTC/USDT:USDT-260327", "BTC/USDT")
    ]


@given(st.lists(st.sampled_from(["nan", "inf", "-1", "0", "1"]), min_size=4, max_size=4))
def test_nonsense_never_enters_a_book(numbers: list[str]):
    rows = tuple((Decimal(p), Decimal(q)) for p, q in (numbers[:2], numbers[2:]))
    stage = Stage("flatten_cost", position(quantity=1))
    stage.shows(0, (), (Book(BTC, rows[:1], rows[1:]),))

    kept = [row for each in stage.account.markets.books for row in (*each.bids, *each.asks)]
    assert all(n.is_finite() and n > 0 for row in kept for n in row)
