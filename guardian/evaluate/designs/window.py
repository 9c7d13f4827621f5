"""The fall of an equity from its highest close of the last hour: what the fixed rules and the graded one
read."""

from __future__ import annotations

from collections import deque

HOUR_MS = 3_600_000


class Window:
    """Highest value over (now - length, now]; `restart` forgets what was before."""

    def __init__(self, length_ms: int = HOUR_MS) -> None:
        self._length_ms = length_ms
        self._peaks: deque[tuple[int, float]] = deque()

    def fallen(self, at_ms: int, value: float) -> float:
        """Takes the newest value in; the fraction lost since the highest one."""
        while self._peaks and self._peaks[-1][1] <= value:
            self._peaks.pop()
        self._peaks.append((at_ms, value))
        while self._peaks[0][0] <= at_ms - self._length_ms:
            self._peaks.popleft()
        top = self._peaks[0][1]
        return (top - value) / top if top > 0 else 0.0

    def staying(self, by_ms: int) -> float:
        """The fraction lost if the newest value stays for so long, while peaks leave the window."""
        at_ms, value = self._peaks[-1]
        oldest = at_ms + by_ms - self._length_ms
        top = next((peak for seen_ms, peak in self._peaks if seen_ms > oldest), value)
        return (top - value) / top if top > 0 else 0.0

    def later(self, by_ms: int) -> None:
        """The newest value was seen once more, a moment after its bar closed."""
        at_ms, value = self._peaks.pop()
        self._peaks.append((at_ms + by_ms, value))

    def restart(self) -> None:
        self._peaks.clear()
