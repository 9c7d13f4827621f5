"""M07 of several accounts: each sub-account is a strategy, and those that fall in one pair are counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import ActivityTaken, Tick
from guardian.core.facts.activity import Activity
from guardian.core.facts.stake import Stake
from guardian.core.frozen import replace
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.history import appended, unpacked
from guardian.core.metrics.pair_convergence import HISTORY_HOURS, LEAST_HOURS
from guardian.core.metrics.strategy_pnl import outlying
from guardian.core.model import AtLeast, Known, LedgerKind, Measured, Unknown
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import BTC, ETH, at, position, read, row, rule, rung
from tests.core.groups.office import Office
from tests.core.metrics.beside.stage import fill

HOUR = 3600
VECTOR = (0.01, 0.011, 0.012, 0.05)
"""Of metrics.md M07: median 0.0115, MAD 0.001."""

PORTFOLIO = rule(
    rung(2, "caution"), id="m", metric="pair_convergence", scope="portfolio", stale_after_seconds=45.0
)


class Floor(Office):
    """Sub-accounts with 1000 each, of which each holds ten of its pair since second 0."""

    def __init__(self, *names: str, asked: Any = PORTFOLIO, flat: Any = (), **changes: Any) -> None:
        changes = {name: {"order_prefixes": (), "mandate": "desk", **changes.get(name, {})} for name in names}
        super().__init__((asked,), *names, **changes)
        self.names, self.cash = names, dict.fromkeys(names, 1000.0)
        self.legs = {name: (BTC, 0.0 if name in flat else 10.0) for name in names}
        self.rows, self.flows = dict[str, tuple[Any, ...]](), 0
        for second in range(-10, 0):
            self.look(second, {}, held=False)
        self.look(0, {})

    def look(self, second: float, marks: dict[str, float], held: bool = True, only: Any = ()) -> None:
        """Each account is read, at its pair's mark (100 if none is named), then its fills are told."""
        for name in only or self.names:
            self.reads(name, second, marks, held)
            self.did(name, second + 0.1)

    def reads(self, name: str, second: float, marks: dict[str, float], held: bool = True) -> None:
        symbol, quantity = self.legs[name]
        leg = position(symbol, quantity, marks.get(name, 100), entry=100)
        ledger = self.rows.pop(name, ())
        self.see(name, read(second, (leg,) if held else (), cash=self.cash[name], ledger=ledger))

    def did(self, name: str, second: float, fills: Any = ()) -> None:
        self.send(ActivityTaken(at(second), Activity(name, at(second), fills, ())))

    def pays(self, name: str, change: float) -> None:
        self.flows += 1
        self.cash[name] += change
        self.rows[name] = (row(f"{name}{self.flows}", change, LedgerKind.FLOW),)

    def seasoned(self, hours: int = LEAST_HOURS, sample: tuple[float, ...] = VECTOR) -> Floor:
        """Each strategy has lost this in the hours before, again and again."""
        now, series = int(at(0).timestamp() // HOUR), ""
        for number in range(hours):
            series = appended(series, now - hours + number, sample[number % len(sample)])
        accounts = tuple(
            replace(a, course=replace(a.course, stakes=tuple(_with(s, series) for s in a.course.stakes)))
            for a in self.state.accounts
        )
        self.state = replace(self.state, accounts=accounts)
        return self

    def stake(self, name: str, symbol: str = BTC, of: str = "") -> Stake:
        return {(s.name, s.symbol): s for s in self.account(name).course.stakes}[of, symbol]

    def measured(self, second: float) -> list[Measured]:
        """As each account judges it."""
        self.send(Tick(at(second)))
        return [account.rules[0].measured for account in self.state.accounts]


def _with(stake: Stake, series: str) -> Stake:
    return replace(stake, hourly=series)


def both(value: Measured) -> list[Measured]:
    return [value, value]


@pytest.mark.parametrize(
    ("fell", "counts"),
    [
        ({"a": 0.05, "b": 0.05}, 2),
        ({"a": 0.05}, 1),
        ({"a": 0.016, "b": 0.016}, 2),
        ({"a": 0.0159, "b": 0.0159}, 0),
        ({}, 0),
    ],
)
def test_accounts_that_fall_unusually_far_in_one_pair_are_counted(fell: dict[str, float], counts: int):
    """By the vector 25.97 deviations are far out; 3 of them are 0.01595."""
    floor = Floor("a", "b").seasoned()
    lost = {name: 1000 * part / (1 + part) for name, part in fell.items()}
    floor.look(20, {name: 100 - loss / 10 for name, loss in lost.items()})

    assert outlying(0.05, VECTOR) == pytest.approx(25.97, abs=0.005)
    assert {n: pytest.approx(fell.get(n, 0.0)) for n in "ab"} == {n: floor.stake(n).fell for n in "ab"}
    assert both(Known(counts)) == floor.measured(21)


@pytest.mark.parametrize("scope", ["portfolio", "mandate", "venue"])
def test_every_scope_of_several_accounts_counts(scope: Any):
    floor = Floor("a", "b", asked=replace(PORTFOLIO, scope=scope)).seasoned()
    floor.look(20, {"a": 90, "b": 90})

    assert both(Known(2.0)) == floor.measured(21)


def test_what_is_counted_is_no_money():
    """Of accounts that report in two currencies no NAV is made; who falls is told by each one's own past."""
    floor = Floor("a", "b", b={"currency": "USDC"}).seasoned()
    floor.look(20, {"a": 90, "b": 90})

    assert both(Known(2.0)) == floor.measured(21)


def test_accounts_of_two_mandates_are_compared_by_a_portfolio_only():
    other = {"b": {"mandate": "other"}}
    floor = Floor("a", "b", asked=replace(PORTFOLIO, scope="mandate"), **other).seasoned()
    floor.look(20, {"a": 90, "b": 90})

    assert both(Unknown("one account alone is one strategy")) == floor.measured(21)


def test_two_pairs_are_two_pairs():
    floor = Floor("a", "b")
    floor.legs["b"] = (ETH, 10.0)
    floor.look(5, {})
    floor.did("b", 5.2, fills=())
    floor.look(66, {})
    floor.seasoned().look(70, {"a": 90, "b": 90})

    assert 1.0 == floor.measured(71)[0].value  # type: ignore[union-attr]


def test_an_account_that_nobody_sees_counts_as_it_was_and_clears_nothing():
    floor = Floor("a", "b").seasoned()
    floor.look(20, {"a": 90, "b": 90})
    floor.look(60, {"a": 90}, only="a")
    floor.look(70, {"a": 90}, only="a")

    assert both(AtLeast(2.0, "not seen for 45 s: b")) == floor.measured(71)


def test_an_account_whose_fills_nobody_tells_clears_nothing():
    floor = Floor("a", "b").seasoned()
    floor.look(20, {"a": 90})
    for second in (40, 60, 70):
        floor.look(second, {"a": 90}, only="a")
        floor.reads("b", second, {})

    assert both(AtLeast(1.0, "fills of b were last told at 12:00:20 UTC")) == floor.measured(71)


def test_an_account_whose_fills_were_never_told_clears_nothing():
    floor = Floor("a")
    late = Office((PORTFOLIO,), "a", "b", a={"order_prefixes": ()}, b={"order_prefixes": ()})
    for second in range(-10, 0):
        for name in ("a", "b"):
            late.see(name, read(second, (position(BTC, 10, 100),)))
    floor.state = late.state
    floor.did("a", 0)

    assert both(AtLeast(0.0, "no fills of b read yet")) == floor.measured(1)


def test_with_too_little_history_nothing_is_cleared():
    floor = Floor("a", "b").seasoned(LEAST_HOURS - 1)
    floor.look(20, {"a": 90, "b": 90})

    assert both(
        AtLeast(0.0, f"a has {LEAST_HOURS - 1} of 24 hours of history", filling=True)
    ) == floor.measured(21)


def test_what_is_held_and_was_never_looked_at_is_not_cleared():
    floor = Floor("a", "b").seasoned()
    floor.legs["b"] = (ETH, 10.0)
    floor.reads("b", 20, {})

    assert floor.measured(21)[0] == AtLeast(0.0, f"what b earned in {ETH} within the hour is not known")


@pytest.mark.parametrize("money", [500.0, -500.0, 20_000.0])
def test_transfers_between_them_move_nothing(money: float):
    floor = Floor("a", "b").seasoned()
    plain = Floor("a", "b").seasoned()
    for each, paid in ((floor, money), (plain, 0.0)):
        each.look(10, {"a": 98, "b": 98})
        before = [each.stake(name).fell for name in "ab"]
        if paid:
            each.pays("a", max(paid, -500.0))
            each.pays("b", -min(paid, 500.0))
        each.look(20, {"a": 98, "b": 98})
        assert before == [pytest.approx(each.stake(name).fell) for name in "ab"]

    assert both(Known(2.0)) == floor.measured(21) == plain.measured(21)


def test_prefixes_inside_an_account_are_strategies_still():
    """Both of a's, and b as a whole: three fall."""
    floor = Floor("a", "b", flat=("a",), a={"order_prefixes": ("ft-", "mm-")})
    floor.legs["a"] = (BTC, 10.0)
    done = [fill(f"{name}1", 9.5, 5, client_id=f"{name}1") for name in ("ft-", "mm-")]
    floor.reads("a", 10, {})
    floor.did("a", 10.1, fills=tuple(done))
    floor.seasoned().look(20, {"a": 80, "b": 90})

    assert both(Known(3.0)) == floor.measured(21)
    floor.look(70, {"b": 90}, only="b")
    floor.reads("a", 70, {"a": 80})
    assert both(AtLeast(3.0, "fills of a were last told at 12:00:20 UTC")) == floor.measured(71)


@pytest.mark.parametrize("prefixes", [(), ("ft-",)])
def test_an_account_with_less_than_two_prefixes_has_a_history_of_its_own(prefixes: tuple[str, ...]):
    floor = Floor("a", "b", a={"order_prefixes": prefixes})
    floor.look(30, {"a": 99})
    floor.look(HOUR, {"a": 99})

    assert [pytest.approx(10 / 990)] == unpacked(floor.stake("a").hourly)[1].tolist()
    assert floor.state == decode_state(encode_state(floor.state))


def test_of_an_account_whose_strategies_are_told_apart_only_they_have_one():
    floor = Floor("a", "b", a={"order_prefixes": ("ft-", "mm-")}).seasoned()
    floor.look(30, {"a": 99})
    floor.look(HOUR, {"a": 99})

    assert ("", True) == (floor.stake("a").hourly, bool(floor.stake("b").hourly))


def test_a_history_that_counts_for_nothing_any_more_is_forgotten():
    floor = Floor("a", "b").seasoned()
    floor.legs["a"] = (ETH, 0.0)
    later = (HISTORY_HOURS + 2) * HOUR
    for second in (5, 70, later, later + 2 * HOUR):
        floor.look(second, {})

    assert {s.symbol for s in floor.account("a").course.stakes} <= {ETH}


def test_what_it_may_demand():
    metric = BY_NAME["pair_convergence"]

    assert ("forecast", ("account", "portfolio", "mandate", "venue", "symbol")) == (
        metric.family,
        metric.scopes,
    )


@given(st.permutations(["a", "b", "c"]), st.lists(st.booleans(), min_size=3, max_size=3))
def test_it_counts_each_account_that_falls_whoever_is_told_first(order: list[str], falls: list[bool]):
    floor = Floor("a", "b", "c").seasoned()
    marks = {name: 90.0 for name, fell in zip("abc", falls, strict=True) if fell}
    floor.look(20, marks, only=tuple(order))

    assert [Known(float(sum(falls)))] * 3 == floor.measured(21)
