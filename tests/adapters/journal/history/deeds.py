"""What was done on an account, and the records that tell it, as the runtime writes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from guardian.core.events import ActivityTaken, Event, SnapshotTaken
from guardian.core.facts.activity import Activity, Fill, PastOrder
from guardian.core.model import LedgerEntry, LedgerKind, Snapshot
from guardian.journal import Origin, SqliteJournal
from guardian.runtime.codec import encode_step

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ORIGIN = Origin("test")
ACCOUNT = "bybit-main"
SYMBOL = "BTC/USDT:USDT"


def fill(number: int, client_id: str = "ft-1", **more: Any) -> Fill:
    made = Fill(
        id=f"e{number}",
        at=START + timedelta(seconds=number),
        symbol=SYMBOL,
        side=1 if number % 2 else -1,
        quantity=Decimal("0.010"),
        price=Decimal("64000.5") + number,
        fee=Decimal("0.3520"),
        fee_currency="USDT",
        order_id=f"o{number}",
        client_id=client_id,
    )
    return replace(made, **more)


def order(number: int, status: str = "filled", after: float = 0.0, **more: Any) -> PastOrder:
    made = PastOrder(
        id=f"o{number}",
        client_id=f"ft-{number}",
        symbol=SYMBOL,
        side=1,
        quantity=Decimal("0.010"),
        filled=Decimal("0.010") if status == "filled" else Decimal(0),
        price=None if number % 2 else Decimal(64000),
        average=Decimal("64000.5") if status == "filled" else None,
        status=status,
        code="",
        reduce_only=False,
        created_at=START + timedelta(seconds=number),
        updated_at=START + timedelta(seconds=number + after),
    )
    return replace(made, **more)


def entry(number: int, kind: LedgerKind = LedgerKind.TRADE, change: str = "-1.25") -> LedgerEntry:
    return LedgerEntry(f"l{number}", START + timedelta(seconds=number), kind, "USDT", Decimal(change))


def activity(
    fills: tuple[Fill, ...] | None = (), orders: tuple[PastOrder, ...] | None = (), account: str = ACCOUNT
) -> ActivityTaken:
    return ActivityTaken(START, Activity(account, START, fills, orders))


def booked(*entries: LedgerEntry, account: str = ACCOUNT) -> SnapshotTaken:
    return SnapshotTaken(START, Snapshot(account, START, None, (), (), entries))


def body(event: Event) -> str:
    return encode_step(event, (), ())


async def write(journal: SqliteJournal, *events: Event) -> None:
    for event in events:
        await journal.append(event.at, event.kind, body(event))


async def written(path: Path, *events: Event) -> None:
    journal = SqliteJournal(path, ORIGIN)
    await write(journal, *events)
    await journal.close()


def stored(path: Path, what: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of a table as a stranger's sqlite sees them, by account and id."""
    with closing(sqlite3.connect(path)) as db:
        asked = ("SELECT", ", ".join(columns), "FROM", what, "ORDER BY account, id")
        return db.execute(" ".join(asked)).fetchall()


def ids(path: Path, what: str) -> list[str]:
    return [row[0] for row in stored(path, what, "id")]
