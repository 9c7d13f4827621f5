"""The journal's upkeep: old records go to the archive, heads of the chain to where they are anchors, and
rows that are missing are written from their records.

Nothing here is needed to act: whatever fails is told once, and tried again at the next look.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from guardian.journal import Keeping
from guardian.runtime.start.daemon import Opened

LOOK_SECONDS = 60.0
ANCHOR_EVERY = timedelta(minutes=5)
STUCK_AFTER = timedelta(minutes=10)
CALM = timedelta(minutes=10)
"""An incident younger than this has the disk and the processor to itself."""

FINISH_SECONDS = 2.0
HISTORY = "journal-history"
ARCHIVE, ANCHORS, FOREIGN = "journal-archive", "journal-anchors", "journal-archive-others"


class Upkeep:
    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._task: asyncio.Task[None] | None = None
        self._begun_at: datetime | None = None
        self._anchored_at: datetime | None = None
        self._failing: set[str] = set()
        self._over = False

    def look(self) -> None:
        """Begin a round, unless the last one has not ended: a disk may hang."""
        now = self._opened.clock.now()
        if self._task is not None and not self._task.done():
            if self._begun_at is not None and now - self._begun_at > STUCK_AFTER:
                self._tell(ARCHIVE, f"the journal's upkeep has not ended since {self._begun_at:%H:%M} UTC")
            return
        self._begun_at = now
        self._task = asyncio.get_running_loop().create_task(self._round(now))

    async def anchor(self) -> None:
        """Write the head of the chain down elsewhere. Never raises."""
        path = self._opened.config.journal.anchors
        if path is None:
            return
        try:
            await self._opened.journal.anchor(path, self._opened.clock.now())
        except Exception as error:
            self._tell(ANCHORS, f"{path}: no anchor can be written ({_words(error)})")
        else:
            self._heal(ANCHORS, f"{path}: anchors are written again")

    async def finish(self) -> None:
        """One anchor more at the end of a run; neither a rotation nor a disk that hangs is waited for."""
        self._over = True
        if self._task is not None:
            self._task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self.anchor()

    async def _round(self, now: datetime) -> None:
        if self._anchored_at is None or now - self._anchored_at >= ANCHOR_EVERY:
            self._anchored_at = now
            await self.anchor()
        if self._busy():
            return
        await self._rotate(now)
        if not self._busy():
            await self._mend_history()

    def _incidents(self) -> list[datetime]:
        return [a.incident.opened_at for a in self._opened.runtime.state.accounts if a.incident is not None]

    def _busy(self) -> bool:
        """Whether disk and processor are needed elsewhere."""
        opened = self._incidents()
        return bool(opened and self._opened.clock.now() - max(opened) < CALM)

    def _interrupted(self, known: list[datetime]) -> bool:
        """Whether an incident was opened meanwhile, or all ends. Asked on another thread: reads no clock."""
        return self._over or any(opened_at not in known for opened_at in self._incidents())

    async def _rotate(self, now: datetime) -> None:
        config = self._opened.config
        keep = config.journal.keep_seconds
        keeping = Keeping(
            config.archive, config.journal.segment_bytes, None if keep is None else timedelta(seconds=keep)
        )
        try:
            done = await self._opened.journal.rotate(keeping, now, min(self._incidents(), default=None))
        except Exception as error:
            self._tell(ARCHIVE, f"{config.archive}: old records cannot be archived ({_words(error)})")
        else:
            self._heal(ARCHIVE, f"{config.archive}: old records are archived again")
            self._say_foreign(0 if keep is None else done.foreign)

    async def _mend_history(self) -> None:
        """Rows of orders, fills and ledger that could not be written are written from their records."""
        archive, known = self._opened.config.archive, self._incidents()
        try:
            problem = await self._opened.journal.mend_history(archive, lambda: self._interrupted(known))
        except Exception as error:
            problem = _words(error)
        if problem:
            self._tell(HISTORY, f"rows of orders, fills and ledger cannot be kept ({problem[:200]})")
        else:
            self._heal(HISTORY, "rows of orders, fills and ledger are kept again")

    def _say_foreign(self, count: int) -> None:
        """Whoever set `keep` must know what it does not reach: another journal, or a chain begun before."""
        where = self._opened.config.archive
        if count:
            self._tell(
                FOREIGN, f"{where}: {count} segments of another journal are left alone; nothing deletes them"
            )
        else:
            self._heal(FOREIGN, f"{where}: every segment is of this journal")

    def _tell(self, subject: str, detail: str) -> None:
        if subject not in self._failing:
            self._failing.add(subject)
            self._opened.runtime.trouble(subject, detail, False)

    def _heal(self, subject: str, detail: str) -> None:
        if subject in self._failing:
            self._failing.discard(subject)
            self._opened.runtime.trouble(subject, detail, True)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
