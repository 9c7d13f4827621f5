"""How long a process stood in line for a processor: the machine's share of a delay, not guardian's.

Law: where the kernel does not tell (not Linux), nothing is left out and the wall clock alone judges.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from pathlib import Path

EVERY_SECONDS = 0.03
_NANO = 1e9


class Waits(threading.Thread):
    """Reads the run-queue wait of a process's main thread until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(name=f"waits of {pid}", daemon=True)
        self._file = Path(f"/proc/{pid}/schedstat")
        self._at: list[float] = []
        self._waited: list[float] = []
        self.start()

    def run(self) -> None:
        while (waited := self._read()) is not None:
            self._at.append(time.time())
            self._waited.append(waited)
            time.sleep(EVERY_SECONDS)

    def between(self, since: float, until: float) -> float:
        """Seconds in line from one instant to another, as exact as the samples are close."""
        samples = list(zip(self._at, self._waited, strict=False))
        if not samples:
            return 0.0
        at = [sample[0] for sample in samples]
        first = samples[min(bisect_left(at, since), len(samples) - 1)][1]
        last = samples[max(bisect_left(at, until) - 1, 0)][1]
        return max(0.0, last - first)

    def _read(self) -> float | None:
        try:
            return int(self._file.read_text().split()[1]) / _NANO
        except (OSError, IndexError, ValueError):
            return None
