"""Several accounts as one: the chained NAV, what is summed, and what one blind account leaves proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import Group
from guardian.core.metrics.group import members, merged, unseen
from guardian.core.metrics.group_nav import fold_group
from guardian.core.metrics.leverage import METRIC as LEVERAGE
from guardian.core.metrics.metric import View
from guardian.core.metrics.subjects import gathered, look
from guardian.core.model import Known, LedgerKind, Snapshot, Unknown
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import ETH, START, Desk, at, money, policy, position, read, row, rule, rung

RULE = rule(rung(0.05, "halt"), scope="portfolio")


def account(name: str, *snapshots: Snapshot, cash: float = 1000, **changes: Any) -> AccountState:
    """Five confirmed reads, then these."""
    desk = Desk().warm(cash=cash)
    for snapshot in snapshots:
        desk.see(snapshot)
    return replace(desk.account, policy=policy(name=name, **changes))


def worth(name: str, *equities: float, since: float = 0, cash: float = 1000) -> AccountState:
    """An account whose equity went this way by trading, one read a second."""
    reads, last = [], cash
    for n, equity in enumerate(equities):
        reads.append(
            read(since + n, cash=equity, ledger=(row(f"{name}{n}", equity - last, LedgerKind.TRADE),))
        )
        last = equity
    return account(name, *reads, cash=cash)


def folded(*looks: tuple[AccountState, ...]) -> Group:
    known: Group | None = None
    for each in looks:
        known = fold_group(known, each, START)
    assert known is not None
    return known


# --- the chained NAV ----------------------------------------------------------------------------------


def test_a_group_loses_what_its_members_lose_weighted_by_their_equity():
    before = (account("a"), account("b", cash=3000))
    after = (worth("a", 900), worth("b", 3000, cash=3000))

    assert pytest.approx(97.5) == folded(before, after).value


def test_a_transfer_from_one_member_to_the_other_moves_nothing():
    def flow(change: float) -> Any:
        return (row("f", change, LedgerKind.FLOW),)

    before = (account("a"), account("b"))
    after = (
        account("a", read(0, cash=400, ledger=flow(-600))),
        account("b", read(0, cash=1600, ledger=flow(600))),
    )

    assert pytest.approx(100) == folded(before, after).value


def test_the_next_loss_weighs_by_the_equity_after_the_transfer():
    before = (account("a"), account("b"))
    flows = (read(0, cash=500, ledger=(row("o", -500),)), read(0, cash=1500, ledger=(row("i", 500),)))
    moved = (account("a", flows[0]), account("b", flows[1]))
    fallen = read(1, cash=1350, ledger=(row("t", -150, LedgerKind.TRADE),))
    then = (moved[0], account("b", flows[1], fallen))

    assert pytest.approx(92.5) == folded(before, moved, then).value


def test_an_account_that_joins_or_leaves_makes_no_loss():
    a, b, lost = account("a"), account("b"), worth("b", 500)

    assert pytest.approx(100) == folded((a,), (a, lost)).value
    assert pytest.approx(100) == folded((a, b), (a,)).value


def test_a_member_that_began_anew_is_not_compared_with_what_it_was():
    a, poor = account("a"), worth("b", 500)
    anew = account("b")
    assert anew.nav is not None
    assert poor.nav is not None
    anew = replace(anew, nav=replace(anew.nav, since=at(99)))

    assert pytest.approx(folded((a, poor)).value) == folded((a, poor), (a, anew)).value


def test_nothing_is_measured_before_every_member_has_a_baseline():
    young = Desk()
    young.see(read(0))

    assert fold_group(None, (account("a"), young.account), START) is None


@given(st.lists(st.tuples(st.floats(500, 2000), st.floats(500, 2000)), min_size=1, max_size=8))
def test_looking_more_often_changes_nothing_while_nothing_flows(path: list[tuple[float, float]]):
    """Without flows the chained NAV is the sum of the equities, however often it is looked at."""
    looks = [
        (worth("a", *(a for a, _ in path[:n])), worth("b", *(b for _, b in path[:n])))
        for n in range(len(path) + 1)
    ]

    total = sum(path[-1]) / 2000 * 100
    assert pytest.approx(total, rel=1e-9) == folded(*looks).value
    assert pytest.approx(total, rel=1e-9) == folded(looks[0], looks[-1]).value


# --- who belongs to it --------------------------------------------------------------------------------

EVERY = (
    account("a", mandate="x"),
    account("b", mandate="y"),
    account("c", mandate="x", venue="okx"),
    account("d"),
)


@pytest.mark.parametrize(
    ("scope", "only", "own", "expected"),
    [
        ("portfolio", (), 0, "abcd"),
        ("portfolio", ("a", "c"), 0, "ac"),
        ("mandate", (), 0, "ac"),
        ("mandate", (), 3, "d"),  # without a mandate: nobody else's money
        ("venue", (), 0, "abd"),
        ("venue", (), 2, "c"),
    ],
)
def test_members(scope: str, only: tuple[str, ...], own: int, expected: str):
    found = members(EVERY, EVERY[own], rule(rung(0.05, "halt"), scope=scope, only=only))

    assert expected == "".join(each.policy.name for each in found)


# --- what is summed -----------------------------------------------------------------------------------


def test_leverage_of_a_group_is_all_legs_over_all_equity():
    a = account("a", read(0, (position(quantity=1, mark=1000),)))
    b = account("b", read(0, (position(ETH, -20, 100),), cash=3000), cash=3000)
    whole = merged(a, (a, b), folded((a, b)))

    assert Known(pytest.approx(0.75)) == LEVERAGE.measure(View(whole, RULE, blank(RULE), at(0)))
    assert whole.nav is not None
    assert money(4000) == whole.nav.equity


def test_members_that_count_in_different_money_are_not_added_up():
    """One bitcoin and a thousand dollars are not 1001 of anything."""
    a, b = account("a"), account("b", currency="BTC")
    own = replace(blank(RULE), group=folded((a, b)))

    got = look(LEVERAGE, View(a, RULE, own, at(0)), (a, b))

    assert got.measured == Unknown("its accounts report in different currencies: BTC, USDT")
    assert got.stale, "what the rule says of blindness is done"
    assert gathered(own, RULE, a, (a, b), at(0)) == own
    assert isinstance(look(LEVERAGE, View(a, RULE, own, at(0)), (a, account("b"))).measured, Known)


def test_who_is_blind_is_named():
    a, b = account("a", read(20)), account("b", read(0))

    assert "" == unseen((a, b), at(5), 10)
    assert "not seen for 10 s: b" == unseen((a, b), at(21), 10)
