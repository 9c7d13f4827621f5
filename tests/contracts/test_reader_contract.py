"""What every Reader promises, checked on the simulated venue of each adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from guardian.core.model import LedgerKind, Part
from guardian.ports import Reader
from guardian.sim.world.orders import Kind, OrderRequest
from tests.contracts.bed import about_the_wire
from tests.contracts.beds import BEDS, Bed, skip_unless_it_concerns

Contract = Callable[[Reader, Bed], Awaitable[None]]


async def it_sees_what_the_venue_knows(reader: Reader, bed: Bed) -> None:
    before = datetime.now(UTC)

    snapshot = await reader.snapshot()

    truth = bed.truth()
    assert snapshot.complete, snapshot.failures
    assert before <= snapshot.asked_at <= datetime.now(UTC)
    assert snapshot.wallet is not None
    assert snapshot.positions is not None
    assert snapshot.orders is not None
    assert snapshot.wallet.equity == pytest.approx(Decimal(truth["equity"]), abs=Decimal("0.01"))
    sizes = {position.base + "USDT": position.quantity for position in snapshot.positions}
    assert sizes == {symbol: size for symbol, size in bed.sizes().items() if size}
    assert {order.id for order in snapshot.orders} == {row["id"] for row in truth["orders"]}
    stops = {row["id"] for row in truth["orders"] if row["trigger"] is not None}
    assert {order.id for order in snapshot.orders if order.trigger is not None} == stops
    assert snapshot.ledger == ()


async def it_sees_every_order_over_pages(reader: Reader, bed: Bed) -> None:
    bed.rest_orders(60)

    snapshot = await reader.snapshot()

    assert snapshot.orders is not None
    assert {f"ft-{number}" for number in range(60)} <= {order.client_id for order in snapshot.orders}


async def its_positions_and_wallet_agree_about_profit(reader: Reader, bed: Bed) -> None:
    """The sum over positions explains the equity beyond cash: signs, sizes and marks are right."""
    snapshot = await reader.snapshot()

    assert snapshot.wallet is not None
    assert snapshot.positions is not None
    cash = sum((held.quantity * held.price for held in snapshot.wallet.balances), Decimal(0))
    profit = sum((position.open_pnl for position in snapshot.positions), Decimal(0))
    assert snapshot.wallet.equity - cash == pytest.approx(profit, abs=Decimal("0.05"))
    assert snapshot.wallet.position_margin > 0


async def an_inverse_position_is_told_in_its_coin(reader: Reader, bed: Bed) -> None:
    """One dollar a contract: its notional and profit are coins, which the wallet prices."""
    bed.hold_inverse(-30_000)
    bed.venue.world.set_prices({"BTCUSDT": Decimal(40_000)}, bed.venue.clock())

    snapshot = await reader.snapshot()

    assert snapshot.complete, snapshot.failures
    assert snapshot.wallet is not None
    found = {position.symbol: position for position in snapshot.positions or ()}
    held = found["BTC/USD:BTC"]
    assert (held.inverse, held.settle, held.base) == (True, "BTC", "BTC")
    assert (held.quantity, held.contract_size, held.mark) == (-30_000, 1, 40_000)
    assert held.notional == Decimal("-0.75")
    prices = {b.currency: b.price for b in snapshot.wallet.balances}
    cash = sum((b.quantity * b.price for b in snapshot.wallet.balances), Decimal(0))
    profit = sum((p.open_pnl * prices[p.settle] for p in found.values()), Decimal(0))
    assert snapshot.wallet.equity - cash == pytest.approx(profit, abs=Decimal("0.05"))


async def an_inverse_position_alone_is_not_flat(reader: Reader, bed: Bed) -> None:
    """Opened a moment ago, while nothing else is held any more."""
    await reader.snapshot()
    bed.hold_inverse(500)
    bed.close_linear()

    snapshot = await reader.snapshot()

    assert snapshot.complete, snapshot.failures
    assert [p.symbol for p in snapshot.positions or ()] == ["BTC/USD:BTC"]


@about_the_wire("what the venue lists apart, the simulator's ports tell at once")
async def what_could_not_be_asked_about_is_not_flat(reader: Reader, bed: Bed) -> None:
    await reader.snapshot()
    bed.close_linear()
    for category in ("inverse", "option"):
        for path, part in (("position/list", Part.POSITIONS), ("order/realtime", Part.ORDERS)):
            bed.commits("status", rf"{path}\?category={category}", code=503)

            snapshot = await reader.snapshot()

            assert [(failure.part, failure.code) for failure in snapshot.failures] == [(part, "http-503")]
            bed.behaves()
    assert (await reader.snapshot()).complete


@about_the_wire("the simulator's world has no options")
async def a_held_option_is_named_beside_what_is_known(reader: Reader, bed: Bed) -> None:
    option = {"symbol": "BTC-27MAR26-70000-C", "side": "Buy", "size": "0.1", "positionIdx": 0}
    bed.commits("replace", r"position/list\?category=option", values={"/list": [option]})

    snapshot = await reader.snapshot()

    (failure,) = snapshot.failures
    assert (failure.part, failure.code) == (Part.POSITIONS, "contract")
    assert "BTC-27MAR26-70000-C" in failure.why
    assert len(snapshot.positions or ()) == len(bed.truth()["positions"])


async def a_transfer_is_a_flow_told_once(reader: Reader, bed: Bed) -> None:
    first = await reader.snapshot()
    await asyncio.sleep(0.005)
    bed.transfer(-2500)
    await asyncio.sleep(0.005)

    after, later = await reader.snapshot(), await reader.snapshot()

    assert (first.ledger, later.ledger) == ((), ())
    assert after.ledger is not None
    assert [(entry.kind, entry.change) for entry in after.ledger] == [(LedgerKind.FLOW, Decimal(-2500))]


async def its_ledger_explains_every_change_of_cash(reader: Reader, bed: Bed) -> None:
    """Fills, fees and flows: what the wallet gained is what the rows say, or a loss would hide in between."""
    before = (await reader.snapshot()).wallet
    world, tenant = bed.venue.world, bed.venue.tenants[0]
    for leg in tenant.account.open_legs()[:2]:
        side = world.close_side(tenant.account, leg.symbol, leg.index)
        request = OrderRequest(
            symbol=leg.symbol, side=side, kind=Kind.MARKET, qty=abs(leg.size), reduce_only=True
        )
        world.place(tenant.account, request, bed.venue.clock())
    bed.transfer(1_000)
    await asyncio.sleep(0.005)

    after = await reader.snapshot()

    assert before is not None
    assert after.wallet is not None
    assert after.ledger is not None
    gained = after.wallet.balances[0].quantity - before.balances[0].quantity
    assert sum(row.change for row in after.ledger) == gained
    assert {LedgerKind.TRADE, LedgerKind.FLOW} <= {row.kind for row in after.ledger}
    assert len({row.id for row in after.ledger}) == len(after.ledger)


async def a_ledger_that_failed_is_told_by_the_next_read(reader: Reader, bed: Bed) -> None:
    await reader.snapshot()
    await asyncio.sleep(0.005)
    bed.transfer(700)
    await asyncio.sleep(0.005)
    bed.commits("status", "transaction-log", code=503, count=1)

    failed, after = await reader.snapshot(), await reader.snapshot()

    assert failed.ledger is None
    assert [(failure.part, failure.code) for failure in failed.failures] == [(Part.LEDGER, "http-503")]
    assert [entry.change for entry in after.ledger or ()] == [Decimal(700)]


async def without_a_wallet_the_ledger_is_not_asked(reader: Reader, bed: Bed) -> None:
    """Rows of another moment than the wallet's would look like a loss; and unasked it is not quiet."""
    await reader.snapshot()
    bed.transfer(700)
    bed.commits("status", "wallet-balance", code=503)

    snapshot = await reader.snapshot()

    assert [(failure.part, failure.code) for failure in snapshot.failures] == [
        (Part.WALLET, "http-503"),
        (Part.LEDGER, "unasked"),
    ]
    assert (snapshot.wallet, snapshot.ledger) == (None, None)


