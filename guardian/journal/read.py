"""Reading a journal without owning it: for the command line, while a daemon writes, or after it died."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from guardian.journal.archive.segment import rows_of, segments
from guardian.journal.chain import Row, instant
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.ports import Record

_NEWEST_FIRST = (
    "SELECT seq, at, kind, body, prev, hash FROM records"
    " WHERE seq > :after AND (:since IS NULL OR at >= :since) AND (:kind IS NULL OR kind = :kind)"
    " ORDER BY seq DESC"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: the newest `last` of those since `since`, of `kind`, whose body `matches`.

    `after` leaves out every record up to that one, without reading it.
    """

    last: int | None = None
    since: datetime | None = None
    kind: str | None = None
    matches: Callable[[str], bool] | None = None
    after: int = 0


def read_records(path: Path, wanted: Wanted, archive: Path | None = None) -> list[Record]:
    """Matching records, oldest first; those of the `archive` too, where one is named.

    Raises OSError, sqlite3.Error or SegmentDamaged.
    """
    newest: list[Record] = []
    with closing(connect_read_only(path)) as db:
        for row in chain(_live(db, wanted), _archived(db, archive, wanted)):
            if wanted.last is not None and len(newest) >= wanted.last:
                break
            if wanted.matches is None or wanted.matches(row.body):
                at = datetime.fromisoformat(row.at)
                newest.append(Record(row.seq, at, row.kind, row.body, row.prev, row.hash))
    return newest[::-1]


def _live(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    since = None if wanted.since is None else instant(wanted.since)
    facts = {"since": since, "kind": wanted.kind, "after": wanted.after}
    with closing(db.execute(_NEWEST_FIRST, facts)) as rows:
        yield from (Row(*stored) for stored in rows)


def _archived(db: sqlite3.Connection, archive: Path | None, wanted: Wanted) -> Iterator[Row]:
    """Newest first. Segments that end too early are not unpacked; what is still live is left out."""
    live = db.execute("SELECT min(seq) FROM records").fetchone()[0]
    since = "" if wanted.since is None else instant(wanted.since)
    own = [] if archive is None else segments(archive, read_meta(db, CHAIN) or "")
    for segment in reversed(own):
        if segment.title.until < since or segment.title.last <= wanted.after:
            return
        rows = [row for row in rows_of(segment) if row.at >= since and row.kind == (wanted.kind or row.kind)]
        for row in reversed(rows):
            if row.seq > wanted.after and (live is None or row.seq < live):
                yield row
