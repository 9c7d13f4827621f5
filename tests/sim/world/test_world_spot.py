"""Coins for cash: two balances, two rows of the ledger, and no position. Amounts are worked out by hand."""

from __future__ import annotations

import pytest

from guardian.sim.world import spot
from guardian.sim.world.account import Account
from guardian.sim.world.engine import World
from guardian.sim.world.orders import Refusal, Refused, Side
from tests.sim.world.worlds import NOW, D, bitcoin_world, block, funded, ledger_sums


@pytest.fixture
def world() -> World:
    return bitcoin_world()


@pytest.fixture
def account(world: World) -> Account:
    return funded(world)


def test_coins_cost_cash_and_a_thousandth_of_them_is_the_fee(world: World, account: Account) -> None:
    before = world.margin(account).equity
    row = spot.trade(world, account, "BTC", D(20_000), NOW)

    assert account.cash == 80_000
    assert account.balance("BTC") == D("0.4995")
    assert (row.symbol, row.side, row.qty, row.price) == ("BTCUSDT", Side.BUY, D("0.5"), 40_000)
    assert (row.fee, row.currency, row.spot) == (D("0.0005"), "BTC", True)
    assert world.margin(account).equity == before - 20
    assert account.open_legs() == []


def test_coins_are_sold_for_cash(world: World, account: Account) -> None:
    spot.trade(world, account, "BTC", D(20_000), NOW)
    row = spot.trade(world, account, "BTC", D(-10_000), NOW)

    assert (account.balance("BTC"), account.cash) == (D("0.2495"), 89_990)
    assert (row.side, row.fee, row.currency) == (Side.SELL, 10, "USDT")


def test_the_ledger_explains_every_balance(world: World, account: Account) -> None:
    spot.trade(world, account, "BTC", D(20_000), NOW)
    spot.trade(world, account, "BTC", D(-3_333), NOW)

    assert ledger_sums(account) == account.balances
    assert [row.type for row in account.ledger[-4:]] == ["TRADE"] * 4


@pytest.mark.parametrize(("coin", "worth"), [("BTC", 100_001), ("BTC", -1), ("NOCOIN", 5), ("BTC", 0)])
def test_what_is_not_there_is_not_traded(world: World, account: Account, coin: str, worth: int) -> None:
    with pytest.raises(Refused) as refused:
        spot.trade(world, account, coin, D(worth), NOW)

    assert refused.value.reason is Refusal.NO_FUNDS


def test_what_positions_need_is_not_free(world: World, account: Account) -> None:
    account.leverage["BTCUSDT"] = D(2)
    world.take_over(account, block("BTCUSDT", "4"), NOW)

    with pytest.raises(Refused):
        spot.trade(world, account, "ETH", D(30_000), NOW)
