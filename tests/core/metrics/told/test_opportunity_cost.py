"""M26: what was wanted and never filled, at the mark of when it was given up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import ActivityTaken
from guardian.core.facts.activity import Activity
from guardian.core.memory import MAXIMUM_SIGNALS
from guardian.core.model import AtLeast, Known, Level, Measured, Unknown
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT, BTC, ETH, at, money, position, read, rung, says
from tests.core.metrics.beside.stage import HOUR, MINUTE, Stage, fill, past, quote, signal

INVERSE = "BTC/USD:BTC"


def unfilled(id: str, ended: float, quantity: float, filled: float = 0, **changes: Any) -> Any:
    status = changes.pop("status", "partly" if filled else "cancelled")
    usual = {"quantity": money(quantity), "filled": money(filled), **changes}
    return past(id, ended - 5, ended, status, **usual)


def given_up(price: float, mark: float, *orders: Any, side: int = 1, **changes: Any) -> Stage:
    """One signal ft-1 at `price`; its orders end while the mark is at `mark`."""
    stage = Stage("opportunity_cost", **{"window": HOUR, **changes}).watched()
    stage.tell(0, signals=(signal("1", 0, side, price),))
    stage.shows(9, (quote(mark=mark),), ())
    stage.did(11, orders=orders)
    return stage


def test_half_of_an_order_that_ran_away():
    """Six of ten bought too late to be bought at 100 are 18 at 103: 1.8 % of 1000."""
    stage = given_up(100, 103, unfilled("1", 10, 10, 4))

    assert stage.now(12) == Known(pytest.approx(0.018))


def test_a_sale_that_was_not_made_costs_when_the_price_falls():
    assert given_up(100, 97, unfilled("1", 10, 10, side=-1), side=-1).now(12) == Known(pytest.approx(0.03))


def test_it_was_luck_where_the_price_came_the_other_way():
    assert given_up(100, 97, unfilled("1", 10, 10)).now(12) == Known(pytest.approx(-0.03))


@pytest.mark.parametrize("status", ["cancelled", "expired", "rejected"])
def test_however_it_ended(status: str):
    """Whoever had an order refused did not get what was wanted either."""
    assert given_up(100, 101, unfilled("1", 10, 10, status=status)).now(12) == Known(pytest.approx(0.01))


def test_a_filled_order_has_nothing_left():
    assert Known(0.0) == given_up(100, 110, past("1", 5, 10, quantity=money(1), filled=money(1))).now(12)


PRICES = st.integers(50, 150)


@given(PRICES, PRICES, st.sampled_from([1, -1]), st.lists(st.tuples(st.integers(1, 9), PRICES), max_size=4))
def test_with_slippage_it_is_the_implementation_shortfall(
    price: int, mark: int, side: int, filled: list[tuple[int, int]]
):
    """Perold's definition, which knows no parts: what the paper order made less what the real one did."""
    wanted, done = 40, sum(quantity for quantity, _ in filled)
    paper = wanted * side * (mark - price)
    real = sum(quantity * side * (mark - at_price) for quantity, at_price in filled)

    order = unfilled("1", 10, wanted, done, side=side)
    missed = given_up(price, mark, order, side=side).now(12)
    assert isinstance(missed, Known)
    slipped = 0.0
    if filled:
        stage = Stage("slippage", window=HOUR).watched()
        stage.tell(0, signals=(signal("1", 0, side, price),))
        rows = (fill(f"f{n}", 5, side * q, p, client_id="ft-1") for n, (q, p) in enumerate(filled))
        stage.did(11, fills=tuple(rows))
        found = stage.now(12)
        assert isinstance(found, Known)
        # Slippage is a mean over its fills' worth at their own average: per contract it is of the price.
        slipped = found.value * price * done

    assert missed.value * 1000 + slipped == pytest.approx(paper - real, abs=1e-6)


def test_an_inverse_contract_is_worth_what_it_counts():
    """100 contracts of a dollar, bought 10 % too low: ten dollars."""
    stage = Stage("opportunity_cost", window=HOUR).watched()
    stage.tell(0, signals=(signal("1", 0, 1, 100, symbol=INVERSE),))
    stage.shows(9, (quote(INVERSE, 110),), ())
    stage.did(11, orders=(unfilled("1", 10, 100, symbol=INVERSE),))

    assert stage.now(12) == Known(pytest.approx(0.01))


def test_a_contract_has_the_size_that_is_held_or_was_filled():
    held = Stage("opportunity_cost", position(quantity=1, contract_size=0.01), window=HOUR).watched()
    held.tell(0, signals=(signal("1", 0, 1, 90),))
    held.read(9)
    held.did(11, orders=(unfilled("1", 10, 100),))
    stage = given_up(90, 100)
    stage.did(11, fills=(fill("f", 5, 1, 90, contract_size=money(0.01)),))
    stage.did(12, orders=(unfilled("1", 10, 100),))

    assert held.now(12) == Known(pytest.approx(0.01))
    assert stage.now(13) == Known(pytest.approx(0.01))


# --- what is not known --------------------------------------------------------------------------------


def test_without_a_signal_nothing_is_known():
    stage = Stage("opportunity_cost", window=HOUR).watched()
    stage.shows(9, (quote(mark=103),), ())
    stage.did(11, orders=(unfilled("1", 10, 10),))

    assert isinstance(stage.now(12), Unknown)


