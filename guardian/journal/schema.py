"""The tables of a journal file and how a connection to it is opened.

Law: WAL with synchronous=FULL, so a commit that returned is on the disk. The file is 0600: it shows
positions.
"""

from __future__ import annotations

import os
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from guardian.journal.faults import SQLITE_CORRUPT, JournalForeign
from guardian.journal.history.keep import lay

LAYOUT = 1
CHAIN = "chain"
"""The fact that names the chain in its segments' names."""

BUSY_SECONDS = 1.0

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
  prev TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_checkpoints ON records (seq) WHERE kind = 'checkpoint';
CREATE TABLE IF NOT EXISTS cut_records (
  cut_at TEXT NOT NULL, problem TEXT NOT NULL,
  seq INTEGER, at TEXT, kind TEXT, body TEXT, prev TEXT, hash TEXT);
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, key TEXT NOT NULL, notification TEXT NOT NULL,
  message TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting', error TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS outbox_open ON outbox (id) WHERE state IN ('waiting', 'repeating');
CREATE INDEX IF NOT EXISTS outbox_keys ON outbox (key, channel);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """A writing connection with the tables in place. Raises OSError, sqlite3.Error, JournalForeign."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.text_factory = _text
    try:
        with _legible():
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            _lay(db, path)
    except BaseException:
        db.close()
        raise
    return db


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, usable while a daemon writes. Raises OSError, sqlite3.Error."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no journal here")
    address = f"file:{urllib.parse.quote(str(path.resolve()))}?mode=ro"
    try:
        return _probed(address)
    except sqlite3.OperationalError:
        # A journal on a read-only medium has no room for the shared-memory file that WAL readers need;
        # with no write-ahead log beside it the main file is complete by itself.
        if Path(f"{path}-wal").exists():
            raise
        return _probed(f"{address}&immutable=1")


@contextmanager
def _legible() -> Iterator[None]:
    """sqlite quotes a damaged schema in its message, and Python fails on the message."""
    try:
        yield
    except UnicodeDecodeError:
        error = sqlite3.DatabaseError("malformed database schema")
        error.sqlite_errorcode = SQLITE_CORRUPT
        raise error from None


def _text(raw: bytes) -> str:
    """Bytes that are no text must be found as a changed record, not end the reading."""
    return raw.decode("utf-8", "surrogateescape")


def _probed(address: str) -> sqlite3.Connection:
    db = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
    db.text_factory = _text
    try:
        with _legible(), closing(db.execute("SELECT count(*) FROM sqlite_master")) as cursor:
            cursor.fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _lay(db: sqlite3.Connection, path: Path) -> None:
    known = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]
    layout = read_meta(db, "layout") if known else None
    if layout is not None and int(layout) > LAYOUT:
        raise JournalForeign(
            f"{path}: written by a newer guardian (journal layout {layout}, this one reads up to {LAYOUT}); "
            "start the newer version, or choose another state_dir"
        )
    if layout is None:
        db.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
        write_meta(db, "layout", str(LAYOUT))
    # They need no layout of their own: a guardian that does not know them lets them be.
    lay(db, used=layout is not None)


def read_meta(db: sqlite3.Connection, name: str) -> str | None:
    """The value of one named fact about the journal, or None."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def write_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
