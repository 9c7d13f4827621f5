"""The venue's clock as seen from here: its offset from ours, and when it must be measured again."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_SLOW_MS = 1_000.0


def now() -> datetime:
    return datetime.now(UTC)


class VenueClock:
    """Offset of the venue's clock in milliseconds (venue minus ours); None until the first measurement.

    `measure_due` is true before the first measurement, after `refresh_seconds`, and when the venue
    complained about our timestamps (`suspect`).
    """

    def __init__(self, refresh_seconds: float = 60.0) -> None:
        self.offset_ms: float | None = None
        self._refresh_seconds = refresh_seconds
        self._measured_at = 0.0
        self._suspected = True

    @property
    def measure_due(self) -> bool:
        return self._suspected or time.monotonic() - self._measured_at > self._refresh_seconds

    def suspect(self) -> None:
        self._suspected = True

    def learn(self, venue_ms: float, asked_ms: float, answered_ms: float) -> None:
        """The venue read `venue_ms` somewhere between our question and its answer: assume the middle.

        A slow answer says little (the error is up to half its round trip): it never replaces a good
        measurement, and where there is none it is used but stays due.
        """
        slow = answered_ms - asked_ms > _SLOW_MS
        if slow and self.offset_ms is not None:
            return
        self.offset_ms = venue_ms - (asked_ms + answered_ms) / 2
        self._measured_at = time.monotonic()
        self._suspected = slow

    def venue_ms(self, ours: datetime) -> float | None:
        """Our instant on the venue's clock, or None while the offset is unknown."""
        return None if self.offset_ms is None else ours.timestamp() * 1000 + self.offset_ms
