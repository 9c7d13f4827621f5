"""The venue's clock as seen from here: its offset from ours, how sure that is, and when to ask again."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from guardian.core.model import ClockOffset

_SLOW_MS = 1_000.0
_KEPT = 20
# After this many intervals without a good answer the offset is no longer told as evidence.
_FORGOTTEN_AFTER = 3


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One measurement: the truth lies within `error_ms` (half the round trip) of `offset_ms`."""

    offset_ms: float
    error_ms: float

    def contradicts(self, other: _Sample) -> bool:
        return abs(self.offset_ms - other.offset_ms) > self.error_ms + other.error_ms


class VenueClock:
    """Offset of the venue's clock in milliseconds (venue minus ours); None until the first measurement.

    Of the last 20 measurements the one with the shortest round trip counts: it is the surest, as in NTP's
    clock filter (RFC 5905 section 10). `measure_due` is true before the first measurement, after
    `refresh_seconds`, and when the venue complained about our timestamps (`suspect`).
    """

    def __init__(self, refresh_seconds: float = 60.0) -> None:
        self._refresh_seconds = refresh_seconds
        self._samples: deque[_Sample] = deque(maxlen=_KEPT)
        self._best: _Sample | None = None
        self._measured_at = 0.0
        self._suspected = True

    @property
    def measure_due(self) -> bool:
        return self._suspected or time.monotonic() - self._measured_at > self._refresh_seconds

    @property
    def offset_ms(self) -> float | None:
        return None if self._best is None else self._best.offset_ms

    @property
    def offset(self) -> ClockOffset | None:
        """As evidence, to a tenth of a millisecond; None when it has not been confirmed for too long."""
        age = time.monotonic() - self._measured_at
        if self._best is None or age > _FORGOTTEN_AFTER * self._refresh_seconds:
            return None
        return ClockOffset(round(self._best.offset_ms / 1000, 4), round(self._best.error_ms / 1000, 4))

    def suspect(self) -> None:
        self._suspected = True

    def learn(self, venue_ms: float, asked_ms: float, answered_ms: float) -> None:
        """The venue read `venue_ms` somewhere between our question and its answer: assume the middle.

        A slow answer says little: it never replaces a good measurement that may still be true, and where
        there is none it is used but stays due.
        """
        if answered_ms < asked_ms:
            self._suspected = True  # our own clock was set back in between
            return
        sample = _Sample(venue_ms - (asked_ms + answered_ms) / 2, (answered_ms - asked_ms) / 2)
        slow = answered_ms - asked_ms > _SLOW_MS
        if self._best is not None and sample.contradicts(self._best):
            # Both cannot be true of one moment: a clock was set or has drifted, and the newer is of today.
            self._samples.clear()
        elif self._best is not None and slow:
            return
        self._samples.append(sample)
        self._best = min(self._samples, key=lambda each: each.error_ms)
        self._measured_at = time.monotonic()
        self._suspected = slow

    def venue_ms(self, ours: datetime) -> float | None:
        """Our instant on the venue's clock, or None while the offset is unknown."""
        return None if self.offset_ms is None else ours.timestamp() * 1000 + self.offset_ms
