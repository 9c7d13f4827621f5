"""Money that goes from one watched account to another is not gone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.metrics.between import APART
from guardian.core.model import AtLeast, Known, Level
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT
from tests.core.metrics.foreign.desks import MOVING, Desks, moved


def test_what_goes_to_another_watched_account_is_not_gone():
    desk = Desks("a", "b")

    assert desk.see(1, "a", moved("1", -400, 1)) == AtLeast(0.0, MOVING)
    desk.see(2, "b", moved("2", 400, 1))

    assert desk.see(3, "a") == Known(0.0)
    assert desk.see(3600, "a") == Known(0.0)
    assert desk.level("a") is Level.NORMAL


def test_the_side_that_receives_may_be_seen_first():
    desk = Desks("a", "b")
    desk.see(1, "b", moved("2", 400, 1))

    assert desk.see(2, "a", moved("1", -400, 1)) == Known(0.0)


def test_what_arrives_nowhere_within_a_minute_counts():
    desk = Desks("a", "b")
    desk.see(1, "a", moved("1", -400, 1))
    desk.see(APART.total_seconds(), "a")
    assert desk.measured("a") == AtLeast(0.0, MOVING)
    assert desk.level("a") is Level.NORMAL

    desk.see(1 + APART.total_seconds(), "a")

    assert desk.measured("a") == Known(pytest.approx(0.4))
    assert desk.level("a") is Level.HALT


@pytest.mark.parametrize(
    ("change", "second", "currency"),
    [(399, 1, "USDT"), (400, 62, "USDT"), (400, -60, "USDT"), (400, 1, "USDC"), (-400, 1, "USDT")],
    ids=["another amount", "too late", "too early", "another coin", "it left there too"],
)
def test_what_does_not_match_is_no_other_side(change: float, second: float, currency: str):
    desk = Desks("a", "b")
    desk.see(1, "a", moved("1", -400, 1))
    desk.see(65, "b", moved("2", change, second, currency))

    assert desk.see(66, "a") == Known(pytest.approx(0.4))


@pytest.mark.parametrize("mandates", [{"a": "anna", "b": "bert"}, {"a": "anna"}])
def test_one_client_s_money_on_another_s_account_is_foreign_at_once(mandates: dict[str, str]):
    desk = Desks("a", "b", **mandates)
    desk.see(1, "b", moved("2", 400, 1))

    assert desk.see(2, "a", moved("1", -400, 1)) == Known(pytest.approx(0.4))


def test_an_account_that_is_alone_waits_for_nothing():
    assert Desks(ACCOUNT).see(1, ACCOUNT, moved("1", -400, 1)) == Known(pytest.approx(0.4))


def test_its_own_deposit_is_no_other_side():
    desk = Desks("a", "b")
    desk.see(1, "a", moved("1", -400, 1), moved("2", 400, 1))

    assert desk.see(62, "a") == Known(pytest.approx(0.4))


def test_a_second_transfer_of_the_same_amount_is_not_excused_by_the_first():
    desk = Desks("a", "b")
    desk.see(1, "b", moved("2", 400, 1))
    desk.see(2, "a", moved("1", -400, 1))
    desk.see(10, "a", moved("3", -400, 10))

    assert desk.see(70, "a") == Known(pytest.approx(2 / 3))


def test_what_was_announced_uses_up_its_other_side_too():
    """Else the row into the other account would excuse a theft of the same amount."""
    desk = Desks("a", "b")
    desk.expect(0, 400, account="a")
    desk.see(1, "b", moved("2", 400, 1))
    assert desk.see(2, "a", moved("1", -400, 1)) == Known(0.0)
    desk.see(10, "a", moved("3", -400, 10))

    assert desk.see(70, "a") == Known(pytest.approx(2 / 3))


def test_what_an_older_journal_remembers_has_no_other_side():
    """It does not tell coin and amount, so it counts as it did, and at once."""
    desk = Desks("a", "b")
    desk.see(1, "b", moved("2", 400, 1))
    desk.see(2, "a", moved("1", -400, 1))
    told = json.loads(encode_state(desk.state))
    for name in ("currency", "amount", "expected"):
        del told["accounts"][0]["course"]["sent"][0][name]
    desk.state = decode_state(json.dumps(told))

    assert desk.see(3, "a") == Known(pytest.approx(0.4))


def test_on_its_way_it_does_not_clear_what_is_foreign_besides():
    desk = Desks("a", "b")
    desk.see(0, "a", moved("0", -350, -70 + 70))
    desk.see(61, "a")
    assert desk.level("a") is Level.HALT

    assert desk.see(62, "a", moved("1", -100, 62)) == AtLeast(pytest.approx(0.35), MOVING)


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([-200, -100, 100, 200]), st.integers(1, 150)),
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_what_has_left_all_of_them_together_is_never_excused(rows: list[tuple[str, int, int]]):
    """By amounts: what counts of the coin is at least what left all accounts less what came to them."""
    desk = Desks("a", "b", "c", cash=1_000_000)
    for n, (name, change, second) in enumerate(sorted(rows, key=lambda r: r[2])):
        desk.see(second + n / 100, name, moved(str(n), change, second))
    for name in "abc":
        desk.see(400, name)

    counted = 0.0
    for account in desk.state.accounts:
        measured = account.rules[0].measured
        assert isinstance(measured, Known), "nothing is on its way for ever"
        counted += measured.value * 1_000_000
    net = -sum(change for _, change, _ in rows)
    assert counted >= max(0, net) * 0.99
    gone = sum(-change for _, change, _ in rows if change < 0)
    assert counted <= gone * 1.01
