"""What every venue's history promises: each fill and each past order once, whoever made it, and no gap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.facts.activity import Activity
from guardian.exchanges import Heard
from guardian.ports import History
from guardian.sim.world.orders import Kind, Order, OrderRequest, Side, TimeInForce
from guardian.sim.world.takeover import Taken
from tests.contracts.beds import WIRE, Bed

Contract = Callable[[History, Bed], Awaitable[None]]

MOMENT = 0.005
ENOUGH = 0.3
"""Longer than a busy machine may err about the venue's clock."""


def trade(bed: Bed, side: Side = Side.BUY, qty: str = "0.010", **more: Any) -> Order:
    """An order of the bot's, at market unless more is said."""
    tenant, world = bed.venue.tenants[0], bed.venue.world
    asked = {"kind": Kind.MARKET, "key_id": tenant.keys["bot"].id} | more
    request = OrderRequest(symbol="BTCUSDT", side=side, qty=Decimal(qty), **asked)
    return world.place(tenant.account, request, bed.venue.clock())


def resting(bed: Bed, link: str) -> Order:
    market = bed.venue.world.markets["BTCUSDT"]
    price = market.instrument.round_price(market.mark * Decimal("0.7"))
    return trade(bed, kind=Kind.LIMIT, price=price, link_id=link)


def cancel(bed: Bed, order: Order) -> None:
    bed.venue.world.cancel(bed.venue.tenants[0].account, order, bed.venue.clock())


async def begun(history: History) -> None:
    """Watching has begun, and some time has passed since."""
    first = await history.recent()
    assert (first.fills, first.orders, first.problem) == ((), (), "")
    await asyncio.sleep(MOMENT)


async def what_was_before_is_no_news(history: History, bed: Bed) -> None:
    assert bed.venue.tenants[0].account.executions

    first, second = await history.recent(), await history.recent()

    assert (first.fills, first.orders, second.fills, second.orders) == ((), (), (), ())


async def a_fill_is_told_once_with_all_that_the_venue_says(history: History, bed: Bed) -> None:
    await begun(history)
    order = trade(bed, link_id="ft-now")
    execution = bed.venue.tenants[0].account.executions[-1]
    await asyncio.sleep(MOMENT)

    after, later = await history.recent(), await history.recent()

    (fill,) = after.fills or ()
    assert (fill.id, fill.symbol, fill.side) == (execution.id, "BTC/USDT:USDT", 1)
    assert (fill.quantity, fill.price, fill.fee) == (execution.qty, execution.price, execution.fee)
    assert (fill.fee_currency, fill.cause, fill.closed) == ("USDT", "trade", execution.closed)
    assert (fill.order_id, fill.client_id) == (order.id, "ft-now")
    assert (fill.contract_size, fill.inverse, fill.realised) == (Decimal(1), False, None)
    assert round(fill.at.timestamp() * 1000) == execution.at
    (past,) = after.orders or ()
    assert (past.id, past.client_id, past.status, past.filled) == (order.id, "ft-now", "filled", order.filled)
    assert (past.price, past.average, past.code) == (None, order.average, "")
    assert (later.fills, later.orders) == ((), ())


async def an_inverse_fill_counts_dollars_and_costs_coins(history: History, bed: Bed) -> None:
    bed.hold_inverse(500)
    await begun(history)
    world, tenant = bed.venue.world, bed.venue.tenants[0]
    request = OrderRequest(
        symbol="BTCUSD", side=Side.SELL, kind=Kind.MARKET, qty=Decimal(2_000), link_id="thief-1"
    )
    order = world.place(tenant.account, request, bed.venue.clock())
    execution = tenant.account.executions[-1]
    await asyncio.sleep(MOMENT)
    bed.venue.world.settle_funding("BTCUSD", Decimal("0.0001"), bed.venue.clock())

    after = bed.history(Heard(execution_at(execution.at), execution_at(execution.at)))
    told, again = await after.recent(), await after.recent()
    await after.close()

    (fill,) = (f for f in told.fills or () if f.id == execution.id)
    assert (fill.symbol, fill.inverse, fill.side, fill.quantity) == ("BTC/USD:BTC", True, -1, 2_000)
    assert (fill.closed, fill.worth, fill.contract_size) == (500, 2_000, 1)
    assert (fill.fee, fill.fee_currency) == (execution.fee, "BTC")
    assert fill.fee == pytest.approx(
        Decimal(2_000) / execution.price * Decimal("0.00055"), abs=Decimal("1e-8")
    )
    (past,) = (o for o in told.orders or () if o.id == order.id)
    assert (past.symbol, past.client_id, past.filled) == ("BTC/USD:BTC", "thief-1", 2_000)
    assert (again.fills, again.orders, told.problem) == ((), (), "")