def test_an_order_without_a_signal_never_clears_but_a_stop_needs_none():
    stray, stop = unfilled("2", 10, 10), unfilled("3", 10, 10, reduce_only=True)

    assert isinstance(given_up(100, 101, unfilled("1", 10, 10), stop).now(12), Known)
    assert given_up(100, 101, unfilled("1", 10, 10), stop, stray).now(12) == AtLeast(
        pytest.approx(0.01), "1 of 3 orders that were not filled have no signal"
    )


@pytest.mark.parametrize("away", [70.0, 0.0])
def test_a_mark_of_another_time_is_none(away: float):
    """Nobody guesses what a price was: an end that is learned of too late stays without one."""
    stage = given_up(100, 103)
    stage.did(9 + 5 + away, orders=(unfilled("1", 9 + away, 10),))
    found = stage.now(12 + away)

    assert found == (Known(pytest.approx(0.03)) if not away else AtLeast(
        0.0, "1 of 1 orders ended at a mark that is not known"
    ))  # fmt: skip


def test_the_mark_before_the_end_comes_before_a_nearer_one_after_it():
    """What the market did after the order was given up is not what giving it up cost."""
    stage = Stage("opportunity_cost", position(quantity=1, mark=100), window=HOUR).watched()
    stage.tell(0, signals=(signal("1", 0, 1, 100),))
    stage.shows(5, (quote(mark=102),), ())
    stage.see(read(11, (position(quantity=1, mark=150),)))
    stage.did(12, orders=(unfilled("1", 10, 10),))

    assert stage.now(12) == Known(pytest.approx(0.02))


def test_guardian_s_own_orders_are_no_strategys():
    own = unfilled("1", 10, 10, client_id="gdn-1")

    assert Known(0.0) == given_up(100, 200, own).now(12)


def test_a_symbol_or_side_of_another_signal_is_no_match():
    found = given_up(100, 103, unfilled("1", 10, 10, symbol=ETH)).now(12)

    assert isinstance(found, AtLeast)


def test_it_leaves_the_window_and_then_memory():
    stage = given_up(100, 103, unfilled("1", 10, 10), window=MINUTE)
    assert isinstance(stage.now(60), Known)

    stage.did(80)

    assert Known(0.0) == stage.now(80)
    stage.did(26 * 3600, orders=(past("x", 26 * 3600 - 5),))
    stage.did(26 * 3600 + 1, orders=(past("y", 26 * 3600 - 4),))
    assert stage.account.doings is not None
    assert () == stage.account.doings.given_up


def test_a_disputed_equity_leaves_a_bound():
    stage = given_up(100, 103, unfilled("1", 10, 10))
    stage.see(says(read(12, ()), 2000))

    assert isinstance(stage.account.rules[0].measured, AtLeast)


def test_what_is_told_by_the_watched_halts_at_most():
    stage = given_up(100, 103, unfilled("1", 10, 10), ladder=(rung(0.01, "flatten"),))
    stage.now(12)

    assert Level.HALT is stage.level


# --- memory -------------------------------------------------------------------------------------------


def test_without_signals_nothing_is_kept():
    stage = Stage("opportunity_cost", window=HOUR).watched()
    stage.shows(9, (quote(mark=103),), ())
    stage.did(11, orders=tuple(unfilled(str(n), 10, 10) for n in range(50)))

    assert stage.account.doings is not None
    assert () == stage.account.doings.given_up


def test_no_more_is_kept_than_signals_are():
    stage = Stage("opportunity_cost", window=HOUR).watched()
    stage.tell(0, signals=tuple(signal(str(n), 0, 1, 100) for n in range(MAXIMUM_SIGNALS)))
    stage.shows(9, (quote(mark=103),), ())
    for lot in range(4):
        rows = (replace(unfilled(str(n), 10 + lot, 1), id=f"{lot}-{n}") for n in range(100))
        stage.did(11 + lot, orders=tuple(rows))

    assert stage.account.doings is not None
    assert MAXIMUM_SIGNALS == len(stage.account.doings.given_up)


def test_the_same_answer_again_changes_nothing():
    stage = given_up(100, 103, unfilled("1", 10, 10))
    before: Measured = stage.now(12)
    stage.shows(12, (quote(mark=200),), ())
    stage.did(13, orders=(unfilled("1", 10, 10),))

    assert before == stage.now(14)


def test_a_checkpoint_keeps_it_and_an_older_one_is_read():
    stage = given_up(100, 103, unfilled("1", 10, 10))
    text = encode_state(stage.state)

    assert decode_state(text) == stage.state
    older = decode_state(text.replace('"given_up":' + text.split('"given_up":')[1].split("]")[0] + "],", ""))
    assert older.accounts[0].doings is not None
    assert () == older.accounts[0].doings.given_up


def test_a_failed_answer_keeps_it():
    stage = given_up(100, 103, unfilled("1", 10, 10))
    stage.send(ActivityTaken(at(13), Activity(ACCOUNT, at(13), None, None)))

    assert stage.now(14) == Known(pytest.approx(0.03))
    assert BTC == stage.account.doings.orders[0].symbol if stage.account.doings else False
