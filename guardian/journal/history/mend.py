"""Filling a gap: the rows of records that were written without them, from the records themselves."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from guardian.journal.archive.segment import Lying, SegmentDamaged, lying, opened, rows_of
from guardian.journal.history.derive import KINDS, Told, derive
from guardian.journal.history.keep import advance_gap, close_gap, gap, write
from guardian.journal.schema import CHAIN, connect_read_only, read_meta
from guardian.journal.store import Store

BATCH_ROWS = 100
"""Rows that one transaction writes, and records that one read takes: a decision waits for no more."""

BATCH_RECORDS = 2_000
"""Most records bring no row: after so many at the latest it is noted how far the round has come."""

ROUND_SECONDS = 20.0
PAUSE_SECONDS = 0.004
LIVE_SECONDS = 30.0

_NEXT = (
    "SELECT seq, kind, body FROM records WHERE seq > ? AND kind IN ('snapshot', 'activity', 'direct')"
    " ORDER BY seq LIMIT ?"
)

Ask = Callable[[Callable[[Store], Any]], "Future[Any]"]
"""Runs a job of the store on the thread that owns the live file."""

Stop = Callable[[], bool]
Skip = Callable[[Lying, SegmentDamaged], None]


def _refuse(segment: Lying, error: SegmentDamaged) -> None:
    raise error


class Record(NamedTuple):
    seq: int
    kind: str
    body: str


def telling(db: sqlite3.Connection, archive: Path, first: int = 1, skip: Skip = _refuse) -> Iterator[Record]:
    """Records from `first` on that may bring rows, oldest first, those of the archive before the live ones.

    A damaged segment goes to `skip`, and what follows it is told all the same. Raises OSError, sqlite3.Error
    and what `skip` raises.
    """
    live = db.execute("SELECT min(seq) FROM records").fetchone()[0]
    chain = read_meta(db, CHAIN) or ""
    for each in lying(archive):
        if each.of(chain) and each.last >= first:
            try:
                yield from _archived(each, first, live)
            except SegmentDamaged as error:
                skip(each, error)
    after = first - 1
    while found := [Record(*row) for row in db.execute(_NEXT, (after, BATCH_ROWS)).fetchall()]:
        yield from found
        after = found[-1].seq


def _archived(segment: Lying, first: int, live: int | None) -> Iterator[Record]:
    for row in rows_of(opened(segment.path)):
        if row.seq >= first and row.kind in KINDS and (live is None or row.seq < live):
            yield Record(row.seq, row.kind, row.body)


def mend(path: Path, archive: Path, ask: Ask, stop: Stop) -> str:
    """Fill the gap, if there is one, for a while; what was wrong since the last call, empty for nothing.

    It runs beside the store's thread and writes behind every decision, a few rows a transaction. The gap
    becomes smaller with each: whatever ends a round, the next one goes on from there.
    """
    problem, first, failures = ask(_state).result(LIVE_SECONDS)
    if first is not None:
        damaged: dict[str, str] = {}
        done = _filled(path, archive, Round(ask, stop, first), damaged)
        ask(_ending(failures, done, damaged)).result(LIVE_SECONDS)
    return str(ask(lambda store: _problem(store, problem)).result(LIVE_SECONDS))


def _filled(path: Path, archive: Path, filling: Round, damaged: dict[str, str]) -> bool:
    """Whether the end was reached. Raises what reading and writing raise."""
    ends_at = time.monotonic() + ROUND_SECONDS

    def skip(segment: Lying, error: SegmentDamaged) -> None:
        damaged[segment.path.name] = str(error)

    rows: list[Told] = []
    unsaved = 0
    with closing(connect_read_only(path)) as db:
        for record in telling(db, archive, filling.gap, skip):
            rows += derive(*record).rows
            unsaved += 1
            if len(rows) < BATCH_ROWS and unsaved < BATCH_RECORDS:
                continue
            if not filling.save(rows, record.seq + 1):
                return False
            rows, unsaved = [], 0
            if filling.stop() or time.monotonic() >= ends_at:
                return False
    return filling.save(rows, filling.gap)


@dataclass(slots=True)
class Round:
    """One round of filling: `gap` is the first record whose rows may be missing still."""

    ask: Ask
    stop: Stop
    gap: int

    def save(self, rows: list[Told], gap: int) -> bool:
        """Write them, with the last of them that the gap begins later; False where it is another gap now."""
        for start in range(0, len(rows), BATCH_ROWS):
            self.ask(_writing(rows[start : start + BATCH_ROWS])).result(LIVE_SECONDS)
            time.sleep(PAUSE_SECONDS)
        moved = bool(self.ask(_advancing(self.gap, gap)).result(LIVE_SECONDS))
        self.gap = gap
        return moved


def _state(store: Store) -> tuple[str, int | None, int]:
    """What was wrong since this was asked last, the gap, and how often writing has failed."""
    with store.beside() as db:
        first = gap(db)
    problem, store.history.problem = store.history.problem, ""
    return problem, first, store.history.failures


def _problem(store: Store, problem: str) -> str:
    """With the segments that were passed over: their rows stay missing, which is no news of one round."""
    lost = [f"{why}: its rows are missing" for why in store.history.damaged.values()]
    return "; ".join(each for each in (problem, *lost) if each)


def _writing(batch: list[Told]) -> Callable[[Store], None]:
    def job(store: Store) -> None:
        with store.beside() as db:
            write(db, batch)

    return job


def _advancing(known: int, seq: int) -> Callable[[Store], bool]:
    def job(store: Store) -> bool:
        with store.beside() as db:
            return advance_gap(db, known, seq)

    return job


def _ending(failures: int, done: bool, damaged: dict[str, str]) -> Callable[[Store], None]:
    """The gap is filled if the end was reached, unless writing has failed again meanwhile."""

    def job(store: Store) -> None:
        store.history.damaged |= damaged
        with store.beside() as db:
            if done and store.history.failures == failures:
                close_gap(db)

    return job