def execution_at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


async def an_order_is_told_when_it_is_over(history: History, bed: Bed) -> None:
    await begun(history)
    order = resting(bed, "ft-waits")
    await asyncio.sleep(MOMENT)
    open_still = await history.recent()
    cancel(bed, order)
    await asyncio.sleep(MOMENT)

    after = await history.recent()

    assert open_still.orders == ()
    (past,) = after.orders or ()
    assert (past.client_id, past.status, past.filled, past.price) == ("ft-waits", "cancelled", 0, order.price)
    assert past.created_at < past.updated_at
    assert after.fills == ()


async def the_venues_reason_is_told(history: History, bed: Bed) -> None:
    await begun(history)
    ask = bed.venue.world.markets["BTCUSDT"].best(Side.BUY)
    trade(bed, kind=Kind.LIMIT, price=ask, tif=TimeInForce.POST_ONLY)
    await asyncio.sleep(MOMENT)

    (past,) = (await history.recent()).orders or ()

    assert (past.status, past.code) == ("cancelled", "EC_PostOnlyWillTakeLiquidity")


async def a_partly_filled_order_is_partly(history: History, bed: Bed) -> None:
    await begun(history)
    bed.venue.world.markets["BTCUSDT"].depth = Decimal("0.004")
    trade(bed, kind=Kind.MARKET)
    await asyncio.sleep(MOMENT)

    (past,) = (await history.recent()).orders or ()

    assert (past.status, past.filled, past.quantity) == ("partly", Decimal("0.004"), Decimal("0.010"))


async def what_the_venue_took_says_so(history: History, bed: Bed) -> None:
    await begun(history)
    account = bed.venue.tenants[0].account
    legs = account.open_legs()[:2]
    for leg, origin in zip(legs, ("liquidation", "adl"), strict=True):
        bed.venue.world.take_over(
            account, Taken(symbol=leg.symbol, index=0, origin=origin), bed.venue.clock()
        )
    await asyncio.sleep(MOMENT)

    fills = (await history.recent()).fills or ()

    assert {fill.cause for fill in fills} == {"liquidation", "adl"}
    assert all(fill.closed == fill.quantity for fill in fills)


async def funding_is_no_fill(history: History, bed: Bed) -> None:
    await begun(history)
    bed.venue.world.settle_funding("BTCUSDT", Decimal("0.0001"), bed.venue.clock())
    await asyncio.sleep(MOMENT)

    after = await history.recent()

    assert (after.fills, after.problem) == ((), "")


async def many_come_over_pages_in_order(history: History, bed: Bed) -> None:
    await begun(history)
    for _ in range(230):
        trade(bed, qty="0.001")
    await asyncio.sleep(MOMENT)

    after, later = await history.recent(), await history.recent()

    assert len({fill.id for fill in after.fills or ()}) == 230
    assert len({order.id for order in after.orders or ()}) == 230
    assert [f.at for f in after.fills or ()] == sorted(f.at for f in after.fills or ())
    assert (later.fills, later.orders) == ((), ())


async def a_part_that_failed_is_told_by_the_next_answer(history: History, bed: Bed) -> None:
    await begun(history)
    trade(bed)
    await asyncio.sleep(MOMENT)
    bed.commits("status", "execution/list", code=503, count=1)

    failed, after = await history.recent(), await history.recent()

    assert failed.fills is None
    assert "http-503" in failed.problem
    assert len(failed.orders or ()) == 1
    assert (len(after.fills or ()), after.orders, after.problem) == (1, (), "")


async def what_was_done_before_the_first_good_answer_is_told(history: History, bed: Bed) -> None:
    """Watching begins with the first question, answered or not."""
    bed.commits("status", "GET /v5/", code=503)
    failed = await history.recent()
    bed.behaves()
    await asyncio.sleep(ENOUGH)
    trade(bed)
    await asyncio.sleep(MOMENT)

    after = await history.recent()

    assert (failed.fills, failed.orders) == (None, None)
    assert (len(after.fills or ()), len(after.orders or ())) == (1, 1)