async def a_restarted_reader_goes_on_where_the_last_one_was(reader: Reader, bed: Bed) -> None:
    await reader.snapshot()
    await asyncio.sleep(0.005)
    booked_to = datetime.now(UTC)
    # Longer than a busy machine may err about the venue's clock.
    await asyncio.sleep(0.3)
    bed.transfer(-900)
    await asyncio.sleep(0.005)
    restarted = bed.reader(booked_to)

    first, second = await restarted.snapshot(), await restarted.snapshot()
    await restarted.close()

    assert [(entry.kind, entry.change) for entry in first.ledger or ()] == [(LedgerKind.FLOW, Decimal(-900))]
    assert second.ledger == ()


async def a_part_that_fails_is_named_and_the_others_stay(reader: Reader, bed: Bed) -> None:
    bed.commits("status", "position/list", code=503)

    snapshot = await reader.snapshot()

    assert snapshot.positions is None
    assert [(failure.part, failure.code) for failure in snapshot.failures] == [(Part.POSITIONS, "http-503")]
    assert snapshot.wallet is not None
    assert snapshot.orders is not None


async def it_recovers_by_itself(reader: Reader, bed: Bed) -> None:
    for effect in ("drop_before", "empty", "garbage", "truncate", "status"):
        bed.commits(effect, "GET /v5/", count=1)
        await reader.snapshot()
    bed.behaves()

    snapshot = await reader.snapshot()

    assert snapshot.complete, snapshot.failures


