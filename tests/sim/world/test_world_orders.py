"""The world's rules for orders, on tables: reduce-only, splits, triggers, margin, liquidation."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from guardian.sim.world.engine import World
from guardian.sim.world.orders import Kind, OrderRequest, Refusal, Refused, Side, Status, TimeInForce

NOW = 1_763_719_200_000
D = Decimal


@pytest.fixture
def world():
    return World(random.Random(1))


@pytest.fixture
def account(world):
    account = world.add_account("sub", world.add_account("master"))
    world.transfer(account, D(100_000), NOW)
    return account


def market(side: Side, qty: str, **more) -> OrderRequest:
    return OrderRequest(symbol="BTCUSDT", side=side, kind=Kind.MARKET, qty=D(qty), **more)


def limit(side: Side, qty: str, price: str, **more) -> OrderRequest:
    return OrderRequest(symbol="BTCUSDT", side=side, kind=Kind.LIMIT, qty=D(qty), price=D(price), **more)


def refused(world, account, request) -> Refusal:
    with pytest.raises(Refused) as caught:
        world.place(account, request, NOW)
    return caught.value.reason


def test_a_market_order_pays_the_spread_and_the_taker_fee(world, account):
    order = world.place(account, market(Side.BUY, "1"), NOW)

    ask = D("42854.30")
    assert (order.status, order.average) == (Status.FILLED, ask)
    assert account.cash == D(100_000) - ask * D("0.00055")


def test_a_large_market_order_slips_and_then_stops_at_its_protection(world, account):
    """Finite depth: what the book within 3 % cannot give is cancelled, not filled at any price."""
    world.transfer(account, D(100_000_000), NOW)
    world.markets["BTCUSDT"].level_notional = D(1000)

    order = world.place(account, market(Side.BUY, "100"), NOW)

    assert order.status is Status.CANCELLED
    assert D(1) < order.filled < D(2)
    assert order.average > world.markets["BTCUSDT"].best(Side.BUY)
    assert max(e.price for e in account.executions) <= D(42850) * D("1.03")


def test_depth_comes_back_with_time(world, account):
    world.markets["BTCUSDT"].level_notional = D(1000)
    world.place(account, market(Side.BUY, "0.5"), NOW)

    at_once = world.place(account, market(Side.BUY, "0.02"), NOW).average
    later = world.place(account, market(Side.BUY, "0.02"), NOW + 5000).average

    assert at_once > later == world.markets["BTCUSDT"].best(Side.BUY)


@pytest.mark.parametrize(
    ("held", "qty", "left"),
    [("1", "0.4", "0.6"), ("1", "5", "0"), ("-1", "5", "0"), ("-1", "0.1", "-0.9")],
)
def test_reduce_only_shrinks_to_the_position(world, account, held, qty, left):
    side = Side.SELL if D(held) > 0 else Side.BUY
    world.place(account, market(side.opposite, str(abs(D(held)))), NOW)

    world.place(account, market(side, qty, reduce_only=True), NOW)

    assert account.size("BTCUSDT") == D(left)
    assert account.sign_flips == 0


@pytest.mark.parametrize("held", ["0", "1"])
def test_reduce_only_is_refused_when_there_is_nothing_on_that_side(world, account, held):
    if D(held):
        world.place(account, market(Side.BUY, held), NOW)

    assert refused(world, account, market(Side.BUY, "1", reduce_only=True)) is Refusal.NOTHING_TO_REDUCE


def test_without_reduce_only_an_order_may_flip_and_that_is_counted(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)

    world.place(account, market(Side.SELL, "1.5"), NOW)

    assert account.size("BTCUSDT") == D("-0.5")
    assert account.sign_flips == 1


def test_closing_and_opening_with_two_orders_is_no_flip(world, account):
    for side, qty in ((Side.BUY, "1"), (Side.SELL, "1"), (Side.SELL, "1")):
        world.place(account, market(side, qty), NOW)

    assert account.sign_flips == 0


def test_quantity_zero_closes_up_to_the_largest_market_order(world, account):
    world.transfer(account, D(10_000_000), NOW)
    world.instruments["BTCUSDT"] = small = replace(world.instruments["BTCUSDT"], max_market_qty=D("0.5"))
    for _ in range(3):
        world.place(account, market(Side.BUY, "0.5"), NOW)
    world.markets["BTCUSDT"].instrument = small

    order = world.place(account, market(Side.SELL, "0", reduce_only=True, close_on_trigger=True), NOW)

    assert (order.filled, account.size("BTCUSDT")) == (D("0.5"), D("1.0"))


def test_reduce_only_above_the_maximum_is_split_by_the_venue(world, account):
    for _ in range(3):
        world.place(account, market(Side.BUY, "0.5"), NOW)
    world.markets["BTCUSDT"].instrument = replace(world.instruments["BTCUSDT"], max_market_qty=D("0.4"))
    before = len(account.orders)

    first = world.place(account, market(Side.SELL, "1.5", reduce_only=True, link_id="one"), NOW)

    parts = [o.qty for o in account.orders.values()][before:]
    assert parts == [D("0.4"), D("0.4"), D("0.4"), D("0.3")]
    assert (first.link_id, account.size("BTCUSDT")) == ("one", D(0))
    assert refused(world, account, market(Side.BUY, "0.5")) is Refusal.QTY_TOO_LARGE


def test_resting_reduce_only_orders_never_exceed_the_position(world, account):
    """The one furthest from the market gives way first."""
    world.place(account, market(Side.BUY, "1"), NOW)
    far = world.place(account, limit(Side.SELL, "1", "46000", reduce_only=True), NOW)
    near = world.place(account, limit(Side.SELL, "0.7", "44000", reduce_only=True), NOW)
    assert (near.leaves, far.leaves) == (D("0.7"), D("0.3"))

    world.place(account, market(Side.SELL, "1", reduce_only=True), NOW)

    assert (near.is_open, far.is_open) == (False, False)


@pytest.mark.parametrize(
    ("tif", "price", "status"),
    [
        (TimeInForce.GTC, "42000", Status.NEW),
        (TimeInForce.GTC, "43500", Status.FILLED),
        (TimeInForce.IOC, "42000", Status.CANCELLED),
        (TimeInForce.IOC, "43500", Status.FILLED),
        (TimeInForce.FOK, "43500", Status.FILLED),
        (TimeInForce.POST_ONLY, "43500", Status.CANCELLED),
        (TimeInForce.POST_ONLY, "42000", Status.NEW),
    ],
)
def test_time_in_force(world, account, tif, price, status):
    order = world.place(account, limit(Side.BUY, "1", price, tif=tif), NOW)

    assert (order.status, order.filled) == (status, D(1) if status is Status.FILLED else D(0))


def test_a_fill_or_kill_that_cannot_fill_kills(world, account):
    world.markets["BTCUSDT"].level_notional = D(1000)

    order = world.place(account, limit(Side.BUY, "1", "42900", tif=TimeInForce.FOK), NOW)

    assert (order.status, order.filled) == (Status.CANCELLED, D(0))


def test_a_resting_order_fills_as_maker_at_its_own_price(world, account):
    order = world.place(account, limit(Side.BUY, "1", "40000"), NOW)

    world.set_prices({"BTCUSDT": D(39000)}, NOW + 1)

    assert (order.status, order.average) == (Status.FILLED, D(40000))
    assert account.executions[-1].maker
    assert account.executions[-1].fee == D(40000) * D("0.0002")


def test_a_conditional_order_holds_no_margin_and_fires_once_at_its_trigger(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)
    stop = market(Side.SELL, "1", reduce_only=True, trigger=D(40000), rises=False)
    order = world.place(account, stop, NOW)
    assert world.margin(account).order_im == 0

    world.set_prices({"BTCUSDT": D(40001)}, NOW + 1)
    waiting = order.status
    world.set_prices({"BTCUSDT": D(39500)}, NOW + 2)

    assert (waiting, order.status) == (Status.UNTRIGGERED, Status.FILLED)
    assert account.size("BTCUSDT") == 0


def test_a_stop_left_behind_by_its_position_cannot_open_one(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)
    stop = market(Side.SELL, "1", reduce_only=True, trigger=D(40000), rises=False)
    order = world.place(account, stop, NOW)
    world.place(account, market(Side.SELL, "1", reduce_only=True), NOW)

    world.set_prices({"BTCUSDT": D(39000)}, NOW + 1)

    assert (order.status, account.size("BTCUSDT")) == (Status.CANCELLED, D(0))


def test_a_stop_attached_to_a_position_goes_with_it(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)
    world.attach_stop(account, "BTCUSDT", 0, {"StopLoss": D(40000)}, NOW)
    assert [o.stop_kind for o in account.open_orders.values()] == ["StopLoss"]

    world.place(account, market(Side.SELL, "1", reduce_only=True), NOW)

    assert account.open_orders == {}


def test_an_attached_stop_closes_whatever_the_position_is_by_then(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)
    world.attach_stop(account, "BTCUSDT", 0, {"StopLoss": D(40000)}, NOW)
    world.place(account, market(Side.BUY, "0.5"), NOW)

    world.set_prices({"BTCUSDT": D(39900)}, NOW + 1)

    assert account.size("BTCUSDT") == 0


def test_margin_refuses_what_equity_cannot_carry(world, account):
    """100,000 USDT at 10x carries about 23 BTC at 42,850."""
    assert refused(world, account, market(Side.BUY, "25")) is Refusal.NO_FUNDS

    world.place(account, market(Side.BUY, "20"), NOW)
    assert refused(world, account, market(Side.BUY, "5")) is Refusal.NO_FUNDS
    assert world.place(account, market(Side.SELL, "20"), NOW).status is Status.FILLED


def test_amending_does_not_count_an_orders_own_margin_twice(world, account):
    order = world.place(account, limit(Side.BUY, "15", "40000"), NOW)

    world.amend(account, order, {"qty": D(16)}, NOW)

    assert order.qty == 16
    with pytest.raises(Refused):
        world.amend(account, order, {"qty": D(30)}, NOW)
    assert order.qty == 16


def test_liquidation_takes_everything_and_the_ledger_explains_it(world, account):
    world.place(account, market(Side.BUY, "20"), NOW)
    world.place(account, limit(Side.BUY, "0.1", "30000"), NOW)

    world.set_prices({"BTCUSDT": D(36000)}, NOW + 1)

    assert account.open_legs() == []
    assert account.open_orders == {}
    assert account.cash == sum(row.change for row in account.ledger) == 0


def test_funding_is_paid_by_longs_and_received_by_shorts(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)
    before = account.cash

    world.settle_funding("BTCUSDT", D("0.0001"), NOW)

    row = account.ledger[-1]
    assert (row.type, row.change) == ("SETTLEMENT", D("-4.285"))
    assert account.cash == before - D("4.285")


def test_hedge_mode_keeps_two_legs_and_their_closing_side_cannot_open(world, account):
    world.switch_mode(account, "BTCUSDT", hedge=True)
    world.place(account, market(Side.BUY, "1", index=1), NOW)
    world.place(account, market(Side.SELL, "2", index=2), NOW)

    world.place(account, market(Side.SELL, "3", index=1), NOW)

    assert (account.size("BTCUSDT", 1), account.size("BTCUSDT", 2)) == (D(0), D(-2))
    assert refused(world, account, market(Side.SELL, "1", index=1)) is Refusal.NOTHING_TO_REDUCE
    assert refused(world, account, market(Side.BUY, "1")) is Refusal.INDEX_MISMATCH


def test_the_mode_cannot_be_switched_under_a_position(world, account):
    world.place(account, market(Side.BUY, "1"), NOW)

    with pytest.raises(Refused) as caught:
        world.switch_mode(account, None, hedge=True)

    assert caught.value.reason is Refusal.HAS_POSITION


def test_a_withdrawal_beyond_what_is_free_is_refused(world, account):
    world.place(account, market(Side.BUY, "10"), NOW)

    with pytest.raises(Refused):
        world.transfer(account, D(-90_000), NOW)
