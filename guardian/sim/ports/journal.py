"""A journal in memory that outlives the processes which write it, on a disk that may fail, hang or be full.

It keeps the law of the real one: record and outbox rows in one commit, in order, by a single writer, behind
which everything waits while the disk hangs. What was acknowledged is durable; what was under way when the
process died is there or not, as the disk pleases.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from zlib import crc32

from guardian.ports import Message, Outgoing, Restored, Verification
from guardian.sim.ports.weather import Weather

COMMIT_SECONDS = 0.002
ANYONE = ""
Outbox = Sequence[tuple[str, Message]]


@dataclass(frozen=True, slots=True)
class Written:
    """One durable record."""

    at: datetime
    kind: str
    body: str


@dataclass(slots=True)
class Row:
    """One outbox row; `state` is waiting, repeating or how it ended."""

    outgoing: Outgoing
    next_at: datetime
    state: str = "waiting"
    attempts: int = 0


class Disk:
    """What survives: the records, the newest checkpoint with the count of records it covers, the outbox."""

    def __init__(self) -> None:
        self.records: list[Written] = []
        self.checkpoint: tuple[int, str] | None = None
        self.checkpoints = 0
        self.rows: dict[int, Row] = {}
        self.lost = 0

    def write(self, record: Written, outgoing: Outbox) -> None:
        self.records.append(record)
        for channel, message in outgoing:
            if message.notification == "resolve":
                self._end_repeats(channel, message.key)
            number = len(self.rows) + 1
            self.rows[number] = Row(Outgoing(number, channel, message), record.at)

    def _end_repeats(self, channel: str, key: str) -> None:
        for row in self.rows.values():
            same = row.outgoing.channel == channel and row.outgoing.message.key == key
            if same and row.state == "repeating":
                row.state = "resolved"

    def keep(self, state: str) -> None:
        self.checkpoint = (len(self.records), state)
        self.checkpoints += 1

    @property
    def digest(self) -> str:
        """Over every record in its order: two incidents with the same digest decided the same."""
        found = sha256()
        for record in self.records:
            found.update(f"{record.at.isoformat()} {record.kind} {record.body}\n".encode())
        return found.hexdigest()

    def restored(self) -> Restored:
        covered, state = self.checkpoint or (0, None)
        return Restored(state, tuple(r.body for r in self.records[covered:]))


class SimJournal:
    """See ports.Journal. One process's hand on the disk; `dead` once that process is gone."""

    def __init__(self, disk: Disk, weather: Weather) -> None:
        self._disk = disk
        self._weather = weather
        self._turn = asyncio.Lock()
        self.dead = False

    async def restore(self) -> Restored:
        return self._disk.restored()

    async def append(self, at: datetime, kind: str, body: str, outgoing: Outbox) -> int:
        async with self._turn:
            try:
                await self._hang()
                self._fail()
                await asyncio.sleep(COMMIT_SECONDS)
            except asyncio.CancelledError:
                self._perhaps(Written(at, kind, body), outgoing)
                raise
            self._disk.write(Written(at, kind, body), outgoing)
            return len(self._disk.records)

    def _perhaps(self, record: Written, outgoing: Outbox) -> None:
        """Who gives up the waiting stops no write. A process that died in it: one case of two."""
        if not self.dead or crc32(record.body.encode()) & 1:
            self._disk.write(record, outgoing)

    async def _hang(self) -> None:
        plan = self._weather.rages("fsync-hung", ANYONE)
        if plan is not None:
            self._weather.count("fsync-hung", ANYONE)
            await asyncio.sleep(max(0.0, plan.until - asyncio.get_running_loop().time()))

    def _fail(self) -> None:
        try:
            self._may_write()
        except OSError:
            self._disk.lost += 1
            raise

    def _may_write(self) -> None:
        if self._weather.rages("disk-full", ANYONE):
            self._weather.count("disk-full", ANYONE)
            raise OSError(errno.ENOSPC, "no space left on device")
        if self._weather.strikes("fsync-error", ANYONE):
            self._weather.count("fsync-error", ANYONE)
            raise OSError(errno.EIO, "input/output error")

    async def checkpoint(self, at: datetime, state: str) -> None:
        async with self._turn:
            await self._hang()
            self._fail()
            if not self.dead:
                self._disk.keep(state)

    async def due(self, now: datetime, limit: int = 20) -> tuple[Outgoing, ...]:
        async with self._turn:
            await self._hang()
            live = (r for r in self._disk.rows.values() if r.state in ("waiting", "repeating"))
            return tuple(r.outgoing for r in islice((r for r in live if r.next_at <= now), limit))

    async def delivered(self, outgoing_id: int) -> None:
        (await self._row(outgoing_id)).state = "delivered"

    async def abandon(self, outgoing_id: int, error: str) -> None:
        (await self._row(outgoing_id)).state = "abandoned"

    async def postpone(self, outgoing_id: int, until: datetime, error: str) -> None:
        """As the real outbox does it: no error means delivered, and told again unless resolved meanwhile."""
        row = await self._row(outgoing_id)
        row.next_at = until
        row.attempts = row.attempts + 1 if error else 0
        if not error:
            row.state = "resolved" if self._resolved_later(row) else "repeating"
        out = row.outgoing
        row.outgoing = Outgoing(out.id, out.channel, out.message, row.attempts)

    async def _row(self, outgoing_id: int) -> Row:
        """Where it may be changed: bookkeeping needs the disk as much as a decision does."""
        async with self._turn:
            await self._hang()
            self._may_write()
            return self._disk.rows[outgoing_id]

    def _resolved_later(self, row: Row) -> bool:
        mine = row.outgoing
        return any(
            r.outgoing.id > mine.id
            and r.outgoing.message.notification == "resolve"
            and (r.outgoing.channel, r.outgoing.message.key) == (mine.channel, mine.message.key)
            for r in self._disk.rows.values()
        )

    async def verify(self) -> Verification:
        disk = self._disk
        written = len(disk.records) + disk.checkpoints
        return Verification(True, written, head=disk.digest, last=written)

    async def close(self) -> None:
        return None
