"""M12 by venue: how much of all that is watched lies at one of them, by mandate, portfolio and account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import Tick
from guardian.core.metrics.venue_concentration import share
from guardian.core.model import AtLeast, Known, LedgerKind, Measured, Unknown
from tests.core.build import Desk, at, money, read, row, rule, rung, says
from tests.core.groups.office import Office

RULE = rule(rung(0.6, "halt"), id="venue", metric="venue_concentration", scope="portfolio")
ALONE = replace(RULE, scope="account")
VENUES = {"a": {"venue": "bybit"}, "b": {"venue": "okx"}, "c": {"venue": "bybit"}}


def office(own: Any = RULE, **cash: float) -> Office:
    """Accounts of this much money, each read ten times, the last round at -1 s."""
    made = Office((own,), *cash, **{name: VENUES[name] for name in cash})
    for second in range(-10, 0):
        for name, amount in cash.items():
            made.see(name, read(second, cash=amount))
    made.send(Tick(at(0)))
    return made


def measured(made: Office, name: str = "a") -> Measured:
    own = made.account(name).rule("venue")
    assert own is not None
    return own.measured


def test_vector_of_three_shares_the_venue_of_two_accounts_has_most():
    """The shares of metrics.md M12, two of them at one venue."""
    assert Known(pytest.approx(0.7)) == measured(office(a=500, b=300, c=200))


def test_all_at_one_venue_is_the_whole():
    assert Known(1.0) == measured(office(a=500, c=500))


def test_a_rule_of_the_portfolio_acts_on_all_and_one_of_accounts_where_too_much_lies():
    cash = {"a": 500.0, "b": 300.0, "c": 200.0}

    assert {"a": "HALT", "b": "HALT", "c": "HALT"} == office(**cash).levels
    assert {"a": "HALT", "b": "NORMAL", "c": "HALT"} == office(ALONE, **cash).levels


def test_an_account_s_own_is_the_share_of_its_venue():
    made = office(ALONE, a=500, b=300, c=200)

    assert Known(pytest.approx(0.7)) == measured(made, "a") == measured(made, "c")
    assert Known(pytest.approx(0.3)) == measured(made, "b")


def test_a_single_account_has_all_at_one_venue():
    desk = Desk(replace(ALONE, id="m")).warm()

    assert Known(1.0) == desk.account.rules[0].measured


def test_a_mandate_is_of_one_client_s_money():
    changes = {"a": {"mandate": "x"}, "b": {"mandate": "x"}, "c": {"mandate": "y"}}
    own = replace(RULE, scope="mandate")
    names = {name: {**VENUES[name], **changes[name]} for name in "abc"}
    made = Office((own,), *names, **names)
    for second in range(-10, 0):
        for name, cash in (("a", 500), ("b", 500), ("c", 9000)):
            made.see(name, read(second, cash=cash))
    made.send(Tick(at(0)))

    assert Known(pytest.approx(0.5)) == measured(made, "a")
    assert Known(1.0) == measured(made, "c")


# --- thin evidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [RULE, ALONE], ids=["portfolio", "account"])
def test_before_each_of_them_was_read_nothing_is_known(own: Any):
    made = Office((own,), "a", "b", **VENUES)
    for second in range(-10, 0):
        made.see("a", read(second, cash=900))

    found = measured(made)
    assert isinstance(found, Unknown)
    assert found.warming


@pytest.mark.parametrize("own", [RULE, ALONE], ids=["portfolio", "account"])
def test_what_is_not_seen_any_more_may_fire_and_never_clears(own: Any):
    made = office(own, a=500, b=500)
    for second in range(12):
        made.see("a", read(second, cash=500))

    assert AtLeast(pytest.approx(0.5), "not seen for 10 s: b") == measured(made)


@pytest.mark.parametrize("own", [RULE, ALONE], ids=["portfolio", "account"])
def test_equities_in_two_currencies_are_not_added(own: Any):
    names = {"a": VENUES["a"], "b": {**VENUES["b"], "currency": "USDC"}}
    made = Office((own,), "a", "b", **names)
    for second in range(-10, 0):
        for name in names:
            made.see(name, read(second, cash=500))

    assert isinstance(measured(made), Unknown)


@pytest.mark.parametrize("own", [RULE, ALONE], ids=["portfolio", "account"])
def test_an_equity_that_is_disputed_counts_as_little_as_both_prove(own: Any):
    """One says 500 or 1,500 beside 500: a half is proven, and that is all."""
    made = office(own, a=500, b=500)
    made.see("a", says(read(0, cash=500), 1500))

    found = measured(made)
    assert isinstance(found, AtLeast)
    assert pytest.approx(0.5) == found.value


# --- the arithmetic -----------------------------------------------------------------------------------

EQUITIES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-500, 5000)), min_size=1, max_size=6)


def navs(rows: list[tuple[str, int]], apart: int = 0) -> list[Any]:
    """NAVs of these equities at these venues; `apart`: the wallet's is so much more, and disputed."""
    nav = Desk().warm().account.nav
    assert nav is not None
    return [
        (venue, replace(nav, raw=money(n + apart), explained=money(n), agreed=not apart)) for venue, n in rows
    ]


@given(EQUITIES)
def test_it_is_the_largest_of_the_shares(rows: list[tuple[str, int]]):
    sums = {venue: sum(max(n, 0) for v, n in rows if v == venue) for venue, _ in rows}
    whole = sum(sums.values())

    assert pytest.approx(max(sums.values()) / whole if whole else 0.0) == share(navs(rows))


@given(EQUITIES, st.integers(1, 900))
def test_what_a_dispute_leaves_is_never_more_than_either_says(rows: list[tuple[str, int]], apart: int):
    raised = [(venue, n + apart) for venue, n in rows]

    assert share(navs(rows, apart)) <= min(share(navs(rows)), share(navs(raised))) + 1e-12


def test_a_transfer_between_two_accounts_of_one_venue_moves_nothing():
    made = office(a=500, b=300, c=200)
    before = measured(made)
    made.see("a", read(0, cash=400, ledger=(row("out", -100, LedgerKind.FLOW),)))
    made.see("c", read(0, cash=300, ledger=(row("in", 100, LedgerKind.FLOW),)))
    made.send(Tick(at(1)))

    assert before == measured(made)
