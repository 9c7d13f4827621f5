"""Keeping the rows: in the transaction of the record that told them, and never at its cost.

Where rows cannot be written a gap is noted beside the records: the first record whose rows are missing. It is
filled from the records later (`mend.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from guardian.journal.history.derive import Derived, Told, derive, statements
from guardian.journal.history.shapes import TABLES

GAP = "history_gap"
"""The fact beside the chain that names the first record whose rows may be missing."""


class HistoryLost(Exception):
    """The rows took the whole transaction with them: it is to be made again without rows."""


def lay(db: sqlite3.Connection, used: bool) -> None:
    """Put the tables in place; in a journal that is in `use` they are then to be filled from its records.

    A file whose other tables are whole is used without these: what is told to them fails, and is told.
    """
    try:
        if not _missing(db):
            return
        db.execute("BEGIN IMMEDIATE")
        for statement in (s for table in TABLES for s in table.layout):
            db.execute(statement)
        if used:
            note_gap(db, 1)
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _missing(db: sqlite3.Connection) -> bool:
    wanted = {name for table in TABLES for name in (table.name, table.index)}
    return not wanted <= {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def write(db: sqlite3.Connection, rows: Iterable[Told]) -> None:
    """Inside the caller's transaction. Raises sqlite3.Error."""
    for statement, values in statements(rows):
        db.executemany(statement, values)


def gap(db: sqlite3.Connection) -> int | None:
    """The first record whose rows may be missing."""
    found = db.execute("SELECT value FROM meta WHERE name = ?", (GAP,)).fetchone()
    return None if found is None else int(found[0])


def note_gap(db: sqlite3.Connection, seq: int) -> None:
    """Rows of record `seq` and later may be missing; an older gap stays."""
    known = gap(db)
    if known is None or seq < known:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (GAP, str(seq)))


def advance_gap(db: sqlite3.Connection, known: int, seq: int) -> bool:
    """Everything before `seq` has its rows; False for a gap that is not the `known` one any more."""
    moved = db.execute("UPDATE meta SET value = ? WHERE name = ? AND value = ?", (str(seq), GAP, str(known)))
    return moved.rowcount == 1


def close_gap(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM meta WHERE name = ?", (GAP,))


class History:
    """What one store knows of its rows: `problem` is what went wrong last, `failures` how often.

    `damaged` are segments, each with the reason, whose rows could not be had again.
    """

    def __init__(self) -> None:
        self.problem = ""
        self.failures = 0
        self.damaged: dict[str, str] = {}

    def put(self, db: sqlite3.Connection, first: int, entries: Sequence[tuple[str, str]]) -> None:
        """The rows of new records (kind, body) from number `first` on. Raises HistoryLost only."""
        found = [derive(seq, kind, body) for seq, (kind, body) in enumerate(entries, first)]
        self._note_unfit(found)
        rows = [row for each in found for row in each.rows]
        if not rows:
            return
        try:
            db.execute("SAVEPOINT history")
            write(db, rows)
            db.execute("RELEASE history")
        except Exception as error:  # Whatever a row may be wrong with, its record is to be kept.
            self.fail(str(error))
            if not db.in_transaction:
                raise HistoryLost from error
            db.execute("ROLLBACK TO history")
            db.execute("RELEASE history")
            note_gap(db, first)

    def fail(self, problem: str) -> None:
        self.problem = problem
        self.failures += 1

    def _note_unfit(self, found: Sequence[Derived]) -> None:
        """Not a gap: the record will never tell more than it does."""
        unfit = sum(each.unfit for each in found)
        if unfit:
            self.problem = f"{unfit} rows of a record have no shape of one"
