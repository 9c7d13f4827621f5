"""What was done without the daemon is taken over once, marked, and the file is put aside."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from guardian.journal import Origin, SqliteJournal, Wanted, import_direct, read_records
from guardian.journal import direct as direct_file

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
NAME = "direct-20261121T090000Z.db"


async def direct_journal(folder: Path, records: int = 3) -> Path:
    journal = SqliteJournal(folder / NAME, Origin("desk"))
    for number in range(records):
        await journal.append(START, "demanded", json.dumps({"event": {"account": "acc", "n": number}}))
    await journal.close()
    return folder / NAME


async def test_every_direct_record_is_in_the_chain_and_the_file_renamed(tmp_path: Path) -> None:
    path = await direct_journal(tmp_path)
    journal = SqliteJournal(tmp_path / "journal.db", Origin("desk"))
    await journal.append(START, "tick", "{}")

    added = await import_direct(journal, path)
    direct_file.put_aside(path)
    restored, verified = await journal.restore(), await journal.verify()
    await journal.close()

    assert (added, verified.ok, verified.records) == (3, True, 4)
    assert restored.bodies == ("{}",)  # Direct records are told, not replayed: they were another state's.
    bodies = [
        json.loads(r.body)["direct"] for r in read_records(tmp_path / "journal.db", Wanted(kind="direct"))
    ]
    assert [json.loads(body["body"])["event"]["n"] for body in bodies] == [0, 1, 2]
    assert all(body["verified"] and body["source"] == NAME for body in bodies)
    assert not path.exists()
    assert Path(f"{path}.imported").exists()


async def test_a_file_that_was_not_put_aside_is_not_imported_twice(tmp_path: Path) -> None:
    path = await direct_journal(tmp_path)
    journal = SqliteJournal(tmp_path / "journal.db", Origin("desk"))

    first = await import_direct(journal, path)
    again = await import_direct(journal, path)
    verified = await journal.verify()
    await journal.close()

    assert (first, again, verified.records) == (3, 0, 3)
    assert path.exists()


async def test_a_changed_direct_journal_is_imported_and_says_so(tmp_path: Path) -> None:
    """What an operator did in an emergency is kept even when its chain is broken."""
    path = await direct_journal(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE records SET body = '{}' WHERE seq = 2")
        db.commit()
    journal = SqliteJournal(tmp_path / "journal.db", Origin("desk"))

    added = await import_direct(journal, path)
    await journal.close()

    records = read_records(tmp_path / "journal.db", Wanted())
    assert added == 3
    assert not any(json.loads(record.body)["direct"]["verified"] for record in records)
