"""Rules of each symbol on coins of the wallet: each asset by itself, and only its own markets are halted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.breaker import permit_of
from guardian.core.model import Balance, Known, Level, Part, Snapshot, Unknown
from tests.core.build import BTC, ETH, Desk, kinds, money, order, position, read, rule, rung, without

SPOT, INVERSE = "BTC/USDT", "BTC/USD:BTC"
SIZE = rule(
    rung(0.5, "caution"),
    rung(0.75, "halt"),
    rung(1.0, "reduce", to=0.5),
    id="size",
    metric="gross_exposure",
    scope="symbol",
)


def coins(second: float, *legs: Any, orders: tuple[Any, ...] = (), **worth: float) -> Snapshot:
    """An equity of 1000 at cost, of which so much is in coins at 100 each."""
    seen = read(second, legs, orders)
    assert seen.wallet is not None
    cash = money(1000 - sum(worth.values()))
    held = (Balance(coin, money(amount) / 100, money(100)) for coin, amount in worth.items())
    return replace(seen, wallet=replace(seen.wallet, balances=(Balance("USDT", cash, money(1)), *held)))


def desk_of(*legs: Any, orders: tuple[Any, ...] = (), **worth: float) -> Desk:
    desk = Desk(SIZE)
    for second in range(-10, 1):
        desk.see(coins(second, *legs, orders=orders, **worth))
    return desk


def test_three_coins_of_a_third_each_are_none_too_large():
    desk = desk_of(BTC=300, ETH=300, SOL=300)

    own = desk.account.rule("size")
    assert own is not None
    assert Known(pytest.approx(0.3)) == own.measured
    assert Level.NORMAL is desk.level


def test_a_coin_that_is_too_large_halts_its_own_markets_whatever_else_rests():
    other = order(id="x", symbol="XRP/USDT:USDT", remaining=money(1), price=money(1))
    desk = desk_of(orders=(other,), BTC=950)

    assert Level.HALT is desk.level
    assert (SPOT, BTC) == desk.incident.only
    assert ("normal", 0.5, (SPOT, BTC)) == permit_of(desk.account)
    assert [] == kinds(desk.effects, "cancel_order")


@pytest.mark.parametrize("symbol", [SPOT, BTC, INVERSE])
def test_an_order_in_any_market_of_a_halted_coin_is_new_risk(symbol: str):
    desk = desk_of(BTC=950)
    desk.see(coins(1, orders=(order(id="b", symbol=symbol), order(id="e", symbol=ETH)), BTC=950))

    assert ["b"] == [cancel.order_id for cancel in kinds(desk.effects, "cancel_order")]
    assert symbol in desk.incident.only


def test_a_coin_that_a_contract_hedges_is_no_exposure():
    desk = desk_of(position(BTC, "-9.5", 100), BTC=950)

    assert Level.NORMAL is desk.level


def test_a_coin_that_is_to_be_reduced_touches_no_position_of_another_asset():
    """Coins are kept: all that can be done for them is that no more are bought."""
    desk = desk_of(position(ETH, 1, 100), BTC=1100)

    assert Level.REDUCE is desk.level
    assert (SPOT, BTC) == desk.incident.only
    assert [] == kinds(desk.effects, "close_position")


def test_a_rule_about_another_asset_does_not_look_at_a_coin():
    desk = Desk(replace(SIZE, only=("ETH",)))
    for second in range(-10, 1):
        desk.see(coins(second, BTC=950))

    own = desk.account.rule("size")
    assert own is not None
    assert Known(0.0) == own.measured
    assert Level.NORMAL is desk.level


def test_coins_that_are_not_read_are_not_within_a_limit():
    desk = desk_of(BTC=300)
    for second in range(1, 30):
        desk.see(without(coins(second, BTC=300), Part.WALLET))

    own = desk.account.rule("size")
    assert own is not None
    assert isinstance(own.measured, Unknown)
    assert own.stale
