"""Hedges whose legs are in two accounts: what one loses leaves the other's bare."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.engine import step
from guardian.core.events import ActivityTaken, Armed, Configured, SnapshotTaken
from guardian.core.facts.activity import Activity, Fill
from guardian.core.memory import MAXIMUM_DOINGS, MAXIMUM_MOVES
from guardian.core.metrics.deeds import with_deeds
from guardian.core.model import AtLeast, Known, LedgerKind, Level, Measured, Position, Unknown, Window
from guardian.core.state import AccountState, State
from tests.core.build import START, at, policy, position, read, row, rule, rung, wallet
from tests.core.metrics.beside.stage import fill

LONG, SHORT = position(quantity=5), position(quantity=-5)
GONE = fill("1", -10, 5, 100, closed=5, cause="adl", client_id="")


class Desks:
    """Two accounts of 1000 each, `a` long five and `b` short five, and one rule of both together."""

    def __init__(self, scope: str = "portfolio", **changes: Any) -> None:
        five_minutes = Window("sliding", 300.0)
        given = {"stale_after_seconds": 30.0, "window": five_minutes, "scope": scope, **changes}
        on = rule(rung(0.1, "halt"), id="m", metric="hedge_imbalance", **given)
        policies = (policy(name="a", mandate="smith"), policy(name="b", mandate="smith"))
        self.state = State()
        self.legs: dict[str, tuple[Position, ...]] = {"a": (LONG,), "b": (SHORT,)}
        self.send(Configured(START, "desk-1", "hash", policies, (on,)))
        for name in self.legs:
            self.send(Armed(START, name, (), "anna", "test"))
        for second in range(-5, 0):
            self.read(second)
        for name in self.legs:
            self.did(name, -86_400)
            self.did(name, -1)

    def send(self, event: Any) -> None:
        self.state, _ = step(self.state, event)

    def did(self, name: str, second: float, *fills: Fill) -> None:
        activity = Activity(name, at(second), fills, ())
        self.send(ActivityTaken(at(max(second, -5)), activity))

    def read(self, second: float, *names: str, **changes: Any) -> None:
        for name in names or tuple(self.legs):
            seen = replace(read(second, self.legs[name]), account=name, **changes)
            self.send(SnapshotTaken(at(second), seen))

    def account(self, name: str) -> AccountState:
        found = self.state.account(name)
        assert found is not None
        return found

    def measured(self, name: str = "a") -> Measured:
        return self.account(name).rules[0].measured


def loses(desks: Desks, name: str = "b", *fills: Fill) -> None:
    """The venue deleverages the leg of this account."""
    desks.legs[name] = ()
    desks.did(name, 0, *(fills or (GONE,)))
    desks.did("a" if name == "b" else "b", 0)


def test_legs_in_two_accounts_are_a_hedge():
    desks = Desks()
    desks.read(0)

    assert desks.measured("a") == desks.measured("b") == Known(0.0)


@pytest.mark.parametrize("scope", ["portfolio", "mandate", "venue"])
def test_a_leg_that_one_account_loses_leaves_the_other_s_bare(scope: str):
    desks = Desks(scope)
    loses(desks)
    desks.read(1)

    assert desks.measured("b") == Known(pytest.approx(500 / 2000)), "five at 100 over the equity of both"
    desks.read(2)
    assert [desks.account(n).level for n in "ab"] == [Level.HALT, Level.HALT], "each acts for itself"


def test_each_account_by_itself_has_never_had_a_hedge():
    desks = Desks("account")
    loses(desks)
    desks.read(1)

    assert desks.measured("a") == desks.measured("b") == Known(0.0)


def test_a_hedge_that_was_closed_on_both_sides_is_none():
    desks = Desks()
    loses(desks)
    desks.legs["a"] = ()
    desks.did("a", 0, fill("2", -9, -5, 100, closed=5))
    desks.read(1)

    assert desks.measured() == Known(0.0)


def test_a_leg_that_is_gone_while_nobody_tells_the_fills_is_not_known():
    """Positions of `b` are fresh and its fills are not: whether it was a hedge cannot be said."""
    desks = Desks()
    desks.legs["b"] = ()
    for second in range(40):
        desks.read(second)
        desks.did("a", second)

    assert isinstance(desks.measured(), Unknown)
    assert desks.account("a").rules[0].stale


def test_an_account_that_is_wholly_unseen_counts_as_it_was_and_never_clears():
    """The other venue is down, and this one's leg is deleveraged meanwhile: that much is proven."""
    desks = Desks()
    desks.legs["a"] = ()
    desks.did("a", 40, fill("1", 39, -5, 100, closed=5, cause="adl", client_id=""))
    desks.read(41, "a")

    got = desks.measured()
    assert isinstance(got, AtLeast)
    assert got.value == pytest.approx(500 / 2000)
    assert "not seen for 30 s: b" in got.why
    assert desks.account("a").level is Level.HALT


