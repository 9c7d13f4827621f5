"""The embedded journal: `guardian.ports.Journal` on one SQLite file.

Law: every write runs on one thread and has returned from the disk when it returns here. Opening is lazy, so
an unusable disk is an error of the first call, never of construction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from sys import getsizeof
from typing import Any, TypeVar

from guardian.journal import anchors, outbox
from guardian.journal.anchors import Anchor
from guardian.journal.archive.rotate import Job, Keeping, Rotated, Rotation
from guardian.journal.chain import CHECKPOINT
from guardian.journal.history.mend import mend
from guardian.journal.schema import connect
from guardian.journal.store import Entry, Origin, Store
from guardian.journal.tail import Head
from guardian.journal.verify import verify_file
from guardian.journal.writer import Urgency, Writer
from guardian.ports import Message, Outgoing, Restored, Verification

T = TypeVar("T")

FILE_NAME = "journal.db"
CLOSE_SECONDS = 5.0


class SqliteJournal:
    """A journal in `path`. Writes raise OSError or sqlite3.Error and work again once the disk does.

    Cancelling a call stops the waiting, not the write.
    """

    def __init__(
        self, path: Path, origin: Origin, opener: Callable[[Path], sqlite3.Connection] = connect
    ) -> None:
        self.path = path
        self._store = Store(path, origin, opener)
        self._writer = Writer(f"journal {path.name}")
        self._archivist = Writer(f"archive of {path.name}")

    async def restore(self, accept: bool = False) -> Restored:
        """The last checkpoint and the event records after it; reads only that tail.

        A torn last record is cut and named in `torn`. Anything else that does not fit raises JournalTampered;
        with `accept` it is recorded instead and every record whose content is intact is given back.
        """
        return await self._run(Urgency.DECISION, lambda: self._store.restore(accept))

    async def append(
        self, at: datetime, kind: str, body: str, outgoing: Sequence[tuple[str, Message]] = ()
    ) -> int:
        """One record and its notifications (channel, message) in one durable commit; returns its seq."""
        messages = tuple(outgoing)
        return await self._run(
            Urgency.DECISION, lambda: self._store.append([Entry(at, kind, body)], messages), getsizeof(body)
        )

    async def append_direct(self, source: str, entries: Sequence[Entry]) -> int:
        """The records of a journal named `source`, in one commit and only once; how many were new."""
        return await self._run(Urgency.DECISION, lambda: self._store.append_direct(source, entries))

    async def checkpoint(self, at: datetime, state: str) -> None:
        """The state after every record appended so far, as a record of the same chain."""
        await self._run(
            Urgency.DECISION, lambda: self._store.checkpoint(Entry(at, CHECKPOINT, state)), getsizeof(state)
        )

    async def due(self, now: datetime, limit: int = 20) -> tuple[Outgoing, ...]:
        """Notifications whose time has come, oldest first."""

        def read() -> tuple[Outgoing, ...]:
            with self._store.beside() as db:
                return outbox.due(db, now, limit)

        return await self._run(Urgency.BOOKKEEPING, read)

    async def delivered(self, outgoing_id: int) -> None:
        """The channel has taken it, and it is not to be repeated."""
        await self._change(lambda db: outbox.end(db, outgoing_id, "delivered", ""))

    async def postpone(self, outgoing_id: int, until: datetime, error: str) -> None:
        """Due again at `until`. An empty `error` means it was delivered and repeats until it is resolved."""
        await self._change(lambda db: outbox.postpone(db, outgoing_id, until, error))

    async def abandon(self, outgoing_id: int, error: str) -> None:
        """The channel will never take it."""
        await self._change(lambda db: outbox.end(db, outgoing_id, "abandoned", error))

    async def meta(self) -> dict[str, str]:
        """Facts beside the chain: `layout`, `instance`, `state_schema` (of the last checkpoint), `head`."""
        return await self._run(Urgency.BOOKKEEPING, self._store.meta)

    async def head(self) -> Head:
        """The last record that is on the disk."""
        return await self._run(Urgency.BOOKKEEPING, self._store.head)

    async def anchor(self, path: Path, at: datetime) -> None:
        """Write the head down in a file that lies elsewhere, on a thread that no decision waits for."""
        anchor = Anchor(*await self.head())
        await self._aside(lambda: anchors.append(path, at, anchor) if anchor.seq else None)

    async def rotate(self, keeping: Keeping, now: datetime, open_since: datetime | None = None) -> Rotated:
        """Move old records to the archive and delete what is past keeping; see `Rotation.run`.

        It runs on a thread of its own. What it changes in the live file waits behind every decision, in
        transactions of a few rows.
        """

        def ask(job: Job[T]) -> Future[T]:
            return self._writer.submit(Urgency.BOOKKEEPING, lambda: job(self._store))

        rotation = Rotation(self.path, keeping, ask, now)
        return await self._aside(lambda: rotation.run(open_since))

    async def mend_history(self, archive: Path, stop: Callable[[], bool] = lambda: False) -> str:
        """Fill what is missing of the history from the records; what was wrong with it since the last call.

        On the thread of the rotation, and like it behind every decision. Empty: nothing was. It goes on for
        some seconds at most, or until `stop`, asked on that thread, says so; the next call does the rest.
        """

        def ask(job: Job[T]) -> Future[T]:
            return self._writer.submit(Urgency.BOOKKEEPING, lambda: job(self._store))

        return await self._aside(lambda: mend(self.path, archive, ask, stop))

    async def verify(self, archive: Path | None = None) -> Verification:
        """Read the whole chain on a connection of its own, so that no decision waits for it."""
        return await asyncio.to_thread(verify_file, self.path, archive)

    async def close(self) -> None:
        """Finish what was asked, close the file and end the thread; a disk that hangs is left after 5 s.

        A second call does nothing.
        """
        if not self._archivist.stopped:
            self._archivist.stop(lambda: None)
        if not self._writer.stopped:
            await asyncio.wait(
                [asyncio.wrap_future(self._writer.stop(self._store.drop))], timeout=CLOSE_SECONDS
            )

    async def _change(self, change: Callable[[sqlite3.Connection], None]) -> None:
        def run() -> None:
            with self._store.beside() as db:
                change(db)

        await self._run(Urgency.BOOKKEEPING, run)

    async def _aside(self, job: Callable[[], T]) -> T:
        return await _ended(self._archivist.submit(Urgency.BOOKKEEPING, job))

    async def _run(self, urgency: Urgency, job: Callable[[], T], size: int = 0) -> T:
        return await _ended(self._writer.submit(urgency, job, size))


async def _ended(future: Future[T]) -> T:
    """The job's result. Cancelling stops the waiting, not the job, whose failure then concerns nobody."""
    waiting = asyncio.wrap_future(future)
    waiting.add_done_callback(_heard)
    return await asyncio.shield(waiting)


def _heard(waiting: asyncio.Future[Any]) -> None:
    if not waiting.cancelled():
        waiting.exception()
