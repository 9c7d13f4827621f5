"""One connection to one journal file, and the transactions that run on it. Synchronous; one thread.

Law: after any failure the connection is thrown away, and the next call opens a new one that must still hold
the last acknowledged record. So a disk that comes back is used again, and a file that was swapped never is.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from guardian.journal import outbox
from guardian.journal.chain import (
    DIRECT,
    GENESIS,
    OWN_KINDS,
    TAIL_CUT,
    TAMPER_ACCEPTED,
    Bad,
    Row,
    follow,
    instant,
)
from guardian.journal.faults import JournalTampered, damaged
from guardian.journal.history import keep
from guardian.journal.schema import CHAIN, connect, connect_read_only, read_meta, write_meta
from guardian.journal.tail import (
    HASH_OF,
    Head,
    Tail,
    checkpoint_of,
    last_row,
    read_tail,
    salvage,
    told_head,
    usable,
)
from guardian.ports import Message, Restored


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to append; its place in the chain is found when it is written."""

    at: datetime
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose journal this is: recorded beside the records. `state_schema` is the checkpoints' version."""

    instance: str
    state_schema: str = "1"


def _restored(rows: Sequence[Row], torn: str) -> Restored:
    bodies = tuple(row.body for row in rows if row.kind not in OWN_KINDS)
    return Restored(checkpoint_of(rows), bodies, torn)


