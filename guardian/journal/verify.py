"""Reading the whole chain, from the oldest segment of the archive to the newest record, against anchors.

Law: the first record that does not fit is named, wherever it lies. What is no longer there must have been
deleted by guardian, and the chain itself must say so.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from guardian.journal.anchors import Anchor
from guardian.journal.archive.segment import FOLDER, Segment, SegmentDamaged, rows_of, seal, segments
from guardian.journal.chain import ARCHIVED, CHECKPOINT, GENESIS, PRUNED, Bad, Fault, Row, judge, sound
from guardian.journal.faults import failing
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.journal.tail import ALL, LAST_CHECKPOINT, told_head, truncated
from guardian.ports import Verification

TRIES = 3
"""A daemon may move records into the archive while they are read; then the reading begins anew."""


def verify_file(path: Path, archive: Path | None = None, anchors: Sequence[Anchor] = ()) -> Verification:
    """Read every record that there is. A damaged file is an answer; OSError and sqlite3.Error mean the disk
    failed. `archive` is where segments lie, if not beside the journal.
    """
    folder = path.parent / FOLDER if archive is None else archive
    for _ in range(TRIES):
        before = _listing(folder)
        found = _verify(path, folder, anchors)
        if found.ok or _listing(folder) == before:
            break
    return found


def _listing(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def _verify(path: Path, folder: Path, anchors: Sequence[Anchor]) -> Verification:
    walk = Walk(anchors)
    try:
        with closing(connect_read_only(path)) as db:
            db.execute("BEGIN")  # One view of records and head while the daemon goes on writing.
            walk.live_from = _first(db)
            _read_archive(walk, folder, read_meta(db, CHAIN) or "")
            walk.read_live(db)
    except SegmentDamaged as error:
        walk.stop(str(error))
    except sqlite3.DatabaseError as error:
        if failing(error):
            raise
        walk.stop(f"the file is damaged ({error})")
    return walk.verdict()


def _read_archive(walk: Walk, folder: Path, chain: str) -> None:
    try:
        for segment in segments(folder, chain):
            walk.read_segment(segment)
    except FileNotFoundError as error:
        # A segment whose time was over while it was looked for.
        walk.stop(f"{error.filename} is gone")


def _first(db: sqlite3.Connection) -> int:
    found = db.execute("SELECT min(seq) FROM records").fetchone()[0]
    return 1 if found is None else int(found)


NOTED = (CHECKPOINT, PRUNED, ARCHIVED)


class Walk:
    """One pass over all records. It reads on after the first bad one, because only later records can say
    whether the chain may begin where it does.
    """

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self.live_from = 1
        self._anchors = list(anchors)
        self._wanted: dict[int, set[str]] = {}
        for anchor in self._anchors:
            self._wanted.setdefault(anchor.seq, set()).add(anchor.hash)
        self._begin = (0, GENESIS)
        self._records = 0
        self._seq, self._prev = 0, GENESIS
        self._bad: Bad | None = None
        self._intact = 0
        self._checkpoint: int | None = None
        self._before_live: str | None = None
        self._pruned: set[tuple[str, str]] = set()
        self._sealed: dict[str, str] = {}
        self._seals: dict[str, tuple[int, str]] = {}

    def read_segment(self, segment: Segment) -> None:
        """The records of one file of the archive; the live file may still hold some of them."""
        title = segment.title
        self._seals[segment.path.name] = (title.first, seal(segment.path))
        for row in rows_of(segment):
            if row.seq == self.live_from - 1:
                self._before_live = row.hash
            self._take(row)
        if self._bad is None and (self._seq, self._prev) != (title.last, title.hash):
            self._fail(Bad(self._seq + 1, Fault.PLACE, f"{segment.path.name} does not end where it says"))

    def read_live(self, db: sqlite3.Connection) -> None:
        """The records of the live file. Those that an unfinished rotation left in both places are read in
        both.
        """
        archived = self._seq
        if 1 < self.live_from <= archived and self._before_live is not None:
            self._seq, self._prev = self.live_from - 1, self._before_live
        elif self.live_from <= archived:
            self._seq, self._prev = 0, GENESIS
        last: Row | None = None
        with closing(db.execute(ALL)) as rows:
            for stored in rows:
                last = Row(*stored)
                self._take(last)
        if self._seq < archived:
            self._fail(Bad(self._seq + 1, Fault.PLACE, f"records {self._seq + 1} to {archived} are missing"))
        for bad in truncated(last, told_head(db)):
            self._fail(bad)
        indexed = db.execute(LAST_CHECKPOINT).fetchone()[0]
        live = self._checkpoint if (self._checkpoint or 0) >= self.live_from else None
        if indexed != live:
            self._fail(Bad(live or indexed, Fault.PLACE, f"the index misses checkpoint {live or indexed}"))

    def stop(self, problem: str) -> None:
        """Nothing can be read from here on."""
        self._fail(Bad(self._seq + 1, Fault.SELF, f"record {self._seq + 1} cannot be read: {problem}"))

    def verdict(self) -> Verification:
        """The chain must begin at record 1, or where a record says that what was before is deleted."""
        before, link = self._begin
        if before and (str(before), link) not in self._pruned:
            missing = f"records 1 to {before}, before record {before + 1}, are missing"
            missing += ", and no record says that guardian deleted them"
            self._bad, self._intact = Bad(before + 1, Fault.PLACE, missing), 0
        self._judge_seals()
        self._judge_anchors()
        first, last, bad = before + 1, self._seq, self._bad
        if bad is None:
            return Verification(True, self._records, None, "", self._prev, first, last)
        return Verification(False, self._intact, bad.seq, bad.problem, self._prev, first, last)

    def _take(self, row: Row) -> None:
        if self._records == 0 and row.seq > 1:
            self._begin = (row.seq - 1, row.prev)
            self._seq, self._prev = self._begin
        bad = judge(row, self._seq + 1, self._prev)
        if bad is None and row.seq in self._wanted and self._wanted[row.seq] != {row.hash}:
            bad = Bad(row.seq, Fault.PLACE, f"record {row.seq} is not the one that an anchor names")
        if bad is not None:
            self._fail(bad)
        if row.kind in NOTED and sound(row):
            self._note(row)
        self._records += 1
        self._seq, self._prev = row.seq, row.hash

    def _note(self, row: Row) -> None:
        if row.kind == CHECKPOINT:
            self._checkpoint = row.seq
        elif row.kind == PRUNED:
            said = fact(row.body)
            self._pruned.add((str(said.get("last")), str(said.get("hash"))))
        elif row.kind == ARCHIVED:
            said = fact(row.body)
            self._sealed[str(said.get("file"))] = str(said.get("sha256"))

    def _fail(self, bad: Bad) -> None:
        """The first one counts; what follows it may only be its consequence."""
        if self._bad is None:
            self._bad, self._intact = bad, self._records

    def _judge_seals(self) -> None:
        for name, (first, found) in self._seals.items():
            if self._sealed.get(name, found) != found:
                problem = f"record {first}: the file {name} is not the one that was sealed"
                self._fail(Bad(first, Fault.SELF, problem))

    def _judge_anchors(self) -> None:
        for anchor in sorted(self._anchors):
            before, link = self._begin
            if anchor.seq == before and anchor.hash != link:
                self._fail(Bad(before + 1, Fault.PLACE, f"an anchor names another record {before}"))
            if anchor.seq > self._seq:
                missing = f"records {self._seq + 1} to {anchor.seq} are missing from the end"
                self._fail(Bad(self._seq + 1, Fault.PLACE, f"{missing}: an anchor names record {anchor.seq}"))
                return


def fact(body: str) -> dict[str, Any]:
    """The body of a record that the journal wrote about itself."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
