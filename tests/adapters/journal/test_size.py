"""A journal of a million records costs a restart no more than a small one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from guardian.journal import Origin, SqliteJournal, Wanted, read_records
from guardian.journal.schema import connect

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
MANY = 1_000_000
FEW = 10

FILL = """
WITH RECURSIVE n (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?)
INSERT INTO records SELECT seq, '2026-11-20T00:00:00.000000+00:00', 'tick', '{}', 'p', 'h' FROM n
"""


async def tail_after(path: Path, records: int) -> None:
    """A journal of `records` old ones, whose content no restart looks at, a checkpoint and a short tail."""
    journal = SqliteJournal(path, Origin("test"))
    await journal.append(START, "started", "{}")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute(FILL, (records,))
        db.execute("UPDATE meta SET value = ? WHERE name = 'head'", (f"{records} h",))
    await journal.close()
    journal = SqliteJournal(path, Origin("test"))
    await journal.checkpoint(START, '{"after": "many"}')
    for number in range(FEW):
        await journal.append(START, "tick", f'{{"n": {number}}}')
    await journal.close()


class Steps:
    """Opens as the product does and counts the instructions that SQLite runs."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.set_progress_handler(self._one, 1)
        return db

    def _one(self) -> int:
        self.count += 1
        return 0


async def test_a_restart_reads_the_tail_of_a_million_records_and_nothing_else(tmp_path: Path) -> None:
    """Counted, not timed: one instruction a record would be a million."""
    path, steps = tmp_path / "journal.db", Steps()
    await tail_after(path, MANY)

    journal = SqliteJournal(path, Origin("test"), steps)
    restored = await journal.restore()
    seq = await journal.append(START, "started", "{}")
    await journal.close()

    assert restored.checkpoint == '{"after": "many"}'
    assert len(restored.bodies) == FEW
    assert seq == MANY + 1 + FEW + 1
    assert 0 < steps.count < 5_000


async def test_a_look_at_the_tail_does_not_read_what_is_before_it(tmp_path: Path) -> None:
    """`guardian plan` asks for the records after a checkpoint; those before it are not touched."""
    path = tmp_path / "journal.db"
    await tail_after(path, 1_000)

    records = read_records(path, Wanted(after=1_001))
    with closing(sqlite3.connect(path)) as db:
        # What is before it cannot even be read as a record any more.
        db.execute("UPDATE records SET at = 'nonsense' WHERE seq <= 1001")
        db.commit()
    again = read_records(path, Wanted(after=1_001))

    assert len(records) == FEW
    assert records == again
