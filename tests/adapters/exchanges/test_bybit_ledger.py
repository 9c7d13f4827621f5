"""The ledger: flows are seen once, in time, and across a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.model import LedgerEntry, LedgerKind, Part
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script


def rows_of(entries: Iterable[LedgerEntry]) -> list[str]:
    """The venue's own ids, without what tells two rows of the same id apart."""
    return [entry.id.partition(":")[0] for entry in entries]


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
        assert (rows_of([entry]), entry.kind, entry.currency) == (["row-1"], LedgerKind.FLOW, "USDT")
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
        assert rows_of(later.ledger) == ["row-1"]
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
        assert rows_of(after.ledger) == ["row-1"]

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
        assert rows_of(next_one.ledger) == ["row-1"]

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
            ("SOMETHING_NEW", LedgerKind.FLOW),
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
    assert rows_of(first.ledger) == ["row-4", "row-1"]
    assert second.ledger == ()
    await reader.close()


# --- one id over several rows -------------------------------------------------------------------

FILL: dict[str, Any] = {"type": "TRADE", "symbol": "BTCUSDT", "side": "Buy", "tradeId": "fill-1"}
DOCUMENTED: list[dict[str, Any]] = [
    {"type": "SETTLEMENT", "change": "-0.003676", "tradeId": "534c0003-4bf7-486f-aa02-78cee36825e4"},
    {"type": "TRADE", "change": "-0.0190872", "tradeId": "5184f079-88ec-54c7-8774-5173cafd2b4e"},
    {"type": "TRADE", "change": "-0.0026028", "tradeId": "8569c10f-5061-5891-81c4-a54929847eb3"},
]
SAME_ID = {
    "documented: a settlement and two fills": DOCUMENTED,
    "a spot fill, one row a currency": [
        FILL | {"currency": "BTC", "change": "0.01"},
        FILL | {"currency": "USDT", "change": "-640"},
    ],
    "a conversion without a fill": [
        {"type": "CURRENCY_BUY", "currency": "ETH", "change": "1"},
        {"type": "CURRENCY_SELL", "currency": "USDT", "change": "-3000"},
    ],
    "two sides of a self-trade": [FILL, FILL | {"side": "Sell"}],
    "two symbols": [FILL, FILL | {"symbol": "ETHUSDT"}],
    "two orders": [FILL | {"orderId": "a"}, FILL | {"orderId": "b"}],
    "nothing but the amount": [FILL | {"change": "-1"}, FILL | {"change": "-2"}],
}


@pytest.mark.parametrize("changes", SAME_ID.values(), ids=SAME_ID)
async def test_rows_that_share_an_id_are_each_told_once_and_blind_nothing(
    script: Script, changes: list[dict[str, Any]]
) -> None:
    """Refused, they would be refused again by every later read, and flat would never be verified."""
    reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
    await reader.snapshot()
    await asyncio.sleep(0.005)
    at = script.venue_ms()
    rows = [stub.ledger_row(1, at) | change for change in changes]
    script.says(stub.LEDGER, stub.listed([*rows, *rows]))
    await asyncio.sleep(0.005)

    told, again = await reader.snapshot(), await reader.snapshot()
    await reader.close()

    assert told.ledger is not None
    assert sorted((e.currency, e.change) for e in told.ledger) == sorted(
        (row["currency"], Decimal(row["change"])) for row in rows
    )
    assert len({entry.id for entry in told.ledger}) == len(rows)
    assert again.ledger == ()


async def test_a_second_row_of_an_id_that_was_told_already_is_told_too(script: Script) -> None:
    """The log is asynchronous: one currency of a fill may appear reads before the other."""
    reader = BybitReader(script.endpoint(flows_seconds=0.0), WATCH)
    await reader.snapshot()
    await asyncio.sleep(0.005)
    base, quote = [
        stub.ledger_row(1, script.venue_ms()) | change
        for change in SAME_ID["a spot fill, one row a currency"]
    ]
    script.says(stub.LEDGER, stub.counted([stub.listed([base]), stub.listed([quote, base])]))
    await asyncio.sleep(0.005)

    first, second = await reader.snapshot(), await reader.snapshot()
    await reader.close()

    assert [["BTC"], ["USDT"]] == [[e.currency for e in seen.ledger or ()] for seen in (first, second)]


async def test_a_row_keeps_its_identity_over_restarts_and_however_its_number_is_written(
    script: Script,
) -> None:
    """The core books by it: under another one the same deposit would count twice."""
    stopped, at = datetime.now(UTC) - timedelta(minutes=5), script.venue_ms() - 60_000
    row = stub.ledger_row(1, at, change="250", symbol="")
    ids = []
    for written in (row, row | {"change": "250.00", "cashBalance": "1250", "symbol": None}):
        script.says(stub.LEDGER, stub.listed([written]))
        reader = BybitReader(script.endpoint(booked_to=stopped), WATCH)
        ids.append([entry.id for entry in (await reader.snapshot()).ledger or ()])
        await reader.close()

    assert ids[0] == ids[1]
    assert len(ids[0]) == 1
