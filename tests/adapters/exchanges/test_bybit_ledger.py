"""The ledger: flows are seen once, in time, and across a restart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guardian.core.model import LedgerKind, Part
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script


class TestLedger:
    """Flows must be seen once, in time, and never before the wallet contains them."""

    async def test_it_is_read_when_cash_moved_and_after_the_wallet(
        self, script: Script, reader: BybitReader
    ) -> None:
        await reader.snapshot()
        row = stub.ledger_row(1, script.venue_ms())
        script.says(stub.LEDGER, stub.listed([row]))
        quiet = await reader.snapshot()
        await asyncio.sleep(0.005)
        script.says(stub.WALLET, stub.wallet([stub.coin(walletBalance="10150")]))
        script.seen.clear()

        moved = await reader.snapshot()

        assert quiet.ledger == ()
        assert moved.ledger is not None
        (entry,) = moved.ledger
        assert (entry.id, entry.kind, entry.currency) == ("row-1", LedgerKind.FLOW, "USDT")
        assert entry.change == Decimal(250)
        assert abs(entry.at - datetime.now(UTC)) < timedelta(seconds=5)
        paths = [seen.path for seen in script.seen]
        assert paths.index(stub.LEDGER) > paths.index(stub.WALLET)

    async def test_quiet_cash_costs_no_ledger_request(self, script: Script, reader: BybitReader) -> None:
        await reader.snapshot()
        script.seen.clear()

        await reader.snapshot()

        assert script.sent_to(stub.LEDGER) == []

    async def test_it_is_read_when_it_is_due_although_cash_did_not_move(self, script: Script) -> None:
        """A deposit and an equal loss leave the cash as it was."""
        reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
        await reader.snapshot()
        await asyncio.sleep(0.005)
        rows = [
            stub.ledger_row(2, script.venue_ms(), type="TRADE", change="-250", tradeId="t"),
            stub.ledger_row(1, script.venue_ms()),
        ]
        script.says(stub.LEDGER, stub.listed(rows))
        await asyncio.sleep(0.005)

        snapshot = await reader.snapshot()

        assert snapshot.ledger is not None
        assert {entry.kind for entry in snapshot.ledger} == {LedgerKind.FLOW, LedgerKind.TRADE}
        await reader.close()

    async def test_rows_come_once_over_pages_and_reads(self, script: Script) -> None:
        reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
        await reader.snapshot()
        await asyncio.sleep(0.005)
        rows = [stub.ledger_row(number, script.venue_ms()) for number in range(120)]
        script.says(stub.LEDGER, stub.paged([*rows, rows[0]], 50))
        await asyncio.sleep(0.005)

        first, second = await reader.snapshot(), await reader.snapshot()

        assert first.ledger is not None
        assert len(first.ledger) == 120
        assert second.ledger == ()
        await reader.close()

    async def test_what_the_first_wallet_contains_is_no_news(self, script: Script) -> None:
        """Yesterday's deposit must not count as a flow of today."""
        reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
        script.says(stub.LEDGER, stub.listed([stub.ledger_row(1, script.venue_ms() - 1000)]))

        first, second = await reader.snapshot(), await reader.snapshot()

        assert (first.ledger, second.ledger) == ((), ())
        await reader.close()

    async def test_a_row_newer_than_the_wallet_waits_for_the_next_read(self, script: Script) -> None:
        """Told early, a deposit that the wallet does not show yet looks like a loss of the same size."""
        reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
        await reader.snapshot()
        row = stub.ledger_row(1, script.venue_ms() + 150)
        script.says(stub.LEDGER, stub.listed([row]))

        early = await reader.snapshot()
        await asyncio.sleep(0.2)
        later = await reader.snapshot()

        assert early.ledger == ()
        assert later.ledger is not None
        assert [entry.id for entry in later.ledger] == ["row-1"]
        await reader.close()

    async def test_a_log_behind_the_wallet_is_asked_again(self, script: Script, reader: BybitReader) -> None:
        await reader.snapshot()
        at = script.venue_ms() + 2
        await asyncio.sleep(0.01)
        script.says(stub.WALLET, stub.wallet([stub.coin(walletBalance="10150")]))
        before = await reader.snapshot()
        script.says(stub.LEDGER, stub.listed([stub.ledger_row(1, at)]))

        after = await reader.snapshot()

        assert before.ledger == ()
        assert after.ledger is not None
        assert [entry.id for entry in after.ledger] == ["row-1"]

    async def test_a_failed_read_loses_no_row(self, script: Script, reader: BybitReader) -> None:
        await reader.snapshot()
        await asyncio.sleep(0.005)
        script.says(stub.WALLET, stub.wallet([stub.coin(walletBalance="10150")]))
        row = stub.ledger_row(1, script.venue_ms())
        script.says(stub.LEDGER, stub.counted([Raw(b"", 502), stub.listed([row])]))
        await asyncio.sleep(0.005)

        failed, next_one = await reader.snapshot(), await reader.snapshot()

        assert failed.ledger is None
        assert [(failure.part, failure.code) for failure in failed.failures] == [(Part.LEDGER, "http-502")]
        assert next_one.ledger is not None
        assert [entry.id for entry in next_one.ledger] == ["row-1"]

    @pytest.mark.parametrize(
        ("venue_type", "kind"),
        [
            ("TRADE", LedgerKind.TRADE),
            ("LIQUIDATION", LedgerKind.TRADE),
            ("SETTLEMENT", LedgerKind.FUNDING),
            ("TRANSFER_IN", LedgerKind.FLOW),
            ("TRANSFER_OUT", LedgerKind.FLOW),
            ("BONUS", LedgerKind.FLOW),
            ("BONUS_TRANSFER_OUT", LedgerKind.FLOW),
            ("INTEREST", LedgerKind.OTHER),
            ("SOMETHING_NEW", LedgerKind.OTHER),
        ],
    )
    async def test_kinds(self, script: Script, venue_type: str, kind: LedgerKind) -> None:
        reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
        await reader.snapshot()
        await asyncio.sleep(0.005)
        script.says(stub.LEDGER, stub.listed([stub.ledger_row(1, script.venue_ms(), type=venue_type)]))
        await asyncio.sleep(0.005)

        snapshot = await reader.snapshot()

        assert snapshot.ledger is not None
        assert [entry.kind for entry in snapshot.ledger] == [kind]
        await reader.close()

    @pytest.mark.parametrize(
        "changes", [{"change": "NaN"}, {"change": ""}, {"id": ""}, {"transactionTime": "x"}]
    )
    async def test_a_row_that_makes_no_sense_fails_the_part(
        self, script: Script, changes: dict[str, str]
    ) -> None:
        reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
        await reader.snapshot()
        script.says(stub.LEDGER, stub.listed([stub.ledger_row(1, script.venue_ms()) | changes]))

        snapshot = await reader.snapshot()

        assert snapshot.ledger is None
        assert [failure.code for failure in snapshot.failures] == ["garbage"]
        await reader.close()


async def test_after_a_restart_the_ledger_goes_on_where_the_last_run_stopped(script: Script) -> None:
    """A withdrawal or a realised loss of the minutes without guardian must still be told apart."""
    stopped = datetime.now(UTC) - timedelta(minutes=5)
    before = script.venue_ms() - 301_000
    between = [stub.ledger_row(number, script.venue_ms() - number * 60_000) for number in (1, 4)]
    script.says(stub.LEDGER, stub.listed([*between, stub.ledger_row(9, before)]))
    reader = BybitReader(script.endpoint(booked_to=stopped), WATCH)

    first, second = await reader.snapshot(), await reader.snapshot()

    assert first.ledger is not None
    assert [entry.id for entry in first.ledger] == ["row-4", "row-1"]
    assert second.ledger == ()
    await reader.close()
