"""Accounts beyond one linear book: coin-margined legs, holdings, dust, depth, money in flight.

Amounts are worked out by hand, next to each assertion.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.sim.world.flows import Transit
from guardian.sim.world.margin import coin_margins, leg_value, liquidation_price, open_pnl
from guardian.sim.world.orders import Kind, OrderRequest, Refusal, Refused, Side, Status, TimeInForce
from tests.sim.world.worlds import NOW, D, bitcoin_world, block, funded, ledger_sums


@pytest.fixture
def world():
    return bitcoin_world()


@pytest.fixture
def account(world):
    return funded(world)


# --- inverse contracts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contracts", "mark", "gained"),
    [
        ("10000", "50000", "0.05"),  # 10,000 x (1/40,000 - 1/50,000) = 0.25 - 0.20
        ("10000", "32000", "-0.0625"),  # 0.25 - 0.3125
        ("-10000", "50000", "-0.05"),
        ("-10000", "32000", "0.0625"),
    ],
)
def test_an_inverse_leg_gains_in_its_coin(world, account, contracts, mark, gained):
    world.transfer(account, D(1), NOW, "BTC")
    world.take_over(account, block("BTCUSD", contracts, "40000"), NOW)

    world.set_prices({"BTCUSDT": D(mark)}, NOW + 1000)

    (leg,) = account.open_legs()
    assert open_pnl(leg, world.markets) == D(gained)
    assert leg_value(leg, world.markets) == D(10_000) / D(mark)


def test_an_inverse_leg_averages_its_entry_in_coins(world, account):
    """10,000 at 40,000 owe 0.25 BTC and 10,000 at 50,000 owe 0.20: together 20,000 / 0.45."""
    world.transfer(account, D(1), NOW, "BTC")
    world.take_over(account, block("BTCUSD", "10000", "40000"), NOW)
    world.take_over(account, block("BTCUSD", "10000", "50000"), NOW)

    (leg,) = account.open_legs()
    assert leg.entry == D(20_000) / D("0.45")
    assert round(leg.entry, 2) == D("44444.44")


def test_closing_an_inverse_leg_books_gain_and_fee_in_its_coin(world, account):
    world.transfer(account, D(1), NOW, "BTC")
    world.take_over(account, block("BTCUSD", "10000", "40000"), NOW)
    order = world.take_over(account, block("BTCUSD", "-10000", "50000"), NOW)

    fees = D("0.25") * D("0.00055") + D("0.20") * D("0.00055")
    assert account.balance("BTC") == D(1) + D("0.05") - fees.quantize(D("1e-8"))
    assert account.cash == D(100_000)
    assert order.average == D(50_000)
    assert ledger_sums(account) == account.balances


def test_an_inverse_market_order_walks_a_book_of_dollars(world, account):
    world.transfer(account, D(1), NOW, "BTC")
    request = OrderRequest(symbol="BTCUSD", side=Side.BUY, kind=Kind.MARKET, qty=D(20_000))

    order = world.place(account, request, NOW)

    assert order.status is Status.FILLED
    assert account.size("BTCUSD") == 20_000
    assert order.average == world.markets["BTCUSD"].best(Side.BUY)


def test_equity_counts_coins_and_what_inverse_legs_gained_at_the_coins_price(world, account):
    """100,000 USDT + (1 BTC - fee + 0.05 BTC) x 50,000."""
    world.transfer(account, D(1), NOW, "BTC")
    world.take_over(account, block("BTCUSD", "10000", "40000"), NOW)

    world.set_prices({"BTCUSDT": D(50_000)}, NOW + 1000)

    fee = D("0.25") * D("0.00055")
    assert world.margin(account).equity == D(100_000) + (1 - fee + D("0.05")) * 50_000
    assert coin_margins(account, world.markets)["BTC"].open_pnl == D("0.05")


def test_an_inverse_market_follows_the_linear_one_unless_it_is_told_its_own_price(world):
    world.set_prices({"BTCUSDT": D(30_000)}, NOW)
    followed = world.markets["BTCUSD"].mark
    world.set_prices({"BTCUSDT": D(31_000), "BTCUSD": D(30_900)}, NOW)

    assert (followed, world.markets["BTCUSD"].mark) == (D(30_000), D(30_900))


def test_longs_of_an_inverse_contract_pay_funding_in_coins(world, account):
    world.transfer(account, D(1), NOW, "BTC")
    world.take_over(account, block("BTCUSD", "10000", "40000"), NOW)
    before = account.balance("BTC")

    world.settle_funding("BTCUSD", D("0.0001"), NOW)

    assert account.balance("BTC") == before - D("0.25") * D("0.0001")


# --- holdings, transfers ------------------------------------------------------------------------


def test_a_holding_moves_equity_with_its_market_and_can_be_withdrawn(world, account):
    world.transfer(account, D(2), NOW, "BTC")
    held = world.margin(account).equity
    world.set_prices({"BTCUSDT": D(35_000)}, NOW)
    fallen = world.margin(account).equity
    world.transfer(account, D("-0.5"), NOW, "BTC")

    assert (held, fallen) == (D(180_000), D(170_000))
    assert world.margin(account).equity == D(152_500)
    assert ledger_sums(account) == {"USDT": D(100_000), "BTC": D("1.5")}


@pytest.mark.parametrize(
    ("amount", "coin", "reason"),
    [
        ("-0.1", "ETH", Refusal.NO_FUNDS),
        ("1", "NOSUCH", Refusal.UNKNOWN_COIN),
        ("-100001", "USDT", Refusal.NO_FUNDS),
    ],
)
def test_what_is_not_there_cannot_be_transferred(world, account, amount, coin, reason):
    with pytest.raises(Refused) as caught:
        world.transfer(account, D(amount), NOW, coin)

    assert caught.value.reason is reason
    assert ledger_sums(account) == {"USDT": D(100_000)}


def test_money_in_flight_has_left_one_account_and_not_reached_the_other(world, account):
    other = world.add_account("other")
    world.send(Transit(source=account.uid, target=other.uid, amount=D(30_000), due=NOW + 5000), NOW)
    world.land(NOW + 4999)
    on_the_way = (account.cash, other.cash, len(world.transits))
    landed = world.land(NOW + 5000)

    assert on_the_way == (D(70_000), D(0), 1)
    assert (account.cash, other.cash, len(landed), world.transits) == (D(70_000), D(30_000), 1, [])
    assert [row.type for row in (account.ledger[-1], other.ledger[-1])] == ["TRANSFER_OUT", "TRANSFER_IN"]


def test_a_transfer_without_a_due_time_waits_until_it_gets_one(world, account):
    other = world.add_account("other")
    transit = world.send(Transit(source=account.uid, target=other.uid, amount=D(1), due=None), NOW)
    world.set_prices({"BTCUSDT": D(41_000)}, NOW + 86_400_000)
    waited = other.cash
    transit.due = NOW
    world.set_prices({"BTCUSDT": D(41_000)}, NOW + 86_400_001)

    assert (waited, other.cash) == (D(0), D(1))


# --- sizes, depth -------------------------------------------------------------------------------


def test_a_leg_below_the_smallest_order_closes_whole_or_not_at_all(world, account):
    world.take_over(account, block("BTCUSDT", "0.0004"), NOW)
    close = OrderRequest(
        symbol="BTCUSDT", side=Side.SELL, kind=Kind.MARKET, qty=D(0), reduce_only=True, close_on_trigger=True
    )
    world.markets["BTCUSDT"].closes_dust = False
    with pytest.raises(Refused) as caught:
        world.place(account, close, NOW)
    world.markets["BTCUSDT"].closes_dust = True
    world.place(account, close, NOW)

    assert caught.value.reason is Refusal.QTY_TOO_SMALL
    assert account.open_legs() == []


def test_a_leg_above_the_largest_order_is_closed_in_parts(world, account):
    world.transfer(account, D(10_000_000), NOW)
    most = world.instruments["BTCUSDT"].max_market_qty
    world.take_over(account, block("BTCUSDT", str(most * 2)), NOW)
    close = OrderRequest(
        symbol="BTCUSDT", side=Side.SELL, kind=Kind.MARKET, qty=D(0), reduce_only=True, close_on_trigger=True
    )

    order = world.place(account, close, NOW)

    assert order.qty == most
    assert account.size("BTCUSDT") >= most


@pytest.mark.parametrize(("depth", "filled"), [(None, "0.5"), ("0.2", "0.2"), ("0", "0")])
def test_depth_limits_what_one_order_gets(world, account, depth, filled):
    """A close that fills in part, or not at all, is the venue's ordinary answer in a crash."""
    world.take_over(account, block("BTCUSDT", "0.5"), NOW)
    world.markets["BTCUSDT"].depth = D(depth) if depth is not None else None
    request = OrderRequest(
        symbol="BTCUSDT",
        side=Side.SELL,
        kind=Kind.LIMIT,
        qty=D("0.5"),
        price=D(39_500),
        tif=TimeInForce.IOC,
        reduce_only=True,
    )

    order = world.place(account, request, NOW)

    assert order.filled == D(filled)
    assert order.status is (Status.FILLED if depth is None else Status.CANCELLED)
    assert account.size("BTCUSDT") == D("0.5") - D(filled)


