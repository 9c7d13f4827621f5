"""What waits to be sent: the journal's outbox, and a list in memory for when the journal is down.

Law: a failing journal loses no message and blocks none. What could not be written down about a row is
remembered, obeyed, and written as soon as the journal takes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from guardian.errors import GuardianError
from guardian.ports import Journal, Message, Outgoing

LOOK_LIMIT = 500
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
        self._last_id = 0

    def offer(self, channel: str, message: Message) -> None:
        """Take a message that the journal could not; a resolve ends the repetition of its trigger."""
        if message.notification == "resolve":
            for id_ in [i for i in self._repeating if self._same(i, channel, message.key)]:
                self._forget(id_)
        if len(self._offered) >= MEMORY_LIMIT:
            oldest = max(self._offered)
            self._troubles.begin("outbox", f"over {MEMORY_LIMIT} notifications wait in memory; the oldest go")
            self._forget(oldest)
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
        rows = [outgoing for outgoing, at in self._offered.values() if at <= now]
        await self._write_down()
        try:
            stored = await self._journal.due(now, LOOK_LIMIT)
        except JOURNAL_ERRORS as error:
            self._failed("read", error)
            return rows
        if not self._unwritten:
            self._troubles.end("outbox")
        rows.extend(row for row in stored if self._due_despite(row.id, now))
        return rows

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
            await self._journal.postpone(id_, mark.until, mark.error)
        elif mark.abandoned:
            await self._journal.abandon(id_, mark.error)
        else:
            await self._journal.delivered(id_)
        if self._unwritten.get(id_) == mark:
            del self._unwritten[id_]
