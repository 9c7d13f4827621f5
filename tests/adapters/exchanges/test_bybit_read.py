"""What the reader makes of good, partial, late and nonsensical answers."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.model import Balance, Level, OnUnknown, Part
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script
from tests.core.build import ACCOUNT, SLIDING_HOUR, Desk, at, rule, rung


async def settle_background(reader: BybitReader) -> None:
    await reader._instruments.load_if_due()


async def test_a_healthy_account_becomes_a_complete_snapshot(script: Script, reader: BybitReader) -> None:
    await settle_background(reader)
    before = datetime.now(UTC)

    snapshot = await reader.snapshot()

    assert snapshot.complete
    assert snapshot.account == "main"
    assert before <= snapshot.asked_at <= datetime.now(UTC)
    assert snapshot.wallet is not None
    assert snapshot.wallet.equity == Decimal(9990)
    assert snapshot.wallet.margin_balance == Decimal(9980)
    assert snapshot.wallet.initial_margin == Decimal(3100)
    assert snapshot.wallet.maintenance_margin == Decimal(150)
    assert snapshot.wallet.position_margin == Decimal(3000) * Decimal("0.999")
    assert snapshot.wallet.balances == (Balance("USDT", Decimal(9900), Decimal("0.999")),)
    assert snapshot.orders == ()
    assert snapshot.ledger == ()
    assert snapshot.positions is not None
    (leg,) = snapshot.positions
    assert (leg.symbol, leg.index, leg.quantity) == ("BTC/USDT:USDT", 0, Decimal("0.5"))
    assert (leg.entry, leg.mark, leg.settle) == (Decimal(59800), Decimal(60000), "USDT")
    assert (leg.step, leg.minimum, leg.maximum) == (Decimal("0.001"), Decimal("0.001"), Decimal(100))
    assert leg.stop_loss is None


async def test_sixty_orders_over_pages_are_all_seen(script: Script, reader: BybitReader) -> None:
    """The venue's default page is 20: asking once would show a third of the book."""
    rows = [stub.order(number) for number in range(60)]
    pages = stub.paged(rows, 50)
    script.says(
        stub.ORDERS, lambda seen: pages(seen) if seen.sent["settleCoin"] == "USDT" else stub.listed([])
    )

    snapshot = await reader.snapshot()

    assert snapshot.orders is not None
    assert {order.id for order in snapshot.orders} == {f"order-{number}" for number in range(60)}
    assert all(int(sent["limit"]) == 50 for sent in script.sent_to(stub.ORDERS))


async def test_more_positions_than_one_page_are_all_seen_in_both_settle_coins(
    script: Script, reader: BybitReader
) -> None:
    """A position on page two, or settled in USDC, would otherwise stay open through a flatten."""
    tether = [stub.position(symbol=f"COIN{number}USDT") for number in range(205)]
    dollar = [stub.position(symbol="ETHPERP", side="Sell", size="2")]
    pages = {"USDT": stub.paged(tether, 200), "USDC": stub.paged(dollar, 200)}
    script.says(stub.POSITIONS, lambda seen: pages[seen.sent["settleCoin"]](seen))

    snapshot = await reader.snapshot()

    assert snapshot.positions is not None
    assert len(snapshot.positions) == 206
    assert snapshot.positions[-1].leg == "ETH/USDC:USDC#0"
    assert snapshot.positions[-1].quantity == Decimal(-2)
    assert snapshot.positions[-1].settle == "USDC"


async def test_conditional_and_whole_position_orders_are_read_for_what_they_are(
    script: Script, reader: BybitReader
) -> None:
    rows = [
        stub.order(
            1, orderStatus="Untriggered", triggerPrice="58000", price="0", reduceOnly=True, leavesQty="0"
        ),
        stub.order(2, closeOnTrigger=True, side="Buy", positionIdx=2),
        stub.order(3, orderStatus="Cancelled"),
    ]
    script.says(stub.ORDERS, lambda seen: stub.listed(rows if seen.sent["settleCoin"] == "USDT" else []))

    snapshot = await reader.snapshot()

    assert snapshot.orders is not None
    stop, closing = snapshot.orders
    assert (stop.trigger, stop.price, stop.reduce_only, stop.side) == (Decimal(58000), None, True, -1)
    assert stop.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (closing.reduce_only, closing.side, closing.index) == (True, 1, 2)
    assert (closing.client_id, closing.price, closing.trigger) == ("ft-2", Decimal(61000), None)


async def test_a_position_without_known_lot_sizes_is_delivered_with_a_step_that_can_close_it(
    script: Script, reader: BybitReader
) -> None:
    """Public endpoints may be down: not knowing a lot size must not hide a position."""
    script.says(stub.INSTRUMENTS, Raw(b"", 503))
    script.says(
        stub.POSITIONS,
        lambda seen: stub.listed([stub.position(size="1.25")] if seen.sent["settleCoin"] == "USDT" else []),
    )

    snapshot = await reader.snapshot()

    assert snapshot.positions is not None
    (leg,) = snapshot.positions
    assert (leg.step, leg.minimum, leg.maximum) == (Decimal("0.01"), Decimal("0.01"), Decimal("1.25"))