async def an_answer_nobody_waited_for_is_told_again(history: History, bed: Bed) -> None:
    await begun(history)
    trade(bed)
    await asyncio.sleep(MOMENT)
    bed.commits("hang", "order/history", seconds=0.3, count=1)
    asking = asyncio.create_task(history.recent())
    await asyncio.sleep(0.15)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    after = await history.recent()

    assert (len(after.fills or ()), len(after.orders or ())) == (1, 1)


async def a_restart_goes_on_where_the_last_run_was(history: History, bed: Bed) -> None:
    await begun(history)
    stopped = datetime.now(UTC)
    waiting = resting(bed, "ft-waits")
    await asyncio.sleep(ENOUGH)
    trade(bed)
    cancel(bed, waiting)
    await asyncio.sleep(MOMENT)
    restarted = bed.history(Heard(stopped, stopped))

    first, second = await restarted.recent(), await restarted.recent()
    await restarted.close()

    assert len(first.fills or ()) == 1
    assert {order.status for order in first.orders or ()} == {"filled", "cancelled"}
    assert (second.fills, second.orders) == ((), ())


async def a_long_absence_is_caught_up_with_without_a_gap(history: History, bed: Bed) -> None:
    """Three days, and more at their end than one answer may bring: all of it comes, and how far it is."""
    began = datetime.now(UTC) - timedelta(days=3)
    for _ in range(1_100):
        trade(bed, qty="0.001")
    await asyncio.sleep(MOMENT)
    traded, restarted = datetime.now(UTC), bed.history(Heard(began, began))
    answers = [await restarted.recent()]
    while answers[-1].asked_at < traded and len(answers) < 60:
        answers.append(await restarted.recent())
    await restarted.close()

    fills = [fill.id for answer in answers for fill in answer.fills or ()]
    account = bed.venue.tenants[0].account
    assert sorted(fills) == sorted(execution.id for execution in account.executions)
    assert told_orders(answers) == {o.id for o in account.orders.values() if not o.is_open}
    assert [a.asked_at for a in answers] == sorted(a.asked_at for a in answers)


def told_orders(answers: list[Activity]) -> set[str]:
    return {order.id for answer in answers for order in answer.orders or ()}


async def a_row_that_makes_no_sense_fails_its_part(history: History, bed: Bed) -> None:
    await begun(history)
    trade(bed)
    await asyncio.sleep(MOMENT)
    for wrong in ("NaN", "", "0", "-1", None):
        bed.behaves()
        bed.commits("replace", "execution/list", values={"/list/0/execQty": wrong})
        bed.commits("replace", "order/history", values={"/list/0/cumExecQty": "NaN"})

        activity = await history.recent()

        assert (activity.fills, activity.orders) == (None, None), wrong
        assert activity.problem.count("garbage") == 2


async def a_refused_key_is_told_by_its_raw_code(history: History, bed: Bed) -> None:
    await begun(history)
    bed.venue.world.keys[bed.credentials["watch"].key].delete(bed.venue.clock())

    activity = await history.recent()

    assert (activity.fills, activity.orders) == (None, None)
    assert activity.problem.count("10003") == 2


CONTRACT: tuple[Contract, ...] = (
    what_was_before_is_no_news,
    a_fill_is_told_once_with_all_that_the_venue_says,
    an_inverse_fill_counts_dollars_and_costs_coins,
    an_order_is_told_when_it_is_over,
    the_venues_reason_is_told,
    a_partly_filled_order_is_partly,
    what_the_venue_took_says_so,
    funding_is_no_fill,
    many_come_over_pages_in_order,
    a_part_that_failed_is_told_by_the_next_answer,
    what_was_done_before_the_first_good_answer_is_told,
    an_answer_nobody_waited_for_is_told_again,
    a_restart_goes_on_where_the_last_run_was,
    a_long_absence_is_caught_up_with_without_a_gap,
    a_row_that_makes_no_sense_fails_its_part,
    a_refused_key_is_told_by_its_raw_code,
)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", WIRE)
async def test_history_contract(name: str, promise: Contract) -> None:
    async with WIRE[name](timeout_s=4.0) as bed:
        history = bed.history()
        try:
            await promise(history, bed)
        finally:
            await history.close()
