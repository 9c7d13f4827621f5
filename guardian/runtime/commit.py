"""Committing decisions: durable before they act, but never instead of acting.

A commit is waited for at most 250 ms. Past that the effects go, and the gap is declared: told to people, and
written when the disk answers again. While the journal is down, escalation continues and de-escalation is
refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from guardian.ports import Journal, Message

PATIENCE_SECONDS = 0.25
CALM_SECONDS = 5.0
"""How long no write may fail before the journal counts as healed: one that flaps is not told each time."""

CHECKPOINT_EVERY = 250
"""Records between two checkpoints: a restart folds at most these, at over a millisecond each."""

TOLD, TOLD_TO_ONE = "telemetry", 4
"""Words of the trading stack count as one record together: how many there are is theirs to choose, and each
checkpoint is the whole state. A restart folds at most four times as many records for it.
"""

Outbox = Sequence[tuple[str, Message]]


class Committer:
    """Appends records in order. `trouble(detail, healed)` hears of a journal that fails or recovers."""

    def __init__(
        self,
        journal: Journal,
        offer: Callable[[str, Message], None],
        trouble: Callable[[str, bool], None],
        checkpoint_every: int = CHECKPOINT_EVERY,
    ) -> None:
        self._journal = journal
        self._checkpoint_every = checkpoint_every
        self._offer = offer
        self._trouble = trouble
        self._pending: set[asyncio.Task[None]] = set()
        self.ok = True
        self._writes = True
        self._failed_at = 0.0
        self.records = 0
        self.lost = 0
        self._since_checkpoint = 0
        self._told = 0

    async def commit(self, at: datetime, kind: str, body: str, outgoing: Outbox) -> None:
        """Durable when this returns, or late (the gap is declared). Never raises.

        A journal that is known to fail is not waited for again until it has written something. Messages that
        it does not take in time are offered past it: people may hear of them twice, but not late.
        """
        task = self._start(at, kind, body, outgoing)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS if self._writes else 0.0)
        if not done:
            self._declare(f"a commit took longer than {PATIENCE_SECONDS * 1000:.0f} ms")
            for channel, message in outgoing:
                self._offer(channel, message)

    def begin(self, at: datetime, kind: str, body: str) -> None:
        """A record that nothing waits for; order is kept by the journal's single writer."""
        self._pending.add(self._start(at, kind, body, ()))

    def _start(self, at: datetime, kind: str, body: str, outgoing: Outbox) -> asyncio.Task[None]:
        self.records += 1
        self._count(kind)
        task = asyncio.get_running_loop().create_task(self._append(at, kind, body, outgoing))
        self._keep(task)
        return task

    def _count(self, kind: str) -> None:
        if kind == TOLD:
            self._told = (self._told + 1) % TOLD_TO_ONE
        if kind != TOLD or not self._told:
            self._since_checkpoint += 1

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def checkpoint_if_due(self, at: datetime, encode: Callable[[], str]) -> None:
        """A checkpoint lets a restart fold few events, whatever the journal's size. Nothing waits for it.

        It is due at once after a gap, because only it knows what the lost records had decided.
        """
        if self._since_checkpoint < self._checkpoint_every or not self.ok:
            return
        self._since_checkpoint = 0
        try:
            state = encode()
        except Exception as error:
            self._declare(f"a checkpoint could not be made: {type(error).__name__}")
            return
        self._keep(asyncio.get_running_loop().create_task(self._checkpoint(at, state)))

    async def _checkpoint(self, at: datetime, state: str) -> None:
        try:
            await self._journal.checkpoint(at, state)
        except Exception as error:
            self._since_checkpoint = self._checkpoint_every
            self._declare(f"a checkpoint failed: {type(error).__name__}")

    async def settle(self) -> None:
        """Wait for what is still being written (at shutdown)."""
        if self._pending:
            await asyncio.wait(set(self._pending), timeout=2.0)

    async def _append(self, at: datetime, kind: str, body: str, outgoing: Outbox) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            await self._journal.append(at, kind, body, outgoing)
        except Exception as error:
            # Whatever the journal's trouble is, it is told, and never stops what was to be recorded.
            self.lost += 1
            for channel, message in outgoing:
                self._offer(channel, message)
            self._declare(f"a record could not be written: {type(error).__name__}")
            return
        if loop.time() - begun < PATIENCE_SECONDS:
            self._heal()

    def _declare(self, detail: str) -> None:
        """The journal fails: each failure begins its time of calm anew, the first one is told."""
        self._writes = False
        self._failed_at = asyncio.get_running_loop().time()
        if self.ok:
            self.ok = False
            self._trouble(detail, False)

    def _heal(self) -> None:
        self._writes = True
        if not self.ok and asyncio.get_running_loop().time() >= self._failed_at + CALM_SECONDS:
            self.ok = True
            self._since_checkpoint = self._checkpoint_every
            self._trouble(f"writing again; {self.lost} records were lost while it failed", True)
