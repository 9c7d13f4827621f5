"""Legs that the venue takes: liquidation and deleveraging of one leg, and what a liquidated account owes.

Amounts are worked out by hand, next to each assertion.
"""

from __future__ import annotations

import pytest

from guardian.sim.world.orders import Kind, OrderRequest, Refusal, Refused, Side
from guardian.sim.world.takeover import Taken, bankruptcy_price
from tests.sim.world.worlds import NOW, D, bitcoin_world, block, funded, ledger_sums


@pytest.fixture
def world():
    return bitcoin_world()


@pytest.fixture
def account(world):
    return funded(world)


@pytest.fixture
def hedge(world, account):
    """Long 1 BTC and short 10 ETH at the marks, ten times leveraged, each with a resting exit."""
    world.set_prices({"ETHUSDT": D(4_000)}, NOW)
    world.take_over(account, block("BTCUSDT", "1"), NOW)
    world.take_over(account, block("ETHUSDT", "-10"), NOW)
    for symbol, side, price in (("BTCUSDT", Side.SELL, 44_000), ("ETHUSDT", Side.BUY, 3_600)):
        qty = abs(account.size(symbol))
        world.place(
            account,
            OrderRequest(
                symbol=symbol, side=side, kind=Kind.LIMIT, qty=qty, price=D(price), reduce_only=True
            ),
            NOW,
        )
    return account


def test_one_leg_is_liquidated_at_its_bankruptcy_price_and_the_other_stays(world, hedge):
    """Ten times leveraged from 40,000: bankrupt at 36,000, which loses 4,000 and the fee of 36,000."""
    before = hedge.cash
    price = bankruptcy_price(hedge, hedge.leg("BTCUSDT", 0), world.markets)
    order = world.take_over(hedge, Taken(symbol="BTCUSDT", index=0, origin="liquidation", price=price), NOW)

    assert price == D(36_000)
    assert hedge.cash == before - 4_000 - D(36_000) * D("0.00055")
    assert [leg.symbol for leg in hedge.open_legs()] == ["ETHUSDT"]
    assert [o.symbol for o in hedge.open_orders.values()] == ["ETHUSDT"]
    assert (hedge.ledger[-1].type, hedge.executions[-1].kind) == ("LIQUIDATION", "BustTrade")
    assert (order.key_id, order.link_id) == ("", "")


def test_deleveraging_takes_part_of_a_leg_and_trims_its_resting_exit(world, hedge):
    taken = Taken(symbol="ETHUSDT", index=0, origin="adl", signed_qty=D(6))
    world.take_over(hedge, taken, NOW)

    (exit_order,) = [o for o in hedge.open_orders.values() if o.symbol == "ETHUSDT"]
    assert hedge.size("ETHUSDT") == -4
    assert exit_order.leaves == 4
    assert (hedge.ledger[-1].type, hedge.executions[-1].kind) == ("ADL", "AdlTrade")


@pytest.mark.parametrize("qty", ["0.5", "-1.5"])
@pytest.mark.parametrize("origin", ["liquidation", "adl"])
def test_the_venue_never_takes_a_leg_through_zero_or_grows_it(world, hedge, origin, qty):
    with pytest.raises(Refused) as caught:
        world.take_over(hedge, Taken(symbol="BTCUSDT", index=0, origin=origin, signed_qty=D(qty)), NOW)

    assert caught.value.reason is Refusal.NOTHING_TO_REDUCE
    assert hedge.size("BTCUSDT") == 1


def test_bankruptcy_of_an_inverse_leg_is_where_its_coins_are_gone(world, account):
    """Long 10,000 at 40,000, ten times: 0.025 BTC of margin; 10,000 (1/p - 1/40,000) = 0.025 at 36,363.6."""
    world.transfer(account, D(1), NOW, "BTC")
    world.take_over(account, block("BTCUSD", "10000", "40000"), NOW)

    assert bankruptcy_price(account, account.leg("BTCUSD", 0), world.markets) == D("36363.6")


def test_what_a_liquidated_account_owes_is_paid_with_its_coins_first(world):
    """Owing dollars while it holds bitcoin, an account ends with the rest of the coin and no gift."""
    account = world.add_account("collateral")
    world.transfer(account, D("1"), NOW, "BTC")
    world.take_over(account, block("ETHUSDT", "-100", "3000"), NOW)

    world.set_prices({"ETHUSDT": D("3380")}, NOW)

    fees = D(300_000) * D("0.00055") + D(338_000) * D("0.00055")
    assert account.open_legs() == []
    assert account.cash == 0
    assert abs(account.balance("BTC") * 40_000 - (D(40_000) - D(38_000) - fees)) < D("0.001")
    assert ledger_sums(account) == account.balances


def test_what_no_coin_covers_is_made_up_by_insurance(world, account):
    world.transfer(account, D("0.1"), NOW, "BTC")
    world.take_over(account, block("ETHUSDT", "-1000", "3000"), NOW)

    world.set_prices({"ETHUSDT": D("3380")}, NOW)

    assert (account.cash, account.balance("BTC")) == (D(0), D(0))
    assert world.margin(account).equity == 0
    assert ledger_sums(account) == account.balances
    assert [row.type for row in account.ledger[-3:]] == ["CURRENCY_SELL", "CURRENCY_BUY", "LIQUIDATION"]
