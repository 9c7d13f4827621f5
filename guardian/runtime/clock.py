"""The shell's clock: wall time in UTC that never runs backwards within a process."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Now, or the last answer where the system's clock was set back."""
        self._last = max(self._last, datetime.now(UTC))
        return self._last
