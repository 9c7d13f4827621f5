"""M15: a cluster that a rule declares is one with all that was measured to move with any of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.cluster_exposure import largest_cluster
from guardian.core.metrics.clusters import united
from guardian.core.metrics.slices import slices
from guardian.core.model import Balance, Known, Rule
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import BTC, ETH, Desk, at, money, order, position, read, rule, rung
from tests.core.metrics.returns.market import Market

SOL, XRP = "SOL/USDT:USDT", "XRP/USDT:USDT"
LEGS = (position(BTC, 4, 100), position(ETH, -3, 100), position(SOL, 2, 100), position(XRP, 1, 100))
APART = (("BTC",), ("ETH",), ("SOL", "XRP"))


def holding(clusters: tuple[tuple[str, ...], ...] = APART) -> AccountState:
    """An equity of 1000, and what was measured to move together."""
    desk = Desk()
    desk.see(read(0, LEGS))
    assert desk.account.correlations is not None
    return replace(desk.account, correlations=replace(desk.account.correlations, clusters=clusters))


def found(account: AccountState, own: Rule) -> Any:
    return BY_NAME[own.metric].measure(View(account, own, blank(own), at(0)))


def declaring(of: str, **changes: Any) -> Rule:
    return rule(rung(1.0, "halt"), **{"metric": "cluster_exposure", "of": of, **changes})


@pytest.mark.parametrize(
    ("of", "value"),
    [
        ("", 0.4),
        ("BTC,ETH", 0.7),
        ("BTC,SOL", 0.7),
        ("ETH,XRP", 0.6),
        ("BTC,ETH,SOL", 1.0),
        ("BTC,DOGE", 0.4),
        ("DOGE,ADA", 0.4),
        ("BTC/USDT:USDT,ETH/USDT", 0.7),
    ],
)
def test_declared_assets_are_one_cluster_with_what_moves_with_them(of: str, value: float) -> None:
    """SOL brings XRP along; what is not held adds nothing; a symbol stands for its asset."""
    assert Known(pytest.approx(value)) == found(holding(), declaring(of))


def test_assets_of_no_cluster_count_in_a_declared_one_as_in_every_other() -> None:
    """Coins whose price is not followed may move with any: to name them once must not count them twice,
    nor take them out of the others."""
    account = holding()
    wallet = account.evidence.wallet
    assert wallet is not None
    coins = replace(wallet, balances=(*wallet.balances, Balance("GLD", money(1), money(50))))
    account = replace(account, evidence=replace(account.evidence, wallet=coins))

    assert Known(pytest.approx(0.45)) == found(account, declaring(""))
    assert Known(pytest.approx(0.45)) == found(account, declaring("GLD,XRP"))
    assert Known(pytest.approx(0.75)) == found(account, declaring("BTC,ETH,GLD"))


def parts(account: AccountState, of: str, *only: str) -> set[str]:
    own = declaring(of, metric="gross_exposure", scope="cluster", only=only)
    return {"+".join(s.split("/")[0] for s in symbols) for symbols, _ in slices(account, own)}


def test_a_rule_of_scope_cluster_judges_the_declared_one_as_one() -> None:
    assert {"BTC", "ETH", "SOL+XRP"} == parts(holding(), "")
    assert {"BTC+ETH", "SOL+XRP"} == parts(holding(), "BTC,ETH")
    assert {"BTC+SOL+XRP", "ETH"} == parts(holding(), "SOL,BTC,DOGE")
    assert {"BTC+ETH"} == parts(holding(), "BTC,ETH", "ETH")


def test_what_is_only_ordered_joins_the_declared_cluster() -> None:
    """It may move with any cluster; of those that are measured it is in each."""
    desk = Desk()
    desk.see(read(0, LEGS[:2], (order(symbol=SOL),)))
    assert desk.account.correlations is not None
    book = replace(desk.account.correlations, clusters=(("BTC",), ("ETH",)))
    account = replace(desk.account, correlations=book)

    assert {"BTC+SOL", "ETH+SOL"} == parts(account, "")
    assert {"BTC+ETH+SOL"} == parts(account, "BTC,ETH")


def test_assets_that_were_measured_to_move_apart_are_judged_as_declared() -> None:
    """Through reads, for four hours: a book of three that have nothing in common."""
    alone = rule(rung(9e9, "halt"), metric="gross_exposure", scope="cluster", id="alone")
    declared = replace(alone, id="declared", of="ADA,ETC")
    market = Market(Desk(alone, declared), {"ADA": 0.0, "ETC": 0.0, "LTC": 0.0}).run(60)
    worths = {leg.base: float(leg.notional) for leg in market.legs()}
    nav = market.account.nav
    assert nav is not None

    assert market.account.correlations is not None
    assert 3 == len(market.account.correlations.clusters)
    assert Known(pytest.approx(max(worths.values()) / float(nav.equity))) == market.found("alone")
    both = (worths["ADA"] + worths["ETC"]) / float(nav.equity)
    assert Known(pytest.approx(both)) == market.found("declared")


assets = st.lists(st.sampled_from("ABCDEF"), unique=True)


@st.composite
def books(draw: st.DrawFn) -> tuple[dict[str, Decimal], tuple[tuple[str, ...], ...], tuple[str, ...]]:
    held = {name: Decimal(draw(st.integers(-9, 9))) for name in "ABCDEF"}
    inside = draw(assets)
    groups: list[list[str]] = [[] for _ in range(3)]
    for name in inside:
        groups[draw(st.integers(0, 2))].append(name)
    clusters = tuple(sorted(tuple(sorted(group)) for group in groups if group))
    return held, clusters, tuple(draw(assets))


@given(books())
def test_declaring_never_makes_it_smaller_and_never_more_than_gross(
    book: tuple[dict[str, Decimal], tuple[tuple[str, ...], ...], tuple[str, ...]],
) -> None:
    held, clusters, declared = book
    measured, both = largest_cluster(held, clusters), largest_cluster(held, clusters, declared)

    assert measured <= both <= sum(map(abs, held.values()))
    assert both >= sum(abs(held[name]) for name in declared)


@given(books())
def test_a_union_holds_every_asset_once_and_parts_nothing(
    book: tuple[dict[str, Decimal], tuple[tuple[str, ...], ...], tuple[str, ...]],
) -> None:
    _, clusters, declared = book
    groups = united(clusters, declared)
    members = [name for group in groups for name in group]

    assert len(members) == len(set(members))
    assert set(members) == {name for group in clusters for name in group} | set(declared)
    assert all(any(set(group) <= set(one) for one in groups) for group in filter(None, (*clusters, declared)))
