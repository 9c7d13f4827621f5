"""What a live drill has fenced and not yet restored, noted where it outlives the drill.

Only SIGKILL or a dead machine keep a drill from restoring its canary key. The note in the state folder then
says which key it was and what it could do: the daemon tells of it, and the next live drill restores it first.

Law: the note is written before the fence is sent. Whether its drill still runs is the kernel's to say, by a
lock that dies with the drill.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from guardian.errors import RefusedError


@dataclass(frozen=True, slots=True)
class FencedCanary:
    """`facts` are what the fence replaced; None while its answer is not in. `at` is when the drill began."""

    key: str
    at: str
    facts: tuple[tuple[str, str], ...] | None = None


_NOTE: TypeAdapter[FencedCanary] = TypeAdapter(FencedCanary)


class CanaryNote:
    """`with CanaryNote(state_dir, account):` is one live drill; a second one raises RefusedError (exit 6)."""

    def __init__(self, state_dir: Path, account: str) -> None:
        self._account = account
        self._file = state_dir / f"drill-{account}.json"
        self._lock = state_dir / f"drill-{account}.lock"
        self._fd: int | None = None

    def __enter__(self) -> CanaryNote:
        self._fd = self._locked()
        if self._fd is None:
            raise RefusedError(f"a live drill of {self._account} is running; wait until it has ended")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def read(self) -> FencedCanary | None:
        """What is noted, whoever wrote it. A note that nobody can read is worth as much as none."""
        try:
            return _NOTE.validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None

    def left_behind(self) -> FencedCanary | None:
        """What is noted although no drill runs that could still restore it."""
        noted = self.read()
        if noted is None or (fd := self._locked()) is None:
            return None
        os.close(fd)
        return self.read()  # The drill may have ended, and restored, between the two looks.

    def write(self, fenced: FencedCanary) -> None:
        """On disk, whole, when this returns. Raises OSError."""
        temporary = self._file.with_suffix(".tmp")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            file.write(_NOTE.dump_json(fenced))
            file.flush()
            os.fsync(fd)
        os.replace(temporary, self._file)

    def clear(self) -> None:
        """The key is as it was. Raises OSError."""
        self._file.unlink(missing_ok=True)

    def _locked(self) -> int | None:
        """None while a drill holds it."""
        fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd
