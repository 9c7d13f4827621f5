"""Parts of one account: what a rule of scope symbol or cluster looks at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.memory import Correlations
from guardian.core.metrics.exposure import GROSS
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.slices import sliced, slices
from guardian.core.metrics.worst_case_exposure import METRIC as WORST_CASE
from guardian.core.model import Balance, Known
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import BTC, ETH, Desk, at, money, order, position, read, rule, rung

SOL = "SOL/USDT:USDT"


def holding(*legs: Any) -> AccountState:
    desk = Desk().warm()
    desk.see(read(0, legs))
    return desk.account


BOOK = holding(position(BTC, 1, 1000), position(ETH, -5, 100), position(SOL, 20, 10))


def by_slice(scope: str, *only: str) -> dict[str, float]:
    own = rule(rung(1.0, "halt"), metric="gross_exposure", scope=scope, only=only)
    found = {}
    for symbols, part in slices(BOOK, own):
        measured = GROSS.measure(View(part, own, blank(own), at(0)))
        assert isinstance(measured, Known)
        found["+".join(s.split("/")[0] for s in symbols)] = round(measured.value, 6)
    return found


def test_each_symbol_is_a_multiple_of_the_equity_of_the_whole_account():
    assert {"BTC": 1.0, "ETH": 0.5, "SOL": 0.2} == by_slice("symbol")


@pytest.mark.parametrize("name", ["ETH", ETH])
def test_a_rule_may_name_its_symbols_by_market_or_by_asset(name: str):
    assert {"ETH": 0.5} == by_slice("symbol", name)


def test_without_known_correlations_everything_is_one_cluster():
    assert {"BTC+ETH+SOL": 1.7} == by_slice("cluster")


def test_without_positions_there_is_no_slice():
    own = rule(rung(1.0, "halt"), metric="gross_exposure", scope="symbol")

    assert () == slices(holding(), own)


# --- coins of the wallet ------------------------------------------------------------------------------


def with_coins(legs: tuple[Any, ...] = (), orders: tuple[Any, ...] = (), **coins: float) -> AccountState:
    """An equity of 1000: coins worth so many hundreds each, at 100, and the rest in USDT."""
    seen = read(0, legs, orders)
    assert seen.wallet is not None
    cash = money(1000 - 100 * sum(coins.values()))
    held = (Balance(coin, money(quantity), money(100)) for coin, quantity in coins.items())
    whole = replace(seen.wallet, balances=(Balance("USDT", cash, money(1)), *held))
    desk = Desk().warm()
    desk.see(replace(seen, wallet=whole))
    return desk.account


def measured(account: AccountState, metric: Metric = GROSS, **about: Any) -> dict[tuple[str, ...], float]:
    own = rule(rung(1.0, "halt"), metric=metric.name, **{"scope": "symbol", **about})
    found = {}
    for symbols, part in slices(account, own):
        value = metric.measure(View(part, own, blank(own), at(0)))
        assert isinstance(value, Known)
        found[symbols] = round(value.value, 6)
    return found


def test_coins_without_a_contract_are_a_slice_named_by_the_markets_that_buy_more_of_them():
    account = with_coins(BTC=3, ETH=5)

    assert {
        ("BTC/USDT", "BTC/USDT:USDT"): 0.3,
        ("ETH/USDT", "ETH/USDT:USDT"): 0.5,
    } == measured(account)


def test_the_reporting_currency_is_no_slice():
    assert {} == measured(with_coins())


def test_a_contract_is_netted_with_the_coins_of_its_asset_and_stops_their_spot_market_too():
    account = with_coins((position(BTC, -4, 100),), BTC=5)

    assert {("BTC/USDT", BTC): 0.1} == measured(account)


def test_an_order_alone_does_not_hide_coins_that_have_none():
    account = with_coins(orders=(order(symbol="XRP/USDT:USDT"),), BTC=9.5)

    assert {("BTC/USDT", BTC): 0.95, ("XRP/USDT:USDT",): 0.0} == measured(account)


def test_spot_orders_are_those_of_the_coins_also_beside_a_contract():
    bid = order(symbol="BTC/USDC", remaining=money(1), price=money(100))
    account, alone = with_coins((position(BTC, 1, 100),), (bid,), BTC=3), with_coins(orders=(bid,), BTC=3)

    assert {("BTC/USDC", "BTC/USDT", BTC): 0.5} == measured(account, WORST_CASE)
    assert {("BTC/USDC", "BTC/USDT", BTC): 0.4} == measured(alone, WORST_CASE)


@pytest.mark.parametrize("name", ["BTC", "BTC/USDT", BTC])
def test_a_rule_may_name_coins_by_asset_or_market(name: str):
    assert [("BTC/USDT", BTC)] == list(measured(with_coins(BTC=3, ETH=5), only=(name,)))


def test_coins_whose_price_is_not_followed_count_in_every_cluster():
    account = with_coins((position(BTC, 1, 100), position(ETH, 2, 100)), SOL=3)
    assert {("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT", SOL): 0.6} == measured(account, scope="cluster")

    known = replace(account, correlations=Correlations(0, clusters=(("BTC",), ("ETH",))))
    assert {
        (BTC, "SOL/USDT", SOL): 0.4,
        (ETH, "SOL/USDT", SOL): 0.5,
    } == measured(known, scope="cluster")


def test_what_a_leg_settles_in_keeps_its_price_and_is_no_part_of_its_slice():
    """0.5 ETH at 0.1 BTC each, with a BTC at 100: five, and not five hundredths."""
    crossed = position("ETH/BTC:BTC", "0.5", "0.1", settle="BTC")

    assert {
        ("BTC/USDT", BTC): 0.2,
        ("ETH/BTC:BTC",): 0.005,
    } == measured(with_coins((crossed,), BTC=2))


def test_of_one_market_the_part_is_the_whole():
    alone = holding(position(BTC, 1, 1000))

    assert alone is sliced(alone, (BTC,))
    assert () == sliced(alone, ()).evidence.positions
    assert BOOK != sliced(BOOK, (BTC,))


def test_what_is_another_asset_s_makes_a_cut():
    alone = holding(position(BTC, 1, 1000))
    known = alone.evidence.wallet
    assert known is not None
    coins = replace(known, balances=(*known.balances, Balance("ETH", money(2), money(90))))
    account = replace(alone, evidence=replace(alone.evidence, wallet=coins))

    part = sliced(account, (BTC,)).evidence.wallet

    assert part is not None
    assert known.balances == part.balances
