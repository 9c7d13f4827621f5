"""What one public question tells about a venue: that it answers, how fast, and what time it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pulse:
    """`offset_s` is the venue's clock minus ours; it is known to half of `round_trip_s`."""

    round_trip_s: float
    offset_s: float
