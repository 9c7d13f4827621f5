"""Filling a gap: the rows of records that were written without them, from the records themselves."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from guardian.journal.archive.segment import rows_of, segments
from guardian.journal.history.derive import KINDS, Told, derive
from guardian.journal.history.keep import close_gap, gap, write
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.journal.store import Store

BATCH_ROWS = 100
"""Rows that one transaction writes, and records that one read takes: a decision waits for no more."""

PAUSE_SECONDS = 0.004
LIVE_SECONDS = 30.0

_NEXT = (
    "SELECT seq, kind, body FROM records WHERE seq > ? AND kind IN ('snapshot', 'activity', 'direct')"
    " ORDER BY seq LIMIT ?"
)

Ask = Callable[[Callable[[Store], Any]], "Future[Any]"]
"""Runs a job of the store on the thread that owns the live file."""


class Record(NamedTuple):
    seq: int
    kind: str
    body: str


def telling(db: sqlite3.Connection, archive: Path, first: int = 1) -> Iterator[Record]:
    """Records from `first` on that may bring rows, oldest first, those of the archive before the live ones.

    Raises OSError, sqlite3.Error or SegmentDamaged.
    """
    live = db.execute("SELECT min(seq) FROM records").fetchone()[0]
    for segment in segments(archive, read_meta(db, CHAIN) or ""):
        if segment.title.last < first:
            continue
        for row in rows_of(segment):
            if row.seq >= first and row.kind in KINDS and (live is None or row.seq < live):
                yield Record(row.seq, row.kind, row.body)
    after = first - 1
    while found := [Record(*row) for row in db.execute(_NEXT, (after, BATCH_ROWS)).fetchall()]:
        yield from found
        after = found[-1].seq


def mend(path: Path, archive: Path, ask: Ask) -> str:
    """Fill the gap, if there is one; what was wrong since the last call, empty for nothing.

    It runs beside the store's thread and writes behind every decision, a few rows a transaction.
    """
    problem, first, failures = ask(_state).result(LIVE_SECONDS)
    if first is not None:
        with closing(connect_read_only(path)) as db:
            rows = (row for record in telling(db, archive, first) for row in derive(*record).rows)
            while batch := list(islice(rows, BATCH_ROWS)):
                ask(_writing(batch)).result(LIVE_SECONDS)
                time.sleep(PAUSE_SECONDS)
        ask(_closing(failures)).result(LIVE_SECONDS)
    return str(problem)


def _state(store: Store) -> tuple[str, int | None, int]:
    """What was wrong since this was asked last, the gap, and how often writing has failed."""
    with store.beside() as db:
        first = gap(db)
    problem, store.history.problem = store.history.problem, ""
    return problem, first, store.history.failures


def _writing(batch: list[Told]) -> Callable[[Store], None]:
    def job(store: Store) -> None:
        with store.beside() as db:
            write(db, batch)

    return job


def _closing(failures: int) -> Callable[[Store], None]:
    """The gap is filled, unless writing has failed again meanwhile."""

    def job(store: Store) -> None:
        with store.beside() as db:
            if store.history.failures == failures:
                close_gap(db)

    return job
