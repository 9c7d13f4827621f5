"""Reading a journal without owning it: for the command line, while a daemon writes, or after it died."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from guardian.journal.chain import Row, instant
from guardian.journal.faults import damaged
from guardian.journal.schema import connect_read_only
from guardian.journal.tail import verify_chain
from guardian.ports import Record, Verification

_NEWEST_FIRST = (
    "SELECT seq, at, kind, body, prev, hash FROM records"
    " WHERE (:since IS NULL OR at >= :since) AND (:kind IS NULL OR kind = :kind) ORDER BY seq DESC"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: the newest `last` of those since `since`, of `kind`, whose body `matches`."""

    last: int | None = None
    since: datetime | None = None
    kind: str | None = None
    matches: Callable[[str], bool] | None = None


def read_records(path: Path, wanted: Wanted) -> list[Record]:
    """Matching records, oldest first. Raises OSError or sqlite3.Error."""
    with closing(connect_read_only(path)) as db:
        newest = list(_newest(db, wanted))
    return newest[::-1]


def _newest(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Record]:
    since = None if wanted.since is None else instant(wanted.since)
    found = 0
    with closing(db.execute(_NEWEST_FIRST, {"since": since, "kind": wanted.kind})) as rows:
        for stored in rows:
            if wanted.last is not None and found >= wanted.last:
                return
            row = Row(*stored)
            if wanted.matches is None or wanted.matches(row.body):
                found += 1
                yield Record(row.seq, datetime.fromisoformat(row.at), row.kind, row.body, row.prev, row.hash)


def verify_file(path: Path) -> Verification:
    """Read the whole chain. A damaged file is an answer; OSError and sqlite3.Error mean the disk failed."""
    try:
        with closing(connect_read_only(path)) as db:
            return verify_chain(db)
    except sqlite3.DatabaseError as error:
        if not damaged(error):
            raise
        return Verification(False, 0, None, f"the file is damaged ({error})")
