"""M05: what was lost for good today, and how many closes in a row lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import ActivityTaken
from guardian.core.facts.activity import Activity, Fill, Streak
from guardian.core.metrics.losing_streak import after
from guardian.core.metrics.realised_loss import MAXIMUM_SLOTS
from guardian.core.model import AtLeast, Known, LedgerEntry, LedgerKind, Measured, Unknown, Window
from tests.core.build import ACCOUNT, BTC, Desk, at, money, read, rule, rung
from tests.core.metrics.returns.market import watching

TRADE, FUNDING, FLOW = LedgerKind.TRADE, LedgerKind.FUNDING, LedgerKind.FLOW


def booked(second: float, change: float, kind: LedgerKind = TRADE, currency: str = "USDT") -> LedgerEntry:
    return LedgerEntry(f"{kind}-{second}-{change}", at(second), kind, currency, money(change))


class Books:
    """An account whose cash moves as its ledger says; it began at 1000."""

    def __init__(self, tz: str = "UTC") -> None:
        self.desk = Desk(
            rule(rung(0.9, "caution"), id="m", metric="realised_loss", window=Window("session", tz=tz))
        )
        self.cash = Decimal(1000)
        for second in range(5):
            self.see(second)

    def see(self, second: float, *rows: LedgerEntry) -> Measured:
        self.cash += sum((entry.change for entry in rows), Decimal(0))
        self.desk.see(read(second, cash=self.cash, ledger=rows))
        own = self.desk.account.rule("m")
        assert own is not None
        return own.measured


def value(measured: Measured) -> float:
    assert isinstance(measured, Known | AtLeast)
    return measured.value


# --- realised loss ------------------------------------------------------------------------------------


def test_vector_closes_and_fees_of_a_day():
    """-10 + 5 - 3 - 2, fees 1: eleven of a thousand."""
    books = Books()
    rows = [booked(10 + n, change) for n, change in enumerate((-10, 5, -3, -2))]

    assert pytest.approx(0.011) == value(books.see(20, *rows, booked(15, -1, LedgerKind.FEE)))


def test_funding_counts_and_a_gain_is_no_loss():
    books = Books()
    assert pytest.approx(0.004) == value(books.see(10, booked(9, -4, FUNDING)))
    assert 0.0 == value(books.see(11, booked(10, 40)))


def test_a_row_that_comes_again_counts_once():
    books = Books()
    again = booked(9, -10)
    books.see(10, again)
    books.cash += 10

    assert pytest.approx(0.01) == value(books.see(11, again))


def test_deposits_and_withdrawals_move_nothing():
    books = Books()
    before = value(books.see(10, booked(9, -10)))

    assert pytest.approx(before) == value(books.see(11, booked(10, 5000, FLOW)))
    assert pytest.approx(before) == value(books.see(12, booked(11, -5900, FLOW)))


@given(st.permutations(range(4)))
def test_the_order_of_rows_of_one_read_does_not_matter(order: list[int]):
    rows = [booked(9, change) for change in (-10.25, 5.5, -3.125, -2)]

    assert pytest.approx(0.009875, rel=1e-9) == value(Books().see(20, *(rows[n] for n in order)))


def test_what_the_first_wallet_contained_is_no_loss_of_today():
    assert 0.0 == value(Books().see(10, booked(-100, 0), booked(-3600, 0)))
    books = Books()
    books.cash += 50
    assert 0.0 == value(books.see(10, booked(-60, -50)))


def test_a_new_day_begins_at_nothing():
    """The desk starts at noon UTC: midnight is twelve hours later, in Tokyo three."""
    for zone, midnight in (("UTC", 43_200), ("Asia/Tokyo", 10_800)):
        books = Books(zone)
        books.see(10, booked(9, -100))
        evening = books.see(midnight - 30)
        morning = books.see(midnight + 30, booked(midnight + 10, -9))

        assert isinstance(evening, AtLeast)  # the first day was not watched from its beginning
        assert pytest.approx(0.1) == evening.value
        assert Known(pytest.approx(9 / 900)) == morning


def test_the_memory_of_quarter_hours_is_bounded():
    books = Books()
    for quarter in range(1, 300):
        books.see(900 * quarter, booked(900 * quarter - 1, -0.01))

    assert MAXIMUM_SLOTS >= len(books.desk.account.course.realised)


# --- the streak ---------------------------------------------------------------------------------------


def fill(number: int, realised: float | None, **changes: object) -> Fill:
    usual = Fill(
        id=f"f{number}",
        at=at(number),
        symbol=BTC,
        side=-1,
        quantity=Decimal(1),
        price=Decimal(100),
        fee=Decimal(0),
        fee_currency="USDT",
        order_id=f"o{number}",
        client_id="",
        closed=Decimal(1),
        realised=None if realised is None else money(realised),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def told(desk: Desk, second: float, *fills: Fill) -> Measured:
    desk.send(ActivityTaken(at(second), Activity(ACCOUNT, at(second), fills, ())))
    own = desk.account.rule("losing_streak")
    assert own is not None
    return own.measured


def streaks() -> Desk:
    desk = watching("losing_streak")
    desk.see(read(0))
    return desk


def test_vector_two_losses_in_a_row():
    fills = [fill(n, made) for n, made in enumerate((-10, 5, -3, -2), 1)]

    assert Known(2.0) == told(streaks(), 10, *fills)


def test_nothing_asked_yet_is_warming():
    own = streaks().account.rule("losing_streak")
    assert own is not None
    assert Unknown("not read yet", warming=True) == own.measured


def test_many_fills_of_one_order_are_one_close():
    """The order lost as a whole, though its last fill gained."""
    fills = [fill(n, made, order_id="one") for n, made in enumerate((-10, -5, 3), 1)]

    assert Known(1.0) == told(streaks(), 10, *fills)


def test_an_order_that_turns_to_a_gain_ends_the_streak():
    desk = streaks()
    assert Known(2.0) == told(desk, 10, fill(1, -1), fill(2, -1, order_id="x"))
    assert Known(0.0) == told(desk, 11, fill(3, 5, order_id="x"))


def test_a_fee_makes_a_loss_of_nothing():
    assert Known(1.0) == told(streaks(), 10, fill(1, 0, fee=Decimal("0.1")))
    assert Known(0.0) == told(streaks(), 10, fill(1, 0, fee=Decimal("0.1"), fee_currency="BNB"))


def test_openings_do_not_count_and_repeated_rows_count_once():
    desk = streaks()
    opening = fill(1, 0, closed=Decimal(0), fee=Decimal(1))
    assert Known(1.0) == told(desk, 10, opening, fill(2, -1))
    assert Known(1.0) == told(desk, 11, opening, fill(2, -1))


def test_a_close_without_pnl_is_unknown_until_a_gain_that_is_told():
    desk = streaks()
    assert isinstance(told(desk, 10, fill(1, -1), fill(2, None)), Unknown)
    assert isinstance(told(desk, 11, fill(3, -1)), Unknown)
    assert Known(0.0) == told(desk, 12, fill(4, 2))
    assert Known(1.0) == told(desk, 13, fill(5, -1))


def test_a_number_that_is_none_is_not_told():
    assert isinstance(told(streaks(), 10, replace(fill(1, 1), realised=Decimal("NaN"))), Unknown)


@given(st.lists(st.integers(-5, 5), max_size=30))
def test_the_streak_is_the_losses_since_the_last_close_that_was_none(made: list[int]):
    streak = Streak()
    for n, realised in enumerate(made):
        streak = after(streak, fill(n, realised))
    expected = 0
    for realised in reversed(made):
        if realised >= 0:
            break
        expected += 1

    assert expected == streak.losing


def test_fills_of_one_answer_count_in_the_order_of_their_time():
    fills = [fill(n, made) for n, made in enumerate((-1, -1, 5, -1), 1)]

    assert Known(1.0) == told(streaks(), 10, *reversed(fills))
    assert timedelta(0) < fills[-1].at - fills[0].at
