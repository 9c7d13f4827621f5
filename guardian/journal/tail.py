"""Reading a journal back: the tail after the last checkpoint. `verify` reads the whole chain.

Law: a restore reads only the tail, whatever the journal's size. Only the last record's own content may be
wrong after a crash (torn); anything else that does not fit was changed by somebody (tampered).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from typing import NamedTuple

from guardian.journal.chain import CHECKPOINT, GENESIS, TAMPER_ACCEPTED, Bad, Fault, Row, judge, sound
from guardian.journal.schema import read_meta

ALL = "SELECT seq, at, kind, body, prev, hash FROM records ORDER BY seq"
SINCE = "SELECT seq, at, kind, body, prev, hash FROM records WHERE seq >= ? ORDER BY seq"
LAST = "SELECT seq, at, kind, body, prev, hash FROM records ORDER BY seq DESC LIMIT 1"
LAST_CHECKPOINT = "SELECT max(seq) FROM records WHERE kind = 'checkpoint'"
HASH_OF = "SELECT hash FROM records WHERE seq = ?"


class Head(NamedTuple):
    """The end of the chain: the next record is `seq + 1` and continues `hash`."""

    seq: int
    hash: str


class Tail(NamedTuple):
    """The rows from the last checkpoint on, and what does not fit among them (accepted faults left out)."""

    rows: tuple[Row, ...]
    faults: tuple[Bad, ...]

    @property
    def torn(self) -> Bad | None:
        """The last record when its own content is the only thing wrong."""
        if len(self.faults) != 1:
            return None
        bad = self.faults[0]
        return bad if bad.fault is Fault.SELF and self.rows and self.rows[-1].seq == bad.seq else None


def told_head(db: sqlite3.Connection) -> Head:
    """The end of the chain as the last commit wrote it down beside the records."""
    text = read_meta(db, "head")
    seq, _, hash_ = (text or "").partition(" ")
    # Words that are no head are somebody's change: no record can then follow from it.
    return Head(int(seq), hash_) if seq.isascii() and seq.isdigit() else Head(0, GENESIS)


def last_row(db: sqlite3.Connection) -> Row | None:
    row = db.execute(LAST).fetchone()
    return None if row is None else Row(*row)


def read_tail(db: sqlite3.Connection) -> Tail:
    """The records that a restart needs, judged. Raises sqlite3.Error."""
    first = db.execute(LAST_CHECKPOINT).fetchone()[0] or 1
    before = db.execute(HASH_OF, (first - 1,)).fetchone()
    prev = GENESIS if first == 1 else "" if before is None else before[0]
    rows = tuple(Row(*row) for row in db.execute(SINCE, (first,)))
    faults = _faults(rows, first, prev)
    faults.extend(truncated(rows[-1] if rows else None, told_head(db)))
    accepted = max((row.seq for row in rows if row.kind == TAMPER_ACCEPTED and sound(row)), default=0)
    return Tail(rows, tuple(bad for bad in faults if bad.seq > accepted))


def _faults(rows: Iterable[Row], seq: int, prev: str) -> list[Bad]:
    found = []
    for row in rows:
        bad = judge(row, seq, prev)
        if bad is not None:
            found.append(bad)
        # One wrong record is one finding: what follows is held against what it stands behind.
        seq, prev = row.seq + 1, row.hash
    return found


def truncated(last: Row | None, head: Head) -> list[Bad]:
    """What does not fit between the last record and the head as it was written down."""
    seq = 0 if last is None else last.seq
    if seq < head.seq:
        return [Bad(head.seq, Fault.PLACE, f"records {seq + 1} to {head.seq} are missing from the end")]
    if last is not None and seq > head.seq:
        return [Bad(seq, Fault.PLACE, f"record {seq} was not written by guardian: its last was {head.seq}")]
    if last is not None and last.hash != head.hash and sound(last):
        return [Bad(seq, Fault.PLACE, f"record {seq} is not the one that guardian wrote last")]
    return []


def salvage(db: sqlite3.Connection) -> tuple[Row, ...]:
    """What a damaged file still gives of its tail, up to the first page that cannot be read."""
    rows: list[Row] = []
    with suppress(sqlite3.Error):
        first = db.execute(LAST_CHECKPOINT).fetchone()[0] or 1
        with closing(db.execute(SINCE, (first,))) as stored:
            rows.extend(Row(*row) for row in stored)
    return usable(rows)


def usable(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows whose own content is what was hashed, for a restart that goes on after tampering."""
    return tuple(row for row in rows if sound(row))


def checkpoint_of(rows: Iterable[Row]) -> str | None:
    """The newest checkpoint's body among the rows."""
    bodies = [row.body for row in rows if row.kind == CHECKPOINT]
    return bodies[-1] if bodies else None
