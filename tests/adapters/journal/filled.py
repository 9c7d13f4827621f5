"""Journals for the tests of rotation: a record an hour, a checkpoint now and then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guardian.journal import Keeping, Origin, Rotated, SqliteJournal, Wanted, read_records
from guardian.ports import Record

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ORIGIN = Origin("test")


async def written(path: Path, records: int = 60, every: int = 10, begin: int = 1) -> list[Record]:
    """A closed journal with a record an hour and a checkpoint after each `every`; what it holds."""
    journal = SqliteJournal(path, ORIGIN)
    for number in range(begin, records + 1):
        at = START + timedelta(hours=number)
        await journal.append(at, "snapshot", f'{{"n": {number}}}')
        if number % every == 0:
            await journal.checkpoint(at, f'{{"after": {number}}}')
    await journal.close()
    return read_records(path, Wanted())


async def rotated(
    path: Path, keeping: Keeping, days: float = 3.0, origin: Origin = ORIGIN, **more: Any
) -> Rotated:
    journal = SqliteJournal(path, origin)
    await journal.restore()
    try:
        return await journal.rotate(keeping, START + timedelta(days=days), **more)
    finally:
        await journal.close()


def everything(path: Path) -> list[Record]:
    return read_records(path, Wanted(), path.parent / "archive")


def events(records: list[Record]) -> list[Record]:
    return [record for record in records if record.kind not in ("archived", "pruned", "started")]