async def test_empty_hedge_rows_are_no_positions_and_the_stop_of_a_leg_is_kept(
    script: Script, reader: BybitReader
) -> None:
    rows = [
        stub.position(positionIdx=1, stopLoss="57000"),
        stub.position(positionIdx=2, side="", size="0", avgPrice="0"),
    ]
    script.says(stub.POSITIONS, lambda seen: stub.listed(rows if seen.sent["settleCoin"] == "USDT" else []))

    snapshot = await reader.snapshot()

    assert snapshot.positions is not None
    (leg,) = snapshot.positions
    assert (leg.index, leg.stop_loss) == (1, Decimal(57000))


@pytest.mark.parametrize(
    ("written", "expected"),
    [("48000.5", Decimal("48000.5")), ("", None), ("0", None), ("-1250.5", None)],
)
async def test_a_liquidation_price_is_known_only_where_the_venue_names_one(
    script: Script, reader: BybitReader, written: str, expected: Decimal | None
) -> None:
    """Empty means that the venue has none to tell; a zero would read as "cannot be liquidated"."""
    rows = [stub.position(liqPrice=written)]
    script.says(stub.POSITIONS, lambda seen: stub.listed(rows if seen.sent["settleCoin"] == "USDT" else []))

    snapshot = await reader.snapshot()

    assert snapshot.positions is not None
    assert [expected] == [leg.liquidation for leg in snapshot.positions]


@pytest.mark.parametrize(
    ("account", "note"),
    [
        (stub.wallet(), "margin and open P&L"),
        (stub.wallet([stub.coin(unrealisedPnl="0")]), "margin alone"),
        (stub.wallet([stub.coin(totalPositionIM="0")]), "open P&L alone"),
        (stub.wallet([stub.coin(totalPositionIM="", unrealisedPnl="0")]), "portfolio margin"),
    ],
)
async def test_no_positions_while_the_wallet_shows_some_is_not_flat(
    script: Script, reader: BybitReader, account: Any, note: str
) -> None:
    """An empty list is the one lie that would end a flatten with positions open."""
    script.says(stub.WALLET, account)
    script.says(stub.POSITIONS, stub.listed([]))

    snapshot = await reader.snapshot()

    assert snapshot.positions is None
    assert [(failure.part, failure.code) for failure in snapshot.failures] == [
        (Part.POSITIONS, "inconsistent")
    ]
    assert snapshot.wallet is not None


async def test_no_positions_and_a_flat_wallet_is_flat(script: Script, reader: BybitReader) -> None:
    script.says(stub.WALLET, stub.flat_wallet())
    script.says(stub.POSITIONS, stub.listed([]))

    snapshot = await reader.snapshot()

    assert snapshot.complete
    assert snapshot.positions == ()


@pytest.mark.parametrize("path", [stub.WALLET, stub.POSITIONS, stub.ORDERS])
async def test_a_hung_part_fails_alone_and_on_time(script: Script, path: str) -> None:
    reader = BybitReader(script.endpoint(timeout_s=0.3), WATCH)
    script.says(path, Raw(b"", delay=20.0))
    begun = time.monotonic()

    snapshot = await reader.snapshot()

    assert time.monotonic() - begun < 10.0
    # The ledger explains a wallet: without one it is not asked, and whoever is not asked has told nothing.
    unasked = ["unasked"] if path == stub.WALLET else []
    assert [failure.code for failure in snapshot.failures] == ["timeout", *unasked]
    assert (snapshot.ledger is None) is (path == stub.WALLET)
    parts = {stub.WALLET: snapshot.wallet, stub.POSITIONS: snapshot.positions, stub.ORDERS: snapshot.orders}
    assert parts.pop(path) is None
    assert None not in parts.values()
    await reader.close()


async def test_a_page_that_fails_fails_the_part(script: Script, reader: BybitReader) -> None:
    """Nineteen of twenty orders are not "all open orders"."""
    first = stub.listed([stub.order(1)], cursor="more")
    script.says(stub.ORDERS, lambda seen: Raw(b"", 502) if "cursor" in seen.sent else first)

    snapshot = await reader.snapshot()

    assert snapshot.orders is None
    assert [failure.code for failure in snapshot.failures] == ["http-502"]


async def test_a_cursor_that_runs_in_circles_is_garbage(script: Script, reader: BybitReader) -> None:
    script.says(stub.ORDERS, stub.listed([stub.order(1)], cursor="again"))

    snapshot = await reader.snapshot()

    assert snapshot.orders is None
    assert [failure.code for failure in snapshot.failures] == ["garbage"]


