"""One guardian per state directory: a lock that the kernel releases when its holder dies.

Law: the lock is the flock, never the file's existence; the pid inside only helps people.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from guardian.errors import RefusedError


class InstanceLock:
    """`with InstanceLock(state_dir):` holds `state_dir/lock`; a second one raises RefusedError (exit 6)."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise RefusedError naming the holder's pid."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = self._opened()
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise RefusedError(
                f"{self.path}: another guardian (pid {holder}) works in this state directory; "
                "stop it first, or give this one its own state_dir"
            ) from None
        with suppress(OSError):  # The pid only helps people, and a full disk must stop no watching.
            os.ftruncate(fd, 0)
            os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd

    def _opened(self) -> int:
        """A disk that has turned read-only can still be locked, where the file is there from before."""
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno != errno.EROFS or not self.path.exists():
                raise
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def release(self) -> None:
        """Let go; harmless when nothing is held. The file stays, so that two holders never see two files."""
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> InstanceLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
