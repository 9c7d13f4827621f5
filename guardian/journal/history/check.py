"""Holding the rows against the records that told them. Rows are not chained: what vouches for them is this.

The records there are make a second history beside the first one, and sqlite says where the two differ.
"""

from __future__ import annotations

import sqlite3
import urllib.parse
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from guardian.journal.archive.segment import segments
from guardian.journal.history.derive import derive
from guardian.journal.history.keep import write
from guardian.journal.history.mend import telling
from guardian.journal.history.read import require
from guardian.journal.history.shapes import Table
from guardian.journal.schema import CHAIN, read_meta

NAMED = 5
"""How many of the rows that differ are named."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`rows` are those that records `first` to `last` vouch for; `older` ones are of records that are gone.

    `missing` are told by a record and not there, `changed` not as they were told, `untold` told by none.
    """

    rows: int
    first: int
    last: int
    older: int
    missing: int
    changed: int
    untold: int
    named: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not (self.missing or self.changed or self.untold)


def compare(path: Path, archive: Path, table: Table) -> Compared:
    """One view of records and rows while a daemon goes on writing.

    Raises OSError, sqlite3.Error, SegmentDamaged or HistoryMissing.
    """
    address = f"file:{urllib.parse.quote(str(path.resolve()))}?mode=ro"
    # A database without a name lies in a temporary file: years of rows need not fit into memory.
    with closing(sqlite3.connect("", isolation_level=None, uri=True)) as db:
        db.execute("ATTACH ? AS kept", (address,))
        require(db, table, path, "kept.sqlite_master")
        for statement in table.layout:
            db.execute(statement)
        db.execute("BEGIN")
        last = int(db.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()[0])
        first = _first(db, archive)
        for record in telling(db, archive):
            write(db, (row for row in derive(*record).rows if row.table is table))
        return _compared(db, table, first, last)


def _first(db: sqlite3.Connection, archive: Path) -> int:
    """The oldest record that is there."""
    live = db.execute("SELECT coalesce(min(seq), 1) FROM records").fetchone()[0]
    own = segments(archive, read_meta(db, CHAIN) or "")
    return min([int(live), *(segment.title.first for segment in own)])


def _compared(db: sqlite3.Connection, table: Table, first: int, last: int) -> Compared:
    same = " AND ".join(f"kept.{name} IS told.{name}" for name in table.names)
    key = "kept.account = told.account AND kept.id = told.id"
    there, told = f"kept.{table.name} AS kept", f"main.{table.name} AS told"
    find = {
        "missing": f"{told} LEFT JOIN {there} ON {key} WHERE kept.id IS NULL",
        "changed": f"{told} JOIN {there} ON {key} WHERE kept.seq >= :first AND NOT ({same})",
        "untold": f"{there} LEFT JOIN {told} ON {key} WHERE kept.seq >= :first AND told.id IS NULL",
    }
    counts: dict[str, int] = {}
    named: list[str] = []
    for what, source in find.items():
        counts[what] = _one(db, " ".join(("SELECT count(*) FROM", source)), first)
        chosen = "told.account || ' ' || told.id" if what != "untold" else "kept.account || ' ' || kept.id"
        sample = " ".join(("SELECT", chosen, "FROM", source, f"LIMIT {NAMED}"))
        named += [f"{what}: {name}" for (name,) in db.execute(sample, {"first": first})]
    older = _one(db, " ".join(("SELECT count(*) FROM", there, "WHERE kept.seq < :first")), first)
    rows = _one(db, " ".join(("SELECT count(*) FROM", told)), first)
    return Compared(rows, first, last, older, named=tuple(named), **counts)


def _one(db: sqlite3.Connection, statement: str, first: int) -> int:
    return int(db.execute(statement, {"first": first}).fetchone()[0])