def test_a_resting_order_fills_no_faster_than_depth_allows(world, account):
    request = OrderRequest(symbol="BTCUSDT", side=Side.BUY, kind=Kind.LIMIT, qty=D("0.5"), price=D(38_000))
    order = world.place(account, request, NOW)
    world.markets["BTCUSDT"].depth = D("0.2")
    filled = []
    for _ in range(4):
        world.set_prices({"BTCUSDT": D(37_000)}, NOW)
        filled.append(order.filled)

    assert filled == [D("0.2"), D("0.4"), D("0.5"), D("0.5")]


# --- liquidation price, instruments ------------------------------------------------------------


@pytest.mark.parametrize("qty", ["200000", "-200000"])
def test_the_liquidation_price_of_an_inverse_leg_lies_on_its_losing_side(world, qty):
    account = world.add_account("coins")
    world.transfer(account, D("2"), NOW, "BTC")
    world.take_over(account, block("BTCUSD", qty), NOW)

    price = liquidation_price(account.leg("BTCUSD", 0), world.margin(account), world.markets)

    assert price is not None
    assert (price < 40_000) is (D(qty) > 0)
    # There the coins that the leg lost are all that the account had above its maintenance margin.
    margin = world.margin(account)
    lost = D(qty) / price - D(qty) / 40_000
    assert abs(lost * 40_000 - (margin.equity - margin.maintenance)) < 5


def test_an_instrument_swapped_for_another_is_what_counts(world, account):
    """Tests and faults change a market's instrument in place; nothing may keep the old one."""
    market = world.markets["BTCUSDT"]
    market.instrument = replace(market.instrument, min_qty=D("0.1"))

    with pytest.raises(Refused) as caught:
        world.place(
            account, OrderRequest(symbol="BTCUSDT", side=Side.BUY, kind=Kind.MARKET, qty=D("0.05")), NOW
        )

    assert caught.value.reason is Refusal.QTY_TOO_SMALL