class Store:
    """See `SqliteJournal` for what each call means; this is the part that runs on the writer's thread."""

    def __init__(
        self,
        path: Path,
        origin: Origin,
        opener: Callable[[Path], sqlite3.Connection] = connect,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.path = path
        self.origin = origin
        self._open = opener
        self._now = now
        self._db: sqlite3.Connection | None = None
        self._inode: tuple[int, int] = (0, 0)
        self._head: Head | None = None
        self.history = keep.History()

    # --- writing ------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry], outgoing: Sequence[tuple[str, Message]] = ()) -> int:
        """All entries, their rows and outbox rows in one durable commit; the last record's seq."""
        return self._record(entries, lambda db: outbox.put(db, entries[-1].at, outgoing))

    def checkpoint(self, entry: Entry) -> None:
        with self._transaction() as db:
            head = self._chain(db, [entry])
            write_meta(db, "state_schema", self.origin.state_schema)
        self._head = head

    def append_direct(self, source: str, entries: Sequence[Entry]) -> int:
        """The records of a journal written without the daemon, once: 0 when `source` is already here."""
        with self._transaction() as db:
            if read_meta(db, f"{DIRECT}:{source}") is not None:
                return 0
        self._record(entries, lambda db: write_meta(db, f"{DIRECT}:{source}", str(len(entries))))
        return len(entries)

    def release(self, rows: Sequence[tuple[int, str]]) -> None:
        """Take out records (seq, hash) that lie in the archive; one that is not the same stays."""
        with self._transaction() as db:
            db.executemany("DELETE FROM records WHERE seq = ? AND hash = ?", rows)

    def head(self) -> Head:
        """The last record that is on the disk."""
        with self._transaction() as db:
            return self._head or self._read_head(db)

    def chain(self) -> str:
        """The name of this chain among others in one archive, given once; empty while it has no record.

        A journal that is begun anew has another one, so that it leaves the old chain's segments alone.
        """
        with self._transaction() as db:
            name = read_meta(db, CHAIN)
            first = db.execute("SELECT hash FROM records ORDER BY seq LIMIT 1").fetchone()
            if name is None and first is not None:
                name = hashlib.sha256(f"{self.origin.instance} {first[0]}".encode()).hexdigest()[:12]
                write_meta(db, CHAIN, name)
        return name or ""

    def _record(self, entries: Sequence[Entry], beside: Callable[[sqlite3.Connection], None]) -> int:
        """Records with what belongs to them; without their rows where those cannot be had."""
        try:
            return self._write(entries, beside, True)
        except keep.HistoryLost:
            return self._write(entries, beside, False)

    def _write(
        self, entries: Sequence[Entry], beside: Callable[[sqlite3.Connection], None], rows: bool
    ) -> int:
        with self._transaction() as db:
            head = self._chain(db, entries)
            beside(db)
            first = head.seq - len(entries) + 1
            if rows:
                self.history.put(db, first, [(entry.kind, entry.body) for entry in entries])
            else:
                keep.note_gap(db, first)
        self._head = head
        return head.seq

    def _chain(self, db: sqlite3.Connection, entries: Sequence[Entry], start: Head | None = None) -> Head:
        seq, prev = start or self._head or self._read_head(db)
        for entry in entries:
            row = follow(prev, seq + 1, instant(entry.at), entry.kind, entry.body)
            db.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", row)
            seq, prev = row.seq, row.hash
        write_meta(db, "head", f"{seq} {prev}")
        return Head(seq, prev)

    # --- beside the chain ---------------------------------------------------------------------

    @contextmanager
    def beside(self) -> Iterator[sqlite3.Connection]:
        """A transaction for what no record is: the outbox, and rows of the history."""
        with self._transaction() as db:
            yield db

    # --- reading back -------------------------------------------------------------------------

    def meta(self) -> dict[str, str]:
        with self._transaction() as db:
            return {str(name): str(value) for name, value in db.execute("SELECT name, value FROM meta")}

    def restore(self, accept: bool) -> Restored:
        """The last checkpoint and what came after it. Raises JournalTampered unless `accept`."""
        self._head = None  # The file decides where the chain ends, not what this process remembers.
        try:
            return self._restore(accept)
        except sqlite3.Error as error:
            self._head = None
            if not damaged(error):
                raise
            problem = f"the file is damaged ({error})"
        if not accept:
            raise JournalTampered(self.path, problem)
        return self._start_over(problem)

    def _restore(self, accept: bool) -> Restored:
        torn = ""
        with self._transaction() as db:
            tail = read_tail(db)
            head = self._read_head(db)
            if tail.torn is not None:
                head, torn = self._cut(db, tail.torn), tail.torn.problem
                tail = read_tail(db)
            if tail.faults:
                head = self._accept(db, tail, accept)
        self._head = head
        rows = usable(tail.rows) if tail.faults else tail.rows
        return _restored(rows, torn)

    def _cut(self, db: sqlite3.Connection, bad: Bad) -> Head:
        """Move the torn record aside, kept for people, and say so in the chain."""
        at = self._now()
        db.execute(
            "INSERT INTO cut_records SELECT ?, ?, seq, at, kind, body, prev, hash FROM records WHERE seq = ?",
            (instant(at), bad.problem, bad.seq),
        )
        db.execute("DELETE FROM records WHERE seq = ?", (bad.seq,))
        body = json.dumps({"cut": bad.seq, "problem": bad.problem})
        return self._chain(db, [Entry(at, TAIL_CUT, body)])

    def _accept(self, db: sqlite3.Connection, tail: Tail, accept: bool) -> Head:
        problem = "; ".join(bad.problem for bad in tail.faults[:3])
        if not accept:
            raise JournalTampered(self.path, problem)
        body = json.dumps({"accepted": [bad.seq for bad in tail.faults], "problem": problem})
        # Numbers of records that are gone are never used again, or the gap would close over them.
        last = self._read_head(db)
        start = Head(max(last.seq, told_head(db).seq), last.hash)
        return self._chain(db, [Entry(self._now(), TAMPER_ACCEPTED, body)], start)

    def _start_over(self, problem: str) -> Restored:
        """Set a damaged file aside, keep what can still be read of its tail, and begin a new chain."""
        self.drop()
        stamp = f"{self._now():%Y%m%dT%H%M%S%fZ}"
        aside = self.path.with_name(f"{self.path.stem}-damaged-{stamp}{self.path.suffix}")
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.rename(f"{self.path}{ending}", f"{aside}{ending}")
        rows: tuple[Row, ...] = ()
        with suppress(sqlite3.Error, OSError), closing(connect_read_only(aside)) as db:
            rows = salvage(db)
        self._head = None
        body = json.dumps({"problem": problem, "kept": aside.name})
        self.append([Entry(self._now(), TAMPER_ACCEPTED, body)])
        return _restored(rows, "")

    # --- the connection -----------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException:
            # Whether a failed COMMIT reached the disk is unknown: only the file itself can say.
            self.drop()
            raise

    def _connection(self) -> sqlite3.Connection:
        if self._db is not None and self._inode == self._inode_now():
            return self._db
        self.drop()
        if self._head is not None and not self.path.exists():
            raise FileNotFoundError(errno.ENOENT, "the journal is gone", str(self.path))
        db = self._open(self.path)
        try:
            self._continue(db)
            self._inode = self._inode_now()
        except BaseException:
            db.close()
            raise
        self._db = db
        return db

    def _continue(self, db: sqlite3.Connection) -> None:
        """A reopened file must hold the last acknowledged record; it may hold one more."""
        if self._head is not None and self._head.seq > 0:
            found = db.execute(HASH_OF, (self._head.seq,)).fetchone()
            if found is None or found[0] != self._head.hash:
                raise OSError(
                    errno.ESTALE, f"the journal no longer holds record {self._head.seq}", str(self.path)
                )
            self._head = self._read_head(db)
        if read_meta(db, "instance") != self.origin.instance:
            write_meta(db, "instance", self.origin.instance)

    @staticmethod
    def _read_head(db: sqlite3.Connection) -> Head:
        row = last_row(db)
        return Head(0, GENESIS) if row is None else Head(row.seq, row.hash)

    def _inode_now(self) -> tuple[int, int]:
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return (0, 0)
        return (there.st_dev, there.st_ino)

    def drop(self) -> None:
        """Throw the connection away; whatever was not committed is gone."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()
