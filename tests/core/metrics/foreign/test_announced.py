"""Money that leaves as an operator had announced it is not foreign, once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.events import Expected
from guardian.core.metrics.expected import LATE, LONGEST, MAXIMUM_EXPECTED
from guardian.core.model import Known, Level, Window
from guardian.runtime.codec import decode_state, decode_step_event, encode_state, encode_step
from tests.core.build import ACCOUNT, at, rule, rung
from tests.core.metrics.foreign.desks import FOREIGN, HOUR, Desks, moved, value_of


def test_what_was_announced_is_not_foreign_and_only_once():
    desk = Desks(ACCOUNT)
    desk.expect(0, 400)

    assert desk.see(10, ACCOUNT, moved("1", -398, 9)) == Known(0.0)
    assert desk.see(20, ACCOUNT, moved("2", -398, 19)) == Known(pytest.approx(398 / 602))
    assert desk.level() is Level.HALT


@pytest.mark.parametrize(
    ("amount", "second", "currency"),
    [(-380, 9, "USDT"), (-420, 9, "USDT"), (-400, 601, "USDT"), (-400, 9, "USDC")],
    ids=["too little", "too much", "after its end", "another coin"],
)
def test_what_is_not_like_it_is_foreign(amount: float, second: float, currency: str):
    desk = Desks(ACCOUNT)
    desk.expect(0, 400)

    desk.see(max(10, second + 1), ACCOUNT, moved("1", amount, second, currency))

    (account,) = desk.state.accounts
    assert not [each for each in account.course.sent if each.expected]
    assert len(account.course.expected) == 1, "and it is still expected"


def test_what_left_before_it_was_announced_is_foreign():
    """Afterwards there is `resume --rebase`; the clocks of venue and guardian may differ by some seconds."""
    desk = Desks(ACCOUNT)
    desk.see(98, dark=True)
    desk.expect(100, 400)

    assert desk.see(101, ACCOUNT, moved("1", -400, 94)) == Known(pytest.approx(0.4))
    assert desk.see(102, ACCOUNT, moved("2", -400, 96)) == Known(pytest.approx(0.4))


def test_a_row_that_is_told_late_is_still_the_one():
    desk = Desks(ACCOUNT)
    desk.expect(0, 400)

    assert desk.see(600 + LATE.total_seconds() - 1, ACCOUNT, moved("1", -400, 599)) == Known(0.0)


def test_a_ledger_that_was_down_lets_nothing_lapse():
    """What left in time left in time, whenever guardian can read of it."""
    desk = Desks(ACCOUNT)
    desk.expect(0, 400)
    for second in range(100, 3000, 100):
        desk.see(second, dark=True)

    assert desk.see(3000, ACCOUNT, moved("1", -400, 599)) == Known(0.0)


def test_people_are_told_when_it_is_announced_when_it_has_left_and_when_it_has_not():
    desk = Desks(ACCOUNT)
    desk.expect(0, 400)
    desk.see(10, ACCOUNT, moved("1", -400, 9))
    desk.expect(20, 100)
    desk.see(620 + LATE.total_seconds() + 1)

    assert desk.told == [
        ("trigger", "Expected to leave main: 400 USDT, 1.0% more or less"),
        ("resolve", "Left main as expected: 400 USDT"),
        ("trigger", "Expected to leave main: 100 USDT, 1.0% more or less"),
        ("resolve", "Expected no more to leave main: 100 USDT"),
    ]
    assert desk.state.accounts[0].course.expected == ()


def test_it_is_bounded_in_time_in_tolerance_and_in_number():
    desk = Desks(ACCOUNT)
    desk.expect(0, 400, until=at(10**6), tolerance=Decimal("0.9"))
    (each,) = desk.state.accounts[0].course.expected
    assert (each.until, each.tolerance) == (at(0) + LONGEST, Decimal("0.1"))

    for _ in range(MAXIMUM_EXPECTED + 5):
        desk.expect(1, 5)
    assert len(desk.state.accounts[0].course.expected) == MAXIMUM_EXPECTED


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal("nan")},
        {"amount": Decimal(0)},
        {"amount": Decimal(-400)},
        {"amount": Decimal("inf")},
        {"tolerance": Decimal("nan")},
        {"until": at(0)},
    ],
)
def test_what_means_nothing_excuses_nothing(changes: dict[str, Any]):
    desk = Desks(ACCOUNT)
    desk.expect(0, 400, **changes)

    assert desk.state.accounts[0].course.expected == ()


def test_it_outlives_a_restart_and_is_journaled():
    desk = Desks(ACCOUNT)
    desk.expect(0, 400)
    desk.state = decode_state(encode_state(desk.state))

    assert desk.see(10, ACCOUNT, moved("1", -400, 9)) == Known(0.0)
    desk.state = decode_state(encode_state(desk.state))
    assert desk.see(20, ACCOUNT, moved("1", -400, 9), moved("2", -400, 19)) == Known(pytest.approx(2 / 3))
    event = Expected(at(0), ACCOUNT, "USDT", Decimal("0.5"), Decimal("0.01"), at(9), "anna", "test")
    assert decode_step_event(encode_step(event, (), ())) == event


ELSE = [
    rule(rung(0.05, "halt"), id=metric, metric=metric, **changes)
    for metric, changes in (
        ("drawdown", {}),
        ("drawdown", {"window": HOUR}),
        ("daily_loss", {"window": Window("session")}),
        ("realised_loss", {"window": HOUR}),
        ("balance_discrepancy", {}),
        ("leverage", {}),
        ("loss_velocity", {"window": HOUR}),
    )
]
AMOUNTS = st.lists(st.sampled_from([-400, -100, -50, 50, 200]), max_size=6)


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.lists(st.sampled_from([400, 100, 50]), max_size=3), st.sampled_from([1.0, 0.9, 0.6]))
def test_an_announcement_changes_nothing_but_what_counts_as_foreign(
    amounts: list[int], expected: list[int], lost: float
):
    """Two lives, with and without: every other rule concludes the same, and the value is never higher."""
    lives = []
    for wanted in (expected, []):
        others = [replace(each, id=f"{each.id}-{n}") for n, each in enumerate(ELSE)]
        desk = Desks(ACCOUNT, rules=(FOREIGN, *others))
        for amount in wanted:
            desk.expect(0, amount)
        for n, change in enumerate(amounts, start=1):
            if desk.cash[ACCOUNT] + change > 0:
                desk.see(n, ACCOUNT, moved(str(n), change, n))
        desk.cash[ACCOUNT] *= Decimal(str(lost))
        desk.see(20)
        lives.append(desk.state.accounts[0])

    with_it, without_it = lives
    assert with_it.rules[1:] == without_it.rules[1:]
    assert (with_it.nav, with_it.evidence) == (without_it.nav, without_it.evidence)
    assert value_of(with_it.rules[0].measured) <= value_of(without_it.rules[0].measured) + 1e-12
    rows_met = sum(each.expected for each in with_it.course.sent)
    assert rows_met <= len(expected), "each excuses one row at most"