async def test_an_answer_older_than_its_question_is_stale(script: Script, reader: BybitReader) -> None:
    """A cache in front of the venue must not pass for the present."""
    await reader.snapshot()
    script.says(stub.WALLET, lambda _: Raw(script.envelope(stub.wallet(), age_ms=2_500)))

    snapshot = await reader.snapshot()

    assert snapshot.wallet is None
    assert [(failure.part, failure.code) for failure in snapshot.failures] == [
        (Part.WALLET, "stale"),
        (Part.LEDGER, "unasked"),
    ]


async def test_an_endpoint_whose_time_runs_backwards_is_stale(script: Script, reader: BybitReader) -> None:
    """Within the two seconds of tolerance an older answer than the last one is still a replay."""
    await reader.snapshot()
    real = script.venue_ms
    script.venue_ms = lambda: real() - 1000

    snapshot = await reader.snapshot()

    assert {failure.code for failure in snapshot.failures} == {"stale", "unasked"}
    assert {failure.part for failure in snapshot.failures} == set(Part)


async def test_a_clock_that_differs_from_ours_is_no_staleness(script: Script, reader: BybitReader) -> None:
    """Our own clock may be wrong by minutes; the offset is measured, and requests are signed with it."""
    real = script.venue_ms
    script.venue_ms = lambda: real() - 300_000

    snapshot = await reader.snapshot()

    assert snapshot.complete
    signed = [int(seen.headers["X-BAPI-TIMESTAMP"]) for seen in script.seen if seen.path == stub.WALLET]
    assert abs(signed[0] - script.venue_ms()) < 2_000


async def test_without_a_measured_clock_the_account_is_still_seen(
    script: Script, reader: BybitReader
) -> None:
    script.says(stub.TIME, Raw(b"", 503))

    snapshot = await reader.snapshot()

    assert snapshot.complete


async def test_parts_are_asked_at_the_same_time(script: Script) -> None:
    reader = BybitReader(script.endpoint(timeout_s=10.0), WATCH)
    await reader.snapshot()
    for path, answer in list(script.answers.items()):
        if path in (stub.WALLET, stub.POSITIONS, stub.ORDERS):
            script.says(path, lambda seen, answer=answer: Raw(script.envelope(answer(seen)), delay=1.0))
    begun = time.monotonic()

    snapshot = await reader.snapshot()

    assert snapshot.complete
    assert time.monotonic() - begun < 2.0, "two of three one after the other"
    await reader.close()


async def test_an_isolated_margin_account_is_read_from_its_coins(script: Script, reader: BybitReader) -> None:
    """The venue leaves every account-wide margin empty there; blindness would be the wrong answer.

    A USDT is 0.999 here, as everywhere in this wallet: margins of several coins add up at their prices.
    """
    empty: dict[str, Any] = dict.fromkeys(
        ("totalMarginBalance", "totalInitialMargin", "totalMaintenanceMargin"), ""
    )
    script.says(stub.WALLET, stub.wallet(**empty))

    snapshot = await reader.snapshot()

    assert snapshot.wallet is not None
    assert snapshot.wallet.margin_balance == snapshot.wallet.equity
    assert snapshot.wallet.initial_margin == Decimal(2997)
    assert snapshot.wallet.maintenance_margin == Decimal("149.85")


async def test_a_reporting_currency_that_is_worth_two_and_a_half_fails_the_wallet(
    script: Script, reader: BybitReader
) -> None:
    """Both accounts of the equity are priced with it: believed, it would hide a loss from both."""
    script.says(stub.WALLET, stub.wallet([stub.coin(equity="10000", usdValue="25000")]))

    snapshot = await reader.snapshot()

    assert snapshot.wallet is None
    assert (Part.WALLET, "garbage") == (snapshot.failures[0].part, snapshot.failures[0].code)


async def test_a_ledger_that_nobody_asked_goes_blind_with_the_wallet(script: Script) -> None:
    """A thief's withdrawal comes while the wallet's endpoint is down: what did not look has not seen."""
    away = rule(rung(0.02, "halt"), id="away", metric="foreign_transfers", window=SLIDING_HOUR)
    desk = Desk(replace(away, stale_after_seconds=60.0, on_unknown=OnUnknown.HALT))
    script.says(stub.WALLET, stub.flat_wallet())
    script.says(stub.POSITIONS, stub.listed([]))
    reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
    for second in range(6):
        desk.see(replace(await reader.snapshot(), account=ACCOUNT, asked_at=at(second)))
    script.says(stub.WALLET, Raw(b"", 500))
    for second in range(10, 80, 10):
        desk.see(replace(await reader.snapshot(), account=ACCOUNT, asked_at=at(second)))
    await reader.close()

    assert (Level.HALT, "away") == (desk.level, desk.incident.rule)