def test_coins_that_leave_one_account_leave_the_other_s_short_bare():
    desks = Desks()
    desks.legs["a"] = ()
    out = replace(row("out", -5, LedgerKind.FLOW, "BTC"), at=at(-2))
    desks.read(1, "a", ledger=(out,), wallet=wallet(1000))
    desks.did("a", 1)
    desks.did("b", 1)
    desks.read(2)

    assert desks.measured("b") == Known(pytest.approx(500 / 2000))


def done(name: str, *fills: Fill, orders: Any = ()) -> AccountState:
    desks = Desks()
    desks.did(name, 0, *fills)
    return desks.account(name)


def test_rows_of_all_are_whole_from_where_the_first_to_forget_begins():
    many = tuple(fill(f"{n:04}", -9999 + n, 1) for n in range(MAXIMUM_DOINGS + 50))
    few = tuple(fill(f"x{n}", -9999 + 25 * n, 1) for n in range(9))

    whole = with_deeds(done("a"), (done("a", *many), done("b", *few)))

    assert whole.doings is not None
    kept = [f.id for f in whole.doings.fills]
    assert [i for i in kept if i.startswith("x")] == [f"x{n}" for n in range(2, 9)]
    assert len([i for i in kept if not i.startswith("x")]) == MAXIMUM_DOINGS


def test_coins_that_moved_are_whole_from_where_the_first_to_forget_begins():
    coins = [tuple(replace(row(f"{n:03}", -1, currency="C"), at=at(n)) for n in ns) for ns in
             (range(50, 50 + MAXIMUM_MOVES), range(0, 99, 10))]  # fmt: skip
    accounts = [done(n) for n in "ab"]
    full = [replace(a, course=replace(a.course, moved=m)) for a, m in zip(accounts, coins, strict=True)]

    whole = with_deeds(full[0], full)

    assert len(whole.course.moved) == MAXIMUM_MOVES + 5
    assert whole.course.moved[0].at == at(50)


def test_without_the_fills_of_one_there_are_none():
    silent = replace(done("b"), doings=None)

    assert with_deeds(done("a"), (done("a"), silent)).doings is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-200, -1), st.integers(1, 9)), max_size=12))
def test_two_accounts_show_what_one_with_all_of_it_would(deeds: list[tuple[str, int, int]]):
    """Whose account a leg stands in changes nothing: fills undone are undone wherever they were."""
    named = [(who, fill(str(i), second, size)) for i, (who, second, size) in enumerate(deeds)]
    fills = {name: tuple(each for who, each in named if who == name) for name in "ab"}
    apart, one = Desks(), Desks()
    for name in "ab":
        apart.did(name, 0, *fills[name])
    grown = {name: sum((f.quantity for f in fills[name]), Decimal(0)) for name in "ab"}
    apart.legs["a"] = (replace(LONG, quantity=LONG.quantity + grown["a"]),)
    apart.legs["b"] = (SHORT, replace(LONG, quantity=grown["b"], index=1)) if grown["b"] else (SHORT,)
    every = tuple(replace(f, id=f"{f.id}{n}") for n in "ab" for f in fills[n])
    one.did("a", 0, *every)
    one.did("b", 0)
    one.legs["a"] = (replace(LONG, quantity=LONG.quantity + grown["a"] + grown["b"]),)
    for desks in (apart, one):
        desks.read(1)

    assert apart.measured("b") == one.measured("b")
