"""History that cannot be written: a trouble, never a stop; what is missing comes back from the records."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.journal import Keeping, SqliteJournal, verify_file
from guardian.journal.history.check import compare
from guardian.journal.history.keep import gap
from guardian.journal.history.shapes import FILLS, LEDGER, TABLES
from guardian.journal.schema import connect
from tests.adapters.journal.history.deeds import (
    ORIGIN,
    START,
    activity,
    body,
    booked,
    entry,
    fill,
    ids,
    order,
    stored,
    write,
    written,
)


class Opener:
    """Opens connections as the product does and lets the test into the newest one."""

    def __init__(self) -> None:
        self.db: sqlite3.Connection | None = None
        self.spoil: Callable[[sqlite3.Connection], object] | None = None

    def __call__(self, path: Path) -> sqlite3.Connection:
        self.db = connect(path)
        if self.spoil is not None:
            self.spoil(self.db)
        return self.db


def denying(db: sqlite3.Connection) -> None:
    """Nothing may be put into fills; everything else may."""

    def judge(action: int, first: str | None, *_: str | None) -> int:
        forbidden = action == sqlite3.SQLITE_INSERT and first == "fills"
        return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK

    db.set_authorizer(judge)


def dropped(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE fills")


MANY = tuple(fill(number, "ft-" + "x" * 200) for number in range(100, 300))
"""Whose rows take more room than their record: each is in two indexes."""


def gap_of(path: Path) -> int | None:
    with closing(sqlite3.connect(path)) as db:
        return gap(db)


@pytest.mark.parametrize("spoil", [denying, dropped])
async def test_rows_that_cannot_be_written_cost_no_record(
    tmp_path: Path, spoil: Callable[[sqlite3.Connection], None]
) -> None:
    path, opener = tmp_path / "journal.db", Opener()
    journal = SqliteJournal(path, ORIGIN, opener)
    await write(journal, activity((fill(1),)), booked(entry(1)))
    assert opener.db is not None
    spoil(opener.db)

    await write(journal, activity((fill(2),)), booked(entry(2)))
    kept = verify_file(path)

    assert (kept.ok, kept.records) == (True, 4)
    assert ids(path, "ledger") == ["l1", "l2"]
    assert gap_of(path) == 3
    await journal.close()


async def test_a_disk_without_room_for_rows_keeps_the_record(tmp_path: Path) -> None:
    """sqlite then takes the whole transaction back: the record is written again, alone."""
    path, opener = tmp_path / "journal.db", Opener()
    journal = SqliteJournal(path, ORIGIN, opener)
    await journal.append(START, "tick", "{}")
    assert opener.db is not None
    pages = opener.db.execute("PRAGMA page_count").fetchone()[0] + len(body(activity(MANY))) // 4096 + 4
    opener.spoil = lambda db: db.execute(f"PRAGMA max_page_count = {pages}")
    opener.spoil(opener.db)

    seq = await journal.append(START, "activity", body(activity(MANY)))
    kept = verify_file(path)

    assert (seq, kept.ok, kept.records) == (2, True, 2)
    assert ids(path, "fills") == []
    assert gap_of(path) == 2
    opener.spoil = None
    await journal.close()
    journal = SqliteJournal(path, ORIGIN)
    await journal.mend_history(tmp_path / "archive")
    await journal.close()
    assert len(ids(path, "fills")) == len(MANY)
    assert compare(path, tmp_path / "archive", FILLS).ok


async def test_a_gap_is_filled_from_the_records(tmp_path: Path) -> None:
    path, archive, opener = tmp_path / "journal.db", tmp_path / "archive", Opener()
    opener.spoil = denying
    journal = SqliteJournal(path, ORIGIN, opener)
    await write(journal, activity((fill(1), fill(2)), (order(1),)), booked(entry(1)))
    await journal.close()
    journal = SqliteJournal(path, ORIGIN)
    await write(journal, activity((fill(3),)))
    between = ids(path, "fills")

    problem = await journal.mend_history(archive)
    await journal.close()

    assert (between, ids(path, "fills")) == (["e3"], ["e1", "e2", "e3"])
    assert problem == ""
    assert gap_of(path) is None
    assert all(compare(path, archive, table).ok for table in TABLES)


async def test_a_gap_stays_while_writing_fails(tmp_path: Path) -> None:
    path, opener = tmp_path / "journal.db", Opener()
    opener.spoil = denying
    journal = SqliteJournal(path, ORIGIN, opener)
    await write(journal, activity((fill(1),)))

    with pytest.raises(sqlite3.DatabaseError):
        await journal.mend_history(tmp_path / "archive")
    await journal.close()

    assert gap_of(path) == 1


async def old_journal(path: Path) -> None:
    """As a guardian without these tables has left it, its older records in the archive."""
    journal = SqliteJournal(path, ORIGIN)
    for number in range(1, 41):
        at = START + timedelta(hours=number)
        told = activity((fill(number),)) if number % 2 else booked(entry(number))
        await journal.append(at, told.kind, body(told))
        if number % 10 == 0:
            await journal.checkpoint(at, "{}")
    await journal.rotate(Keeping(path.parent / "archive", 1_000), START + timedelta(days=3))
    await journal.close()
    with closing(sqlite3.connect(path)) as db:
        for table in TABLES:
            db.execute(f"DROP TABLE {table.name}")
        db.commit()


async def test_an_existing_journal_gets_its_history(tmp_path: Path) -> None:
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await old_journal(path)

    journal = SqliteJournal(path, ORIGIN)
    restored = await journal.restore()
    await write(journal, activity((fill(41),)))
    before = ids(path, "fills")
    await journal.mend_history(archive)
    await journal.close()

    assert restored.torn == ""
    assert before == ["e41"]
    assert len(ids(path, "fills")) == 21
    assert len(ids(path, "ledger")) == 20
    assert compare(path, archive, FILLS).ok
    assert compare(path, archive, LEDGER).rows == 20
    assert verify_file(path).ok


async def test_rows_go_with_the_record_that_told_them(tmp_path: Path) -> None:
    """Retention is that of the records: what is deleted with its segment has no row, what is kept has one."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    journal = SqliteJournal(path, ORIGIN)
    for number in range(1, 61):
        at = START + timedelta(hours=number)
        told = activity((fill(number), fill(1)), (order(number),))
        await journal.append(at, told.kind, body(told))
        if number % 10 == 0:
            await journal.checkpoint(at, "{}")
    for hours in (20, 40, 60):
        keeping = Keeping(archive, 2_000, timedelta(hours=24))
        done = await journal.rotate(keeping, START + timedelta(hours=hours))
    await journal.close()

    found = compare(path, archive, FILLS)
    assert done.deleted > 0
    assert found.ok
    assert found.older == 0
    assert "e2" not in ids(path, "fills")
    assert {"e1", "e60"} <= set(ids(path, "fills"))
    assert "o2" not in ids(path, "orders")
    assert verify_file(path).ok


async def test_without_keep_no_row_is_deleted(tmp_path: Path) -> None:
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await old_journal(path)
    journal = SqliteJournal(path, ORIGIN)
    await journal.mend_history(archive)

    await journal.rotate(Keeping(archive, 1_000), START + timedelta(days=3000))
    await journal.close()

    assert len(stored(path, "fills", "id")) == 20


async def test_a_row_told_again_outlives_its_first_record(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    await written(path, activity((fill(1),)), activity((fill(1),)), activity((fill(2),)))

    assert stored(path, "fills", "id", "seq") == [("e1", 2), ("e2", 3)]
