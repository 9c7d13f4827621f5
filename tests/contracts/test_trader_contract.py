"""What every Trader promises, checked on the simulated venue of each adapter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.core.model import Position
from guardian.ports import Trader
from guardian.sim.world.orders import Kind, OrderRequest, Side
from tests.contracts.beds import BEDS, Bed, skip_unless_it_concerns

Contract = Callable[[Trader, Bed], Awaitable[None]]


async def positions(bed: Bed) -> tuple[Position, ...]:
    reader = bed.reader()
    try:
        snapshot = await reader.snapshot()
    finally:
        await reader.close()
    assert snapshot.positions
    return snapshot.positions


def closing(position: Position, number: int = 1, **changes: Any) -> CloseOrder:
    order: dict[str, Any] = {
        "client_id": f"gdn-1-{number}-1",
        "symbol": position.symbol,
        "index": position.index,
        "side": -1 if position.quantity > 0 else 1,
        "quantity": abs(position.quantity),
        "price": None,
    }
    return CloseOrder(**(order | changes))


def venue_id(position: Position) -> str:
    return f"{position.base}USDT"


async def every_position_can_be_closed(trader: Trader, bed: Bed) -> None:
    open_legs = await positions(bed)

    reports = await asyncio.gather(
        *(trader.close_position(closing(leg, n)) for n, leg in enumerate(open_legs))
    )

    assert {report.outcome for report in reports} == {Outcome.DONE}
    assert all(dict(report.facts)["order_id"] for report in reports)
    assert not any(bed.sizes().values())
    assert bed.truth()["sign_flips"] == 0


async def an_inverse_position_is_closed_in_its_dollars(trader: Trader, bed: Bed) -> None:
    symbol = bed.hold_inverse(-30_000)
    await trader.warm()
    (leg,) = (p for p in await positions(bed) if p.inverse)

    part = await trader.close_position(closing(leg, 1, quantity=Decimal("12000.7")))
    left = bed.sizes()[symbol]
    capped = await trader.close_position(
        closing(leg, 2, quantity=-left / 2, price=leg.mark * Decimal("1.02"))
    )
    rest = await trader.close_position(closing(leg, 3, quantity=None))

    assert {part.outcome, capped.outcome, rest.outcome} == {Outcome.DONE}
    assert left in (Decimal(-18_000), Decimal(-17_999)), "whole dollars"
    assert not bed.sizes().get(symbol)
    assert (await trader.resolve(leg.symbol, "gdn-1-3-1")).outcome is Outcome.DONE
    assert (await trader.close_position(closing(leg, 4))).outcome is Outcome.GONE


async def an_order_of_an_inverse_contract_is_cancelled(trader: Trader, bed: Bed) -> None:
    symbol = bed.hold_inverse(1_000)
    world, account = bed.venue.world, bed.venue.tenants[0].account
    request = OrderRequest(
        symbol=symbol, side=Side.BUY, kind=Kind.LIMIT, qty=Decimal(100), price=Decimal(30_000)
    )
    order = world.place(account, request, bed.venue.clock())

    report = await trader.cancel("BTC/USD:BTC", order.id, conditional=False)

    assert report.outcome is Outcome.DONE
    assert not order.is_open


async def a_close_without_quantity_closes_what_is_there(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)

    report = await trader.close_position(closing(leg, quantity=None))

    assert report.outcome is Outcome.DONE
    assert not bed.sizes().get(venue_id(leg))


async def a_capped_close_trades_within_its_cap_and_leaves_nothing_resting(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    await trader.warm()
    orders = len(bed.truth()["orders"])
    impossible = leg.mark * (Decimal("1.02") if leg.quantity > 0 else Decimal("0.98"))

    report = await trader.close_position(closing(leg, price=impossible))

    assert report.outcome is Outcome.DONE
    assert bed.sizes()[venue_id(leg)] == leg.quantity
    assert len(bed.truth()["orders"]) == orders


async def closing_more_than_there_is_never_turns_the_position(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)

    await trader.close_position(closing(leg, quantity=abs(leg.quantity) * 2))

    assert not bed.sizes().get(venue_id(leg))
    assert bed.truth()["sign_flips"] == 0


async def closing_a_flat_leg_is_gone(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    await trader.close_position(closing(leg, 1))

    again = await trader.close_position(closing(leg, 2))

    assert again.outcome is Outcome.GONE
    assert not bed.sizes().get(venue_id(leg))


async def a_lost_answer_is_unknown_and_the_same_id_again_closes_once(trader: Trader, bed: Bed) -> None:
    """The effect happened and nobody told us: the duplicate must be refused by the venue, not filled."""
    (leg, *_) = await positions(bed)
    half = abs(leg.quantity) / 2 // leg.step * leg.step
    bed.commits("timeout_after_effect", "order/create", count=1)

    lost = await trader.close_position(closing(leg, quantity=half))
    again = await trader.close_position(closing(leg, quantity=half))

    assert lost.outcome is Outcome.UNKNOWN
    assert (again.outcome, again.code) == (Outcome.DONE, "110072")
    assert abs(bed.sizes()[venue_id(leg)]) == abs(leg.quantity) - half
    fills = [row for row in bed.truth()["executions"] if row["order_link_id"] == "gdn-1-1-1"]
    assert sum(Decimal(row["qty"]) for row in fills) == half


async def a_lost_order_can_be_resolved(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    bed.commits("timeout_after_effect", "order/create", count=1)
    await trader.close_position(closing(leg))

    known = await trader.resolve(leg.symbol, "gdn-1-1-1")
    unseen = await trader.resolve(leg.symbol, "gdn-9-9-9")

    assert known.outcome is Outcome.DONE
    assert Decimal(dict(known.facts)["filled"]) == abs(leg.quantity)
    assert unseen.outcome is Outcome.GONE


async def one_hung_close_of_five_delays_no_other(trader: Trader, bed: Bed) -> None:
    open_legs = await positions(bed)
    bed.commits("hang", "order/create", symbol=venue_id(open_legs[2]), seconds=5, when="before")
    begun = time.monotonic()
    ends: dict[int, float] = {}

    async def one(number: int, leg: Position) -> Outcome:
        report = await trader.close_position(closing(leg, number))
        ends[number] = time.monotonic() - begun
        return report.outcome

    outcomes = await asyncio.gather(*(one(number, leg) for number, leg in enumerate(open_legs)))

    assert outcomes.count(Outcome.DONE) == len(open_legs) - 1
    assert outcomes[2] is Outcome.UNKNOWN
    assert max(end for number, end in ends.items() if number != 2) < 0.6


async def an_order_that_filled_nothing_is_known_all_the_same(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    await trader.warm()
    unreachable = leg.mark * (Decimal("1.02") if leg.quantity > 0 else Decimal("0.98"))
    await trader.close_position(closing(leg, price=unreachable))

    known = await trader.resolve(leg.symbol, "gdn-1-1-1")
    again = await trader.close_position(closing(leg))

    assert (known.outcome, dict(known.facts)["filled"]) == (Outcome.DONE, "0")
    assert (again.outcome, again.code) == (Outcome.DONE, "110072")
    assert bed.sizes()[venue_id(leg)] == leg.quantity


async def a_refused_client_id_may_be_used_again(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    bed.commits("ret_code", "order/create", code=110007, count=1)

    refused = await trader.close_position(closing(leg))
    again = await trader.close_position(closing(leg))

    assert (refused.outcome, again.outcome, again.code) == (Outcome.REFUSED, Outcome.DONE, "0")
    assert not bed.sizes().get(venue_id(leg))


async def what_the_venue_says_has_one_meaning(trader: Trader, bed: Bed) -> None:
    """The plan waits, asks, cancels an order that is in the way, or gives up by what is told here."""
    (leg, *_) = await positions(bed)
    meanings = {
        110007: Outcome.REFUSED,
        110094: Outcome.REFUSED,
        110003: Outcome.REFUSED,
        10001: Outcome.REFUSED,
        10005: Outcome.REFUSED,
        110017: Outcome.REFUSED,
        110034: Outcome.GONE,
        10000: Outcome.UNKNOWN,
        10016: Outcome.UNKNOWN,
    }
    for code, outcome in meanings.items():
        bed.behaves()
        bed.commits("ret_code", "order/create", code=code)

        report = await trader.close_position(closing(leg))

        assert (report.outcome, report.code) == (outcome, str(code))
        # "orderQty will be truncated to zero": resting orders hold what the leg has, and must make room.
        assert (("conflict", "orders") in report.facts) is (code == 110017)
    assert bed.sizes()[venue_id(leg)] == leg.quantity


async def dust_is_refused_by_its_size_and_closed_without_one(trader: Trader, bed: Bed) -> None:
    symbol = bed.leave_dust()
    dust = next(p for p in await positions(bed) if venue_id(p) == symbol)

    sized = await trader.close_position(closing(dust, 1))
    kept = bed.sizes()[symbol]
    size_free = await trader.close_position(closing(dust, 2, quantity=None))

    assert (sized.outcome, sized.code, kept) == (Outcome.REFUSED, "10001", dust.quantity)
    assert size_free.outcome is Outcome.DONE
    assert not bed.sizes().get(symbol)


async def more_than_the_largest_order_is_closed_by_one_request(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    bed.lower_maximum(venue_id(leg), 3)

    report = await trader.close_position(closing(leg))

    assert report.outcome is Outcome.DONE
    assert not bed.sizes().get(venue_id(leg))


async def an_order_is_cancelled_by_its_id_and_others_stay(trader: Trader, bed: Bed) -> None:
    bed.rest_orders(2)
    rows = bed.truth()["orders"]
    mine = next(row for row in rows if row["link_id"] == "ft-0")

    report = await trader.cancel("BTC/USDT:USDT", mine["id"], conditional=False)
    again = await trader.cancel("BTC/USDT:USDT", mine["id"], conditional=False)

    assert (report.outcome, again.outcome) == (Outcome.DONE, Outcome.GONE)
    assert {row["id"] for row in bed.truth()["orders"]} == {row["id"] for row in rows} - {mine["id"]}


async def without_a_key_it_acts_on_nothing(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    trader.hold(None)

    report = await trader.close_position(closing(leg))

    assert report.outcome is Outcome.IMPOSSIBLE
    assert bed.sizes()[venue_id(leg)] == leg.quantity


async def a_key_that_may_not_trade_is_refused_by_raw_code(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    trader.hold(bed.credentials["watch"])

    report = await trader.close_position(closing(leg))

    assert (report.outcome, report.code) == (Outcome.REFUSED, "10005")


async def a_deleted_key_is_refused_by_raw_code(trader: Trader, bed: Bed) -> None:
    (leg, *_) = await positions(bed)
    bed.venue.world.keys[bed.credentials["hands"].key].delete(bed.venue.clock())

    report = await trader.close_position(closing(leg))

    assert (report.outcome, report.code) == (Outcome.REFUSED, "10003")


async def its_key_is_audited(trader: Trader, bed: Bed) -> None:
    audit = await trader.audit(bed.credentials["hands"])

    assert (audit.can_trade, audit.can_withdraw, audit.can_transfer) == (True, False, False)
    assert audit.uid == bed.truth()["uid"]


CONTRACT: tuple[Contract, ...] = (
    every_position_can_be_closed,
    an_inverse_position_is_closed_in_its_dollars,
    an_order_of_an_inverse_contract_is_cancelled,
    a_close_without_quantity_closes_what_is_there,
    a_capped_close_trades_within_its_cap_and_leaves_nothing_resting,
    closing_more_than_there_is_never_turns_the_position,
    closing_a_flat_leg_is_gone,
    a_lost_answer_is_unknown_and_the_same_id_again_closes_once,
    a_lost_order_can_be_resolved,
    one_hung_close_of_five_delays_no_other,
    an_order_that_filled_nothing_is_known_all_the_same,
    a_refused_client_id_may_be_used_again,
    what_the_venue_says_has_one_meaning,
    dust_is_refused_by_its_size_and_closed_without_one,
    more_than_the_largest_order_is_closed_by_one_request,
    an_order_is_cancelled_by_its_id_and_others_stay,
    without_a_key_it_acts_on_nothing,
    a_key_that_may_not_trade_is_refused_by_raw_code,
    a_deleted_key_is_refused_by_raw_code,
    its_key_is_audited,
)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", BEDS)
async def test_trader_contract(name: str, promise: Contract) -> None:
    skip_unless_it_concerns(name, promise)
    async with BEDS[name]() as bed:
        trader = bed.trader()
        trader.hold(bed.credentials["hands"])
        try:
            await promise(trader, bed)
        finally:
            await trader.close()
