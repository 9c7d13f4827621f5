"""Taking over what `--direct` runs wrote while the daemon was not to be reached: at a start, and in a run.

Law: what an operator demanded directly stays demanded, and only a resume ends it. It is carried out once,
whatever crashes in between, and never after a resume. A journal that its process still writes is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from guardian.core.events import Demanded, Resumed, Troubled
from guardian.core.state import Facts, State
from guardian.journal.direct import NAMES, DirectLock, import_direct, put_aside
from guardian.journal.read import Wanted, read_records
from guardian.journal.sqlite import SqliteJournal
from guardian.runtime.codec import decode_step_event
from guardian.runtime.loop import Runtime
from guardian.runtime.start.restore import remembered

LOOK_SECONDS = 5.0
TROUBLE = "direct-import"

Carry = Callable[[Demanded], Awaitable[object]]
"""Decides on a demand and begins its record."""


class Takeover:
    def __init__(self, state_dir: Path, journal: SqliteJournal, runtime: Runtime) -> None:
        self._state_dir = state_dir
        self._journal = journal
        self._runtime = runtime
        self._failing: set[Path] = set()
        self._task: asyncio.Task[None] | None = None

    async def at_start(self) -> None:
        """Before the loop runs: what is left from the life before. Never raises."""
        await self._take_all(self._decide)

    def look(self) -> None:
        """While the loop runs: what a process that has ended has left. A disk may hang; nothing waits."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._take_all(self._runtime.submit))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _decide(self, event: Demanded) -> None:
        self._runtime.post(event)
        await self._runtime.drain()

    async def _take_all(self, carry: Carry) -> None:
        failing = self._failing
        self._failing = set()
        for path in await asyncio.to_thread(_journals, self._state_dir):
            try:
                if not await asyncio.to_thread(DirectLock(path).held):
                    await self._take(path, carry)
            except Exception as error:
                # Whatever such a file holds, it must not keep guardian from watching.
                self._failing.add(path)
                if path not in failing:
                    self._tell(path, type(error).__name__)
        if failing and not self._failing:
            self._runtime.trouble(TROUBLE, "no journal of --direct is left to be imported", healed=True)

    async def _take(self, path: Path, carry: Carry) -> None:
        """Records first, then the demands, and the file is put aside last: each step can be done again."""
        demanded = await asyncio.to_thread(direct_demands, path)
        before = await import_direct(self._journal, path) == 0
        for event in demanded:
            # Only where a life before has imported the records may it have carried out the demand too.
            if before and await asyncio.to_thread(_carried_out, self._journal.path, path.name, event):
                continue
            if resumed_at := await self._resumed_after(event):
                self._say_over(path, event, resumed_at)
                continue
            lost = self._runtime.committer.lost
            await carry(replace(event, by=_taker(event, path.name)))
            await self._journal.head()  # Written behind every decision: its record is on the disk, or lost.
            await self._runtime.committer.settle()
            if self._runtime.committer.lost > lost:
                return  # It is in force; the file stays until a record says so.
        await asyncio.to_thread(put_aside, path)

    async def _resumed_after(self, event: Demanded) -> datetime | None:
        """When an operator has ended what the demand began. A state of an older version does not know."""
        account = self._runtime.state.account(event.account)
        if account is None:
            return None
        resumed_at = account.resumed_at
        if resumed_at is None:
            resumed_at = await asyncio.to_thread(_newest_resume, self._journal.path, event)
        return resumed_at if resumed_at is not None and resumed_at >= event.at else None

    def _say_over(self, path: Path, event: Demanded, resumed_at: datetime) -> None:
        """A record of why the demand is not carried out, for an operator has ended it.

        Nobody is called, but where it has fenced keys: the resume did not know what it had to give back.
        """
        detail = (
            f"{event.level.name} of {event.at:%Y-%m-%d %H:%M:%S} UTC is not demanded anew: "
            f"{event.account} was resumed at {resumed_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        if fenced := ", ".join(key for key, _ in event.recorded):
            detail += f"; it had fenced {fenced}: see at the venue whether they can trade again"
        now, subject = self._runtime.parts.clock.now(), f"{TROUBLE}:{path.name}"
        self._runtime.post(Troubled(now, event.account, subject, detail, healed=not fenced))

    def _tell(self, path: Path, kind: str) -> None:
        why = (
            f"{path.name} cannot be imported ({kind}) and is tried again; move it away once you have read it"
        )
        self._runtime.trouble(TROUBLE, why, healed=False)


def direct_demands(path: Path) -> tuple[Demanded, ...]:
    """What operators demanded in a journal of `--direct`, each with what the fences there have recorded.

    Guardian's own fence finds the keys read-only and could only record that. Raises whatever a broken file
    makes it raise.
    """
    state = remembered(path)
    events = (decode_step_event(r.body) for r in read_records(path, Wanted(kind="demanded")))
    demanded = (event for event in events if isinstance(event, Demanded))
    return tuple(replace(event, recorded=_recorded(state, event.account)) for event in demanded)


def _recorded(state: State, name: str) -> tuple[tuple[str, Facts], ...]:
    """What can be given back one day. Of a key that was found read-only that is nothing."""
    account = state.account(name)
    incident = account.incident if account else None
    facts = incident.fence_facts if incident else ()
    return tuple((key, each) for key, each in facts if dict(each).get("read_only") != "true")


def _journals(state_dir: Path) -> list[Path]:
    """The oldest first. A folder that cannot be read holds guardian's own journal too, which tells of it."""
    try:
        return sorted(state_dir.glob(NAMES))
    except OSError:
        return []


def _taker(event: Demanded, name: str) -> str:
    return f"{event.by}, imported from {name}"


def _carried_out(journal: Path, name: str, event: Demanded) -> bool:
    """Whether a life that ended before it put the file aside has decided on the demand."""
    by = _taker(event, name)
    records = read_records(journal, Wanted(since=event.at, kind=event.kind, matches=lambda body: by in body))
    decided = (decode_step_event(record.body) for record in records)
    return any(isinstance(d, Demanded) and (d.by, d.account) == (by, event.account) for d in decided)


def _newest_resume(journal: Path, event: Demanded) -> datetime | None:
    records = read_records(journal, Wanted(since=event.at, kind="resumed"))
    resumes = (decode_step_event(record.body) for record in records)
    return max((r.at for r in resumes if isinstance(r, Resumed) and r.account == event.account), default=None)
