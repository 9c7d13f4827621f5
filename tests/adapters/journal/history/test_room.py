"""The history lies in the live file: it must not look like records that are due to leave it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from guardian.journal import Keeping, SqliteJournal
from tests.adapters.journal.history.deeds import ORIGIN, START, activity, body, fill

SEGMENT = 200_000


async def rotated(folder: Path, rows: int, records: int, size: int) -> int:
    """Rotations of young records in a journal that has so many rows of history; segments sealed."""
    journal = SqliteJournal(folder / "journal.db", ORIGIN)
    for begin in range(0, rows, 100):
        told = activity(tuple(fill(number) for number in range(begin, begin + 100)))
        await journal.append(START, told.kind, body(told))
    for _ in range(3):
        await journal.checkpoint(START, "{}")
    # What told the history has left before the count begins; its rows have not.
    await journal.rotate(Keeping(folder / "archive", 1_000), START + timedelta(days=2))
    sealed = 0
    for number in range(records):
        await journal.append(START, "snapshot", "x" * size)
        if number % 20 == 19:
            await journal.checkpoint(START, "{}")
            done = await journal.rotate(Keeping(folder / "archive", SEGMENT), START)
            sealed += done.sealed
    await journal.close()
    return sealed


@pytest.mark.parametrize(("records", "size"), [(200, 100), (300, 2_000), (60, 20_000)])
async def test_segments_are_cut_by_what_records_take(tmp_path: Path, records: int, size: int) -> None:
    """Else every round would cut one of a few minutes, for ever."""
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()

    without = await rotated(tmp_path / "without", 0, records, size)
    beside = await rotated(tmp_path / "with", 4_000, records, size)

    assert abs(beside - without) <= 1
    assert (tmp_path / "with" / "journal.db").stat().st_size > 3 * SEGMENT
