"""The shell's clock: it always advances, whatever happens to the machine's.

Guardian's time follows the wall clock forwards and never back: where the wall clock was set back, time goes
on by the monotonic clock, ahead of the wall. Ages, holds and deadlines stay true; only dates are off, and
`ahead` says by how much.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def wall() -> datetime:
    """The machine's own idea of the time: for what other processes read, such as a permit's expiry."""
    return datetime.now(UTC)


class SystemClock:
    """`monotonic` gives seconds from any origin, `machine` the wall clock that may jump."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, machine: Callable[[], datetime] = wall
    ) -> None:
        self._monotonic = monotonic
        self._machine = machine
        self._floor = datetime.min.replace(tzinfo=UTC)
        self._at = 0.0

    def now(self) -> datetime:
        """UTC, later than every earlier answer by at least the time that has passed since."""
        tick = self._monotonic()
        if self._floor.year > 1:
            self._floor += timedelta(seconds=max(0.0, tick - self._at))
        self._at = tick
        self._floor = max(self._floor, self._machine())
        return self._floor

    def raise_to(self, instant: datetime) -> None:
        """Go on from what an earlier run had reached."""
        self._floor = max(self.now(), instant)

    @property
    def ahead(self) -> timedelta:
        """How far guardian's time is ahead of the machine's, because that was set back."""
        return self.now() - self._machine()
