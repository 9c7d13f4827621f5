"""Watch one account: ask for snapshots by the timer or at once, and post what came.

A row of the ledger of a type that nobody knows is told. Whoever wants to know that something was done on the
account is told of a read whose cash or legs moved.

A snapshot that an effect asks for does not wait for a slow one before it; at most three are under way, and
the core ignores an answer older than what it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from guardian.core.events import Event, SnapshotTaken, Troubled
from guardian.core.model import Failure, Part, Snapshot
from guardian.ports import Clock, Reader

READ_DEADLINE_SECONDS = 8.0
CONCURRENT_READS = 3

UNKNOWN_ROW = "ledger type"
"""The trouble of a ledger that tells of something that guardian does not know; the venue's word follows."""

MOST_WORDS = 8

Held = tuple[dict[str, Decimal], dict[str, Decimal]]
"""Cash by currency, quantity by leg."""


class Watch:
    def __init__(self, account: str, reader: Reader, clock: Clock, post: Callable[[Event], None]) -> None:
        self.account = account
        self._reader = reader
        self._clock = clock
        self._post = post
        self._reads: set[asyncio.Task[None]] = set()
        self._held: Held | None = None
        self._told: set[str] = set()
        self.on_moved: Callable[[], None] | None = None

    def poll(self) -> None:
        """The timer rang: ask, unless an answer is still awaited."""
        if not self._reads:
            self._ask()

    def now(self) -> None:
        """An effect wants evidence newer than any answer under way."""
        if len(self._reads) < CONCURRENT_READS:
            self._ask()

    def use(self, reader: Reader) -> None:
        """Read through this from now on (a watch key that became over-privileged is left unused)."""
        self._reader = reader

    def stop(self) -> None:
        for task in self._reads:
            task.cancel()

    def _ask(self) -> None:
        task = asyncio.get_running_loop().create_task(self._read(), name=f"read {self.account}")
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)

    async def _read(self) -> None:
        asked = self._clock.now()
        try:
            snapshot = await asyncio.wait_for(self._reader.snapshot(), READ_DEADLINE_SECONDS)
        except TimeoutError:
            snapshot = self._blind(asked, "timeout", "the whole read timed out")
        except Exception as error:
            # A bug in a reader is blindness, not death; its message is not told, it may hold a secret.
            snapshot = self._blind(asked, "bug", f"unexpected {type(error).__name__}")
        # The shell's clock stamps the question: the machine's may have been set back since.
        self._post(SnapshotTaken(self._clock.now(), replace(snapshot, asked_at=asked)))
        self._tell_unknown(snapshot)
        self._compare(snapshot)

    def _tell_unknown(self, snapshot: Snapshot) -> None:
        """Each word once while guardian runs: such rows count in its books, but nobody has said as what."""
        words = {row.unknown_type for row in snapshot.ledger or () if row.unknown_type} - self._told
        for word in sorted(words)[: MOST_WORDS - len(self._told)]:
            self._told.add(word)
            detail = "booked as money that came or left, no loss; as a loss if it names a contract"
            self._post(Troubled(self._clock.now(), self.account, f"{UNKNOWN_ROW} {word}", detail))

    def _compare(self, snapshot: Snapshot) -> None:
        held = _held(snapshot)
        if held is None:
            return
        if self._held not in (None, held) and self.on_moved is not None:
            self.on_moved()
        self._held = held

    def _blind(self, asked: datetime, code: str, why: str) -> Snapshot:
        failures = tuple(Failure(part, code, why) for part in Part)
        return Snapshot(self.account, asked, None, None, None, None, failures)


def _held(snapshot: Snapshot) -> Held | None:
    """None where a part is missing: that nothing is seen does not mean that it has moved."""
    if snapshot.wallet is None or snapshot.positions is None:
        return None
    cash = {balance.currency: balance.quantity for balance in snapshot.wallet.balances}
    return cash, {position.leg: position.quantity for position in snapshot.positions}
