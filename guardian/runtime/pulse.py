"""How guardian itself fares: how late it is, and what is left of the disk that its journal is on.

Late is how long an event waited in the queue, and how much later than it should the bell rang that rings each
half second: whatever holds up the loop holds up that bell. In seconds of the runtime's own clock; the largest
of each five seconds is remembered for a minute. The disk is looked at beside the loop: one that hangs must
not hang it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from guardian.core.facts.pulse import Pulse
from guardian.core.model import Rule

ASKED_BY = frozenset({"loop_lag", "disk_free"})
SLOT_SECONDS, SLOTS = 5, 12
DISK_SECONDS = 10.0
LASTS = timedelta(seconds=60)


def felt(rules: tuple[Rule, ...]) -> bool:
    """Whether any rule asks how guardian fares: else its journal need not tell it."""
    return any(rule.metric in ASKED_BY for rule in rules)


class PulseMeter:
    """`every` is how often the bell should ring, in seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._rang: datetime | None = None
        self._late: dict[int, float] = {}
        self._free: tuple[datetime, float] | None = None

    def rang(self, now: datetime) -> None:
        if self._rang is not None:
            self._keep((now - self._rang).total_seconds() - self._every, now)
        self._rang = now

    def waited(self, since: datetime, now: datetime) -> None:
        """An event that came at `since` is about to be decided on."""
        self._keep((now - since).total_seconds(), now)

    def has_free(self, fraction: float, now: datetime) -> None:
        self._free = (now, fraction)

    def taken(self, now: datetime) -> Pulse:
        """The longest of the last minute, and the disk as of then; None where nobody has looked."""
        newest = _slot(now)
        lag = max((late for slot, late in self._late.items() if newest - SLOTS < slot <= newest), default=0.0)
        fresh = self._free is not None and now - self._free[0] <= LASTS
        return Pulse(lag, self._free[1] if fresh and self._free is not None else None)

    def _keep(self, seconds: float, now: datetime) -> None:
        slot, late = _slot(now), round(max(seconds, 0.0), 3)
        if slot not in self._late:
            self._late = {known: each for known, each in self._late.items() if slot - SLOTS < known < slot}
        self._late[slot] = max(self._late.get(slot, 0.0), late)


def _slot(at: datetime) -> int:
    return int(at.timestamp()) // SLOT_SECONDS


class DiskLook:
    """Looks at a folder's file system when its bell rings; while one look hangs no other is begun."""

    def __init__(self, folder: Path, told: Callable[[float], None]) -> None:
        self._folder = folder
        self._told = told
        self._looking: asyncio.Task[None] | None = None

    def look(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look(), name="disk")

    async def _look(self) -> None:
        with suppress(OSError):
            self._told(await asyncio.to_thread(free_fraction, self._folder))


def free_fraction(folder: Path) -> float:
    """Of what guardian's user may write, over the whole. Raises OSError."""
    seen = shutil.disk_usage(folder)
    return round(seen.free / seen.total, 4) if seen.total else 0.0
