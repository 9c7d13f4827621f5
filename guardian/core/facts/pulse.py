"""How guardian itself fares. Shapes only: the runtime measures it, as it decides on a read."""

from __future__ import annotations

from guardian.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Pulse:
    """`lag_seconds` is the longest of the last minute that a judgement came late, `disk_free` the free
    fraction of the journal's disk, None while nobody has looked."""

    lag_seconds: float
    disk_free: float | None = None
