"""What waits to be sent: the journal's outbox, and a list in memory for when the journal is down.

Law: a failing journal loses no message and blocks none. What could not be written down about a row is
remembered, obeyed, and written as soon as the journal takes it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from guardian.errors import GuardianError
from guardian.ports import Journal, Message, Outgoing

T = TypeVar("T")

LOOK_LIMIT = 500
JOURNAL_SECONDS = 1.0
MEMORY_LIMIT = 1000
JOURNAL_ERRORS = (OSError, sqlite3.Error, GuardianError)

OnTrouble = Callable[[str, str, bool], None]
"""Called with (subject, detail, healed): once when a trouble begins, once when it ends."""


class Troubles:
    """Tells each trouble once."""

    def __init__(self, on_trouble: OnTrouble) -> None:
        self._tell = on_trouble
        self._open: set[str] = set()

    def begin(self, subject: str, detail: str) -> None:
        if subject not in self._open:
            self._open.add(subject)
            self._tell(subject, detail, False)

    def told(self, subject: str) -> None:
        """Somebody else has told it."""
        self._open.add(subject)

    def end(self, subject: str) -> None:
        if subject in self._open:
            self._open.discard(subject)
            self._tell(subject, "", True)


@dataclass(frozen=True, slots=True)
class Mark:
    """A row's fate: ended (`until` None) or due again. `error` empty and `until` set means repeating."""

    until: datetime | None
    error: str = ""
    abandoned: bool = False


class Waiting:
    """Rows of the journal have positive ids, offered ones negative."""

    def __init__(self, journal: Journal, troubles: Troubles) -> None:
        self._journal = journal
        self._troubles = troubles
        self._unwritten: dict[int, Mark] = {}
        self._offered: dict[int, tuple[Outgoing, datetime]] = {}
        self._repeating: set[int] = set()
        self._past_the_journal: dict[tuple[str, Message], None] = {}
        self._hanging: asyncio.Future[Any] | None = None
        self._last_id = 0

    def offer(self, channel: str, message: Message) -> None:
        """Take a message that the journal could not, once; a resolve ends the repetition of its trigger."""
        if (channel, message) in self._past_the_journal:
            return
        if message.notification == "resolve":
            for id_ in [i for i in self._repeating if self._same(i, channel, message.key)]:
                self._forget(id_)
        if len(self._offered) >= MEMORY_LIMIT:
            oldest = max(self._offered)
            self._troubles.begin("outbox", f"over {MEMORY_LIMIT} notifications wait in memory; the oldest go")
            self._forget(oldest)
        self._past_the_journal[(channel, message)] = None
        if len(self._past_the_journal) > MEMORY_LIMIT:
            self._past_the_journal.pop(next(iter(self._past_the_journal)))
        self._last_id -= 1
        self._offered[self._last_id] = (Outgoing(self._last_id, channel, message), message.at)

    def _same(self, id_: int, channel: str, key: str) -> bool:
        outgoing = self._offered[id_][0]
        return outgoing.channel == channel and outgoing.message.key == key

    def _forget(self, id_: int) -> None:
        self._offered.pop(id_, None)
        self._repeating.discard(id_)

    async def due(self, now: datetime) -> list[Outgoing]:
        """Everything whose time has come, from both places."""
        await self._write_down()
        try:
            stored = await self._patiently(self._journal.due(now, LOOK_LIMIT))
        except JOURNAL_ERRORS as error:
            self._failed("read", error)
            return self._due_in_memory(now)
        if not self._unwritten:
            self._troubles.end("outbox")
        for row in stored:
            if (row.channel, row.message) in self._past_the_journal:
                self._adopt(row)
        rows = self._due_in_memory(now)
        rows.extend(row for row in stored if self._due_despite(row.id, now))
        return rows

    def _due_in_memory(self, now: datetime) -> list[Outgoing]:
        return [outgoing for outgoing, at in self._offered.values() if at <= now]

    def _adopt(self, row: Outgoing) -> None:
        """The journal has written late what was offered past it: one of the two is enough.

        What was told is told; what still waits, or repeats, goes on from the row that survives a restart.
        """
        said = (row.channel, row.message)
        self._past_the_journal.pop(said)
        twin = next((i for i, (o, _) in self._offered.items() if (o.channel, o.message) == said), None)
        if twin is None:
            self._unwritten[row.id] = Mark(None)
            return
        if twin in self._repeating:
            self._unwritten[row.id] = Mark(self._offered[twin][1])
        self._forget(twin)

    async def _patiently(self, answer: Awaitable[T]) -> T:
        """The journal's answer; TimeoutError (an OSError) when its disk hangs, which holds up no message.

        Its calls stand in line on one thread: while one of them hangs, no other is made.
        """
        task = asyncio.ensure_future(answer)
        if self._hanging is not None and not self._hanging.done():
            task.cancel()
            raise TimeoutError("the journal does not answer")
        done, _ = await asyncio.wait({task}, timeout=JOURNAL_SECONDS)
        if not done:
            self._hanging = task
            task.add_done_callback(_heard)
            raise TimeoutError("the journal does not answer")
        return task.result()

    def _due_despite(self, id_: int, now: datetime) -> bool:
        mark = self._unwritten.get(id_)
        return mark is None or (mark.until is not None and mark.until <= now)

    async def mark(self, outgoing: Outgoing, mark: Mark) -> None:
        """Write a row's fate down, or remember it until that is possible."""
        if outgoing.id < 0:
            self._mark_offered(outgoing, mark)
            return
        self._unwritten[outgoing.id] = mark
        await self._write_down()

    def _failed(self, deed: str, error: Exception) -> None:
        self._troubles.begin(
            "outbox", f"the journal's outbox cannot be {deed}: {type(error).__name__}: {error}"
        )

    def _mark_offered(self, outgoing: Outgoing, mark: Mark) -> None:
        if mark.until is None:
            self._forget(outgoing.id)
        elif outgoing.id in self._offered:
            attempts = outgoing.attempts + 1 if mark.error else 0
            self._offered[outgoing.id] = (replace(outgoing, attempts=attempts), mark.until)
            if not mark.error:
                self._repeating.add(outgoing.id)

    async def _write_down(self) -> None:
        """What could not be written before; the first failure ends the try until the next round."""
        for id_, mark in list(self._unwritten.items()):
            try:
                await self._write(id_, mark)
            except JOURNAL_ERRORS as error:
                self._failed("written", error)
                return

    async def _write(self, id_: int, mark: Mark) -> None:
        if mark.until is not None:
            await self._patiently(self._journal.postpone(id_, mark.until, mark.error))
        elif mark.abandoned:
            await self._patiently(self._journal.abandon(id_, mark.error))
        else:
            await self._patiently(self._journal.delivered(id_))
        if self._unwritten.get(id_) == mark:
            del self._unwritten[id_]


def _heard(task: asyncio.Future[Any]) -> None:
    """A late answer is of no use any more, and its error none of a loop's business."""
    if not task.cancelled():
        task.exception()
