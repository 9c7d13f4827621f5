"""Whose turn it is, among all workers and runs on this machine: side by side, or alone.

File locks, because workers are processes. Whoever waits to be alone holds the gate, so that nobody who comes
later overtakes.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

NAME = f"guardian-tests-{os.getuid()}"


class Turns:
    """One worker's view: `take` before a test and `end` after it; a turn that is kept is not taken anew."""

    def __init__(self, folder: Path | None = None) -> None:
        shared = folder or Path(tempfile.gettempdir())
        self._turn, self._gate = ((shared / f"{NAME}.{lock}").open("w") for lock in ("turn", "gate"))
        self._held = False

    def take(self, alone: bool) -> None:
        if self._held:
            return
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        fcntl.flock(self._turn, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        self._held = True

    def end(self) -> None:
        fcntl.flock(self._turn, fcntl.LOCK_UN)
        self._held = False

    def close(self) -> None:
        self._turn.close()
        self._gate.close()
