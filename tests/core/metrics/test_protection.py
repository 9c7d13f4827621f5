"""M28: which stops protect, how much of the position, and what is lost until they fill."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.protection import STRESS_MOVE, coverage, covered_loss
from guardian.core.metrics.risk_per_signal import risk
from guardian.core.model import AtLeast, Known, Measured, OpenOrder, Part, Position, Unknown
from tests.core.build import BTC, ETH, Desk, order, position, read, rule, rung, says, stop, without


def cover(leg: Position, *orders: OpenOrder) -> float:
    return float(coverage(leg, orders))


def sell(trigger: float, quantity: float = 1, **changes: Any) -> OpenOrder:
    return stop(trigger=Decimal(str(trigger)), remaining=Decimal(str(quantity)), **changes)


def buy(trigger: float, quantity: float = 1, **changes: Any) -> OpenOrder:
    return sell(trigger, quantity, side=1, **changes)


LONG, SHORT = position(quantity=2), position(quantity=-2)


# --- vectors ------------------------------------------------------------------------------------------


def test_vector_a_stop_for_three_quarters_covers_three_quarters():
    assert 0.75 == cover(LONG, sell(90, 1.5))


def test_vector_a_stop_above_the_mark_of_a_long_covers_nothing():
    """It would take profit; the loss runs on."""
    assert 0.0 == cover(LONG, sell(110, 2))


def test_vector_risk_on_the_covered_part_is_one_and_a_half_percent():
    """E 100k, 1.5 at 50k with a stop at 49k."""
    leg = position(quantity=2, mark=50_000)

    assert Decimal("0.015") == covered_loss(leg, (sell(49_000, 1.5),)) / 100_000


# --- what protects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leg", "protecting", "expected"),
    [
        (LONG, sell(90, 2), 1.0),
        (SHORT, buy(110, 2), 1.0),
        (SHORT, buy(90, 2), 0.0),
        (LONG, buy(90, 2), 0.0),
        (LONG, sell(100, 2), 0.0),
        (LONG, sell(90, 5), 1.0),
        (LONG, sell(90, 2, symbol=ETH), 0.0),
        (LONG, order(side=-1, price=Decimal(90), remaining=Decimal(2), reduce_only=True), 0.0),
    ],
    ids=["stop", "short", "profit of a short", "buys", "at mark", "larger", "another symbol", "no trigger"],
)
def test_only_a_trigger_on_the_losing_side_of_the_same_position_protects(
    leg: Position, protecting: OpenOrder, expected: float
):
    assert expected == cover(leg, protecting)


@pytest.mark.parametrize(("quantity", "expected"), [(2, 1.0), (1, 0.5), (2.5, 0.0)])
def test_a_stop_without_the_flag_counts_only_while_it_cannot_open_the_other_side(
    quantity: float, expected: float
):
    assert expected == cover(LONG, sell(90, quantity, reduce_only=False))


@pytest.mark.parametrize(("trigger", "expected"), [(81, 1.0), (80, 0.0), (79, 0.0)])
def test_a_stop_beyond_liquidation_is_too_late(trigger: float, expected: float):
    leg = position(quantity=2, liquidation=Decimal(80))

    assert expected == cover(leg, sell(trigger, 2))


@pytest.mark.parametrize(("limit", "expected"), [(89, 1.0), (90, 1.0), (91, 0.0)])
def test_a_limit_on_the_better_side_of_its_trigger_closes_nothing(limit: float, expected: float):
    """The market is below 90 when it triggers; a sell at 91 rests above it."""
    assert expected == cover(LONG, sell(90, 2, price=Decimal(limit)))


def test_a_short_with_a_limit_is_lost_up_to_the_limit():
    assert Decimal(24) == covered_loss(SHORT, (buy(110, 2, price=Decimal(112)),))


def test_hedge_legs_are_protected_by_their_own_stops_only():
    """Both legs are open in one symbol; the stop of the long leg does not close the short one."""
    long_leg, short_leg = position(quantity=2, index=1), position(quantity=-2, index=2)
    own = sell(90, 2, index=1, reduce_only=False)

    assert (1.0, 0.0) == (cover(long_leg, own), cover(short_leg, own))
    assert 0.0 == cover(long_leg, sell(90, 2, index=2, reduce_only=False))
    assert 1.0 == cover(short_leg, own, buy(110, 3, index=2, reduce_only=False))


def test_a_trigger_attached_to_the_position_covers_all_of_it():
    attached = position(quantity=2, stop_loss=Decimal(95))

    assert (1.0, 0.0) == (cover(attached), cover(position(quantity=2, stop_loss=Decimal(105))))
    assert Decimal(10) == covered_loss(attached, (sell(95, 0),))


def test_the_nearest_stops_fill_first():
    """One contract leaves at 98; the other one, which a larger stop further away also covers, at 90."""
    assert Decimal(12) == covered_loss(LONG, (sell(90, 2), sell(98, 1)))


def test_contracts_of_another_size_cover_by_their_base_units():
    leg = position(quantity=2, contract_size="0.5")

    assert 0.5 == cover(leg, sell(90, 1, contract_size=Decimal("0.5")))
    assert 1.0 == cover(leg, sell(90, 1, contract_size=Decimal(1)))


stops = st.lists(
    st.tuples(st.integers(50, 150), st.integers(0, 5), st.sampled_from([1, -1]), st.booleans()), max_size=6
)


@given(stops, st.sampled_from([-2, 1, 3]), st.sampled_from([None, 70, 130]), st.randoms())
def test_coverage_is_a_fraction_and_another_stop_never_lowers_it(
    rows: list[tuple[int, int, int, bool]], quantity: int, liquidation: int | None, chance: Any
):
    """Nor does the order in which the venue lists them change anything."""
    leg = position(quantity=quantity, liquidation=None if liquidation is None else Decimal(liquidation))
    orders = [sell(trigger, n, side=side, reduce_only=flag) for trigger, n, side, flag in rows]
    parts = [cover(leg, *orders[:n]) for n in range(len(orders) + 1)]
    shuffled = chance.sample(orders, len(orders))

    assert parts == sorted(parts)
    assert 0.0 <= parts[-1] <= 1.0
    assert coverage(leg, tuple(orders)) == coverage(leg, tuple(shuffled))
    assert risk(leg, tuple(orders)) == risk(leg, tuple(shuffled))


# --- the metrics --------------------------------------------------------------------------------------


def measured(metric: str, legs: tuple[Position, ...], *orders: OpenOrder) -> Measured:
    desk = Desk(rule(rung(9e9, "caution"), id="m", metric=metric))
    desk.see(read(0, legs, orders))
    own = desk.account.rule("m")
    assert own is not None
    return own.measured


def test_unprotected_exposure_adds_up_what_no_stop_covers():
    legs = (position(quantity=2), position(ETH, quantity=-3))

    assert Known(0.5) == measured("unprotected_exposure", legs)
    assert Known(pytest.approx(0.35)) == measured("unprotected_exposure", legs, sell(90, 1.5))
    assert Known(0.0) == measured("unprotected_exposure", ())


def test_both_legs_of_a_hedge_count():
    legs = (position(quantity=2, index=1), position(quantity=-2, index=2))

    assert Known(0.4) == measured("unprotected_exposure", legs)


def test_risk_per_signal_is_that_of_the_worst_position():
    legs = (position(quantity=2, liquidation=Decimal(50)), position(ETH, quantity=-1))
    orders = (sell(95, 1.5), buy(130, 1, symbol=ETH))

    assert Known(pytest.approx((7.5 + 25) / 1000)) == measured("risk_per_signal", legs, *orders)


def test_without_a_liquidation_price_the_assumed_move_is_a_lower_bound():
    """A partial answer may fire a rule and never clears it."""
    found = measured("risk_per_signal", (position(quantity=2),), sell(95, 1))

    assert isinstance(found, AtLeast)
    assert not found.filling
    assert pytest.approx((5 + 100 * float(STRESS_MOVE)) / 1000) == found.value


def test_a_short_position_at_a_mark_of_zero_is_no_crash():
    """The core is total: what a venue says is judged, never divided by."""
    leg = position(quantity=-1, mark=0, liquidation=Decimal(5))

    assert Decimal(5) == risk(leg, ())


@pytest.mark.parametrize("metric", ["unprotected_exposure", "risk_per_signal", "worst_case_exposure"])
def test_stops_that_were_never_read_are_not_missing(metric: str):
    desk = Desk(rule(rung(0.01, "caution"), id="m", metric=metric))
    desk.see(without(read(0, (LONG,)), Part.ORDERS))
    own = desk.account.rule("m")

    assert own is not None
    assert Unknown("not read yet", warming=True) == own.measured
    assert 0 == desk.level


@pytest.mark.parametrize("metric", ["unprotected_exposure", "risk_per_signal", "worst_case_exposure"])
def test_a_disputed_equity_never_clears(metric: str):
    desk = Desk(rule(rung(9e9, "caution"), id="m", metric=metric))
    desk.see(read(0, (LONG,)))
    desk.see(says(read(1, (LONG,)), 400))
    own = desk.account.rule("m")

    assert own is not None
    assert isinstance(own.measured, AtLeast)


@pytest.mark.parametrize("field", ["trigger", "price", "remaining"])
def test_an_order_that_is_no_number_fails_its_part(field: str):
    """NaN compares with nothing: the read of orders is refused, and the last good one grows old."""
    desk = Desk(rule(rung(0.01, "caution"), id="m", metric="unprotected_exposure"))
    desk.see(read(0, (LONG,), (stop(**{field: Decimal("NaN")}),)))

    assert [(Part.ORDERS, "nonsense")] == [(f.part, f.code) for f in desk.account.evidence.failures]


# --- worst case of resting orders ---------------------------------------------------------------------


def test_resting_orders_count_on_their_worse_side():
    """Long 2: buys of 1 at 90 make 290; sells of 5 at 100 turn it to -300."""
    orders = (order("b"), order("s", side=-1, remaining=Decimal(5), price=Decimal(100)))

    assert Known(0.29) == measured("worst_case_exposure", (LONG,), orders[0])
    assert Known(0.3) == measured("worst_case_exposure", (LONG,), *orders)


def test_what_only_closes_adds_nothing():
    legs = (position(quantity=2, index=1),)
    closing = order(side=-1, index=1, remaining=Decimal(9))

    assert Known(0.2) == measured("worst_case_exposure", legs, sell(90, 9, index=1), closing)


def test_an_order_without_a_price_counts_at_trigger_or_mark():
    market = order(price=None, remaining=Decimal(1))
    triggered = order("t", ETH, price=None, trigger=Decimal(50), remaining=Decimal(2))

    assert Known(0.4) == measured("worst_case_exposure", (LONG,), market, triggered)


def test_an_order_that_cannot_be_priced_leaves_a_lower_bound():
    found = measured("worst_case_exposure", (LONG,), order(symbol=ETH, price=None))

    assert AtLeast(0.2, f"an order in {ETH} has no price") == found


@given(
    st.integers(-3, 3),
    st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 5), st.booleans()), max_size=5),
)
def test_the_worst_case_is_never_below_gross_exposure(held: int, rows: list[tuple[int, int, bool]]):
    legs = (position(BTC, held),) if held else ()
    orders = [
        order(f"o{i}", side=side, remaining=Decimal(n), reduce_only=flag)
        for i, (side, n, flag) in enumerate(rows)
    ]
    worst = measured("worst_case_exposure", legs, *orders)

    assert isinstance(worst, Known)
    assert worst.value >= abs(held) / 10 - 1e-12
