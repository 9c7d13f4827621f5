"""Moving old records out of the live file, and deleting what nobody has to keep any more.

Law: a record leaves the live file only once its segment is whole, on the disk, read back, and named by a
record of the chain; a segment is deleted only after a record of the chain says so. So a crash at any point
leaves each record in at least one place, and the next rotation goes on from there. The live file always keeps
its two newest checkpoints, so a restart never reads the archive. A file that does not fit stops nothing: one
of another chain is left alone, one of this chain that does not hold its records is set aside, never deleted.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from guardian.journal.archive.room import size_of_records
from guardian.journal.archive.segment import (
    Lying,
    Segment,
    SegmentDamaged,
    Title,
    lying,
    opened,
    plain,
    rows_of,
    seal,
    settle,
    sweep,
    write,
)
from guardian.journal.chain import ARCHIVED, PRUNED, Row, instant
from guardian.journal.faults import failing
from guardian.journal.history.shapes import TABLES, Table
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.journal.store import Entry, Store

T = TypeVar("T")
Job = Callable[[Store], T]

ROW = "SELECT seq, at, kind, body, prev, hash FROM records"

BATCH_ROWS = 100
"""Rows that one transaction deletes: a decision that comes meanwhile waits for no more than these."""

PAUSE_SECONDS = 0.004
"""Between batches, so that the archive never takes the processor from those who decide."""

PACKED = 8
"""Records are packed to about a tenth: this part of their size is asked for before a segment is begun."""

LIVE_SECONDS = 30.0
DAY = timedelta(days=1)
WATCHED = timedelta(hours=1)
"""What happened this long before an open incident is part of its story."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """When a segment is cut, where it goes, and how long it stays (None: for ever)."""

    archive: Path
    segment_bytes: int = 200_000_000
    keep: timedelta | None = None

    @property
    def age(self) -> timedelta:
        """A segment is cut at this age although it is small, so that whole segments can leave in time."""
        return DAY if self.keep is None else min(DAY, self.keep / 4)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What one rotation did: segments sealed, segments deleted; and `foreign`, how many of other chains lie
    in the folder.
    """

    sealed: int = 0
    deleted: int = 0
    foreign: int = 0


class Live(NamedTuple):
    """The live file: its first record, the last one that may leave, and the bytes that records take."""

    first: int
    since: str
    movable: int
    used: int