async def an_empty_position_list_against_a_margined_wallet_is_not_flat(reader: Reader, bed: Bed) -> None:
    bed.commits("replace", "position/list", values={"/list": []})

    snapshot = await reader.snapshot()

    assert snapshot.positions is None
    assert [failure.code for failure in snapshot.failures] == ["inconsistent"]


@about_the_wire("the simulator hands such numbers to the core, which must refuse them itself")
async def numbers_that_are_none_fail_their_part(reader: Reader, bed: Bed) -> None:
    for wrong in ("NaN", "", None, "Infinity", "-1e400", True, "0x10"):
        bed.behaves()
        bed.commits("replace", "wallet-balance", values={"/list/0/totalEquity": wrong})
        bed.commits("replace", "position/list", values={"/list/*/size": wrong})

        snapshot = await reader.snapshot()

        assert (snapshot.wallet, snapshot.positions) == (None, None), wrong
        assert {failure.code for failure in snapshot.failures} == {"garbage", "unasked"}


@about_the_wire("without an envelope there is no date: the simulator's stale answers reach the core")
async def an_answer_that_is_repeated_after_a_pause_is_stale(reader: Reader, bed: Bed) -> None:
    await reader.snapshot()
    await asyncio.sleep(2.2)
    bed.commits("stale", "wallet-balance")

    snapshot = await reader.snapshot()

    assert snapshot.wallet is None
    assert [(failure.part, failure.code) for failure in snapshot.failures] == [
        (Part.WALLET, "stale"),
        (Part.LEDGER, "unasked"),
    ]


async def its_key_is_audited_as_the_venue_sees_it(reader: Reader, bed: Bed) -> None:
    audit = await reader.audit()

    assert audit.problem == ""
    assert audit.key_id == bed.credentials["watch"].key
    may = (audit.can_trade, audit.can_withdraw, audit.can_transfer, audit.can_manage_keys)
    assert may == (False, False, False, False)
    assert audit.uid == bed.truth()["uid"]
    assert not audit.is_master
    assert audit.expires_at is not None
    assert audit.expires_at > datetime.now(UTC)


async def a_refused_key_is_told_by_its_raw_code(reader: Reader, bed: Bed) -> None:
    watch = bed.credentials["watch"].key
    bed.venue.world.keys[watch].delete(bed.venue.clock())

    snapshot, audit = await reader.snapshot(), await reader.audit()

    assert {failure.code for failure in snapshot.failures} == {"10003", "unasked"}
    assert (audit.code, audit.can_trade) == ("10003", False)
    assert audit.problem


CONTRACT: tuple[Contract, ...] = (
    it_sees_what_the_venue_knows,
    it_sees_every_order_over_pages,
    its_positions_and_wallet_agree_about_profit,
    an_inverse_position_is_told_in_its_coin,
    an_inverse_position_alone_is_not_flat,
    what_could_not_be_asked_about_is_not_flat,
    a_held_option_is_named_beside_what_is_known,
    a_transfer_is_a_flow_told_once,
    its_ledger_explains_every_change_of_cash,
    a_ledger_that_failed_is_told_by_the_next_read,
    without_a_wallet_the_ledger_is_not_asked,
    a_restarted_reader_goes_on_where_the_last_one_was,
    a_part_that_fails_is_named_and_the_others_stay,
    it_recovers_by_itself,
    an_empty_position_list_against_a_margined_wallet_is_not_flat,
    numbers_that_are_none_fail_their_part,
    an_answer_that_is_repeated_after_a_pause_is_stale,
    its_key_is_audited_as_the_venue_sees_it,
    a_refused_key_is_told_by_its_raw_code,
)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", BEDS)
async def test_reader_contract(name: str, promise: Contract) -> None:
    skip_unless_it_concerns(name, promise)
    async with BEDS[name]() as bed:
        reader = bed.reader()
        try:
            await promise(reader, bed)
        finally:
            await reader.close()