class Rotation:
    """`ask` runs a job on the thread that owns the live file; everything else runs on the caller's."""

    def __init__(
        self, path: Path, keeping: Keeping, ask: Callable[[Job[Any]], Future[Any]], now: datetime
    ) -> None:
        self._path = path
        self._keeping = keeping
        self._ask = ask
        self._now = now
        self._chain = ""
        self._unfit: list[str] = []

    def run(self, open_since: datetime | None = None) -> Rotated:
        """Finish what was begun, cut what is due, delete what is past, also when nothing can be cut. Raises
        OSError, sqlite3.Error or SegmentDamaged at the end; whatever was done until then holds. `open_since`
        is when the oldest incident that is still open began.
        """
        with closing(connect_read_only(self._path)) as db:
            self._chain = read_meta(db, CHAIN) or self._do(lambda store: store.chain())
            try:
                sealed = self._cut(db)
            except Exception:
                # What is past its time may be just the room that is missing.
                self._prune(db, open_since)
                raise
            deleted = self._prune(db, open_since)
        if self._unfit:
            raise SegmentDamaged("; ".join(self._unfit))
        foreign = sum(not each.of(self._chain) for each in lying(self._keeping.archive))
        return Rotated(sealed, deleted, foreign)

    def _own(self) -> list[Lying]:
        return [each for each in lying(self._keeping.archive) if each.of(self._chain)]

    # --- cutting ------------------------------------------------------------------------------

    def _cut(self, db: sqlite3.Connection) -> int:
        sealed, archive = 0, self._keeping.archive
        sweep(archive, self._chain)
        for begun in self._own():
            self._take_over(db, begun)
        while (live := self._live(db)) is not None and self._due(live):
            title = self._title(db, live)
            expected = min(live.used, self._keeping.segment_bytes) // PACKED
            path = write(archive, self._chain, title, self._rows(db, title), expected)
            self._finish(db, Segment(path, title))
            sealed += 1
        return sealed

    def _live(self, db: sqlite3.Connection) -> Live | None:
        """None while nothing may leave: the record before the second newest checkpoint has to stay, because
        a restart holds the checkpoint against it.
        """
        newest = db.execute("SELECT seq FROM records WHERE kind = 'checkpoint' ORDER BY seq DESC LIMIT 2")
        marks = [seq for (seq,) in newest.fetchall()]
        first = db.execute("SELECT seq, at FROM records ORDER BY seq LIMIT 1").fetchone()
        if len(marks) < 2 or first[0] > marks[1] - 2:
            return None
        last = db.execute("SELECT max(seq) FROM records").fetchone()[0]
        return Live(first[0], str(first[1]), marks[1] - 2, size_of_records(db, first[0], last))

    def _due(self, live: Live) -> bool:
        return live.used >= self._keeping.segment_bytes or live.since < instant(self._now - self._keeping.age)

    def _title(self, db: sqlite3.Connection, live: Live) -> Title:
        """The records from the first up to the size of one segment, or up to the last that may leave."""
        size, last = 0, live.first
        sizes = "SELECT seq, length(body) FROM records WHERE seq <= ? ORDER BY seq"
        with closing(db.execute(sizes, (live.movable,))) as rows:
            for seq, length in rows:
                last, size = seq, size + length
                if size >= self._keeping.segment_bytes:
                    break
        begin, end = self._row(db, live.first), self._row(db, last)
        return Title(begin.seq, end.seq, begin.prev, end.hash, begin.at, end.at)

    @staticmethod
    def _row(db: sqlite3.Connection, seq: int) -> Row:
        return plain(Row(*db.execute(f"{ROW} WHERE seq = ?", (seq,)).fetchone()))

    @staticmethod
    def _rows(db: sqlite3.Connection, title: Title) -> Iterator[list[Row]]:
        """In short reads, so that the live file's log can be folded in while an archive is written."""
        after, batch = title.first - 1, f"{ROW} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT {BATCH_ROWS}"
        while rows := [Row(*row) for row in db.execute(batch, (after, title.last)).fetchall()]:
            yield rows
            after = rows[-1].seq
            time.sleep(PAUSE_SECONDS)

    # --- handing over -------------------------------------------------------------------------

    def _take_over(self, db: sqlite3.Connection, begun: Lying) -> None:
        """A segment whose records have not all left, because of a crash, is finished like one that was just
        written. One that does not fit makes room for one that does, and is kept for people; one whose name
        says no chain may be anybody's.
        """
        first = db.execute("SELECT min(seq) FROM records").fetchone()[0]
        if first is None or begun.last < first:
            return
        try:
            self._finish(db, opened(begun.path))
        except SegmentDamaged as error:
            if not begun.chain:
                self._unfit.append(f"{error}: left where it is")
                return
            aside = f"{begun.path.name}.unfit-{self._now:%Y%m%dT%H%M%SZ}"
            begun.path.rename(begun.path.with_name(aside))
            settle(begun.path.parent)
            self._unfit.append(f"{error}: set aside as {aside}")

    def _finish(self, db: sqlite3.Connection, segment: Segment) -> None:
        """Say in the chain where the records went, and take them out of the live file."""
        self._compare(db, segment)
        if not self._said(db, segment):
            self._say(ARCHIVED, segment, sha256=seal(segment.path))
        for batch in _batches(rows_of(segment)):
            self._do(_releasing([(row.seq, row.hash) for row in batch]))
            time.sleep(PAUSE_SECONDS)

    def _compare(self, db: sqlite3.Connection, segment: Segment) -> None:
        """Read the segment back and hold it against those of its records that are still in the live file.
        The last one must be: it leaves last, and one that never was there is of a past that was undone.
        """
        held = False
        for batch in _batches(rows_of(segment)):
            written = {row.seq: row for row in batch}
            found = db.execute(f"{ROW} WHERE seq BETWEEN ? AND ?", (batch[0].seq, batch[-1].seq)).fetchall()
            if any(written.get(row[0]) != plain(Row(*row)) for row in found):
                raise SegmentDamaged(f"{segment.path.name} does not hold what the journal holds")
            held = any(row[0] == segment.title.last for row in found)
        if not held:
            raise SegmentDamaged(f"{segment.path.name} does not end with a record of the journal")

    @staticmethod
    def _said(db: sqlite3.Connection, segment: Segment) -> bool:
        said = "SELECT body FROM records WHERE kind = 'archived' AND seq > ?"
        facts = (json.loads(body) for (body,) in db.execute(said, (segment.title.last,)))
        return any(fact["file"] == segment.path.name for fact in facts)

    # --- deleting -----------------------------------------------------------------------------

    def _prune(self, db: sqlite3.Connection, open_since: datetime | None) -> int:
        keep, deleted = self._keeping.keep, 0
        if keep is None:
            return 0
        past = self._now - keep
        if open_since is not None:
            past = min(past, open_since - WATCHED)
        first = db.execute("SELECT min(seq) FROM records").fetchone()[0] or 0
        for each in self._own():
            try:
                segment = opened(each.path)
            except (OSError, SegmentDamaged) as error:
                self._unfit.append(f"{each.path.name} cannot be deleted unread ({error})")
                continue
            if segment.title.until >= instant(past) or segment.title.last >= first:
                break
            self._say(PRUNED, segment)
            self._forget(db, segment.title.last)
            segment.path.unlink()
            settle(segment.path.parent)
            deleted += 1
        return deleted

    def _forget(self, db: sqlite3.Connection, last: int) -> None:
        """Rows of the history go with the record that told them last, before it goes itself."""
        try:
            for table in TABLES:
                self._forget_of(db, table, last)
        except sqlite3.Error as error:
            if failing(error):
                raise
            self._unfit.append(f"rows of orders, fills and ledger cannot be deleted ({error})")

    def _forget_of(self, db: sqlite3.Connection, table: Table, last: int) -> None:
        with closing(db.execute(table.told_until, (last,))) as found:
            while rows := [(rowid, last) for (rowid,) in found.fetchmany(BATCH_ROWS)]:
                self._do(_forgetting(table, rows))
                time.sleep(PAUSE_SECONDS)

    def _say(self, kind: str, segment: Segment, **more: str) -> None:
        body = json.dumps({"file": segment.path.name, **asdict(segment.title), **more}, sort_keys=True)
        entry = Entry(self._now, kind, body)
        self._do(lambda store: store.append([entry]))

    def _do(self, job: Job[T]) -> T:
        answer: T = self._ask(job).result(LIVE_SECONDS)
        return answer


def _forgetting(table: Table, rows: list[tuple[int, int]]) -> Job[None]:
    """Delete rows (rowid, seq) of the history; one that a later record told again stays."""

    def job(store: Store) -> None:
        with store.beside() as db:
            db.executemany(table.forget, rows)

    return job


def _releasing(rows: list[tuple[int, str]]) -> Job[None]:
    return lambda store: store.release(rows)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch
