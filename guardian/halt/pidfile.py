"""Which process a pidfile names, held by a pidfd so that it can never become another one.

Law: a process that started after its pidfile was written is not the bot; guardian never aims at itself, its
parents or pid 1.
"""

from __future__ import annotations

import os
import select
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from guardian.core.events import Outcome
from guardian.ports import Report

# Start times are counted in ticks of 10 ms and the wall clock may have been corrected since.
REUSE_SLACK_SECONDS = 1.0
_START_TICKS = 19  # Field 22 of /proc/PID/stat, counted from the state that follows the name in parentheses.
_PARENT = 1


@dataclass(slots=True)
class Held:
    """A process held by its pidfd."""

    pid: int
    fd: int

    @property
    def dead(self) -> bool:
        """Ended, reaped or not: the kernel makes a pidfd readable then."""
        poller = select.poll()
        poller.register(self.fd, select.POLLIN)
        return bool(poller.poll(0))

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def hold(pidfile: Path) -> Held | Report:
    """The process that the pidfile names, or the report that says why there is none to stop."""
    named = _read(pidfile)
    if isinstance(named, Report):
        return named
    pid, written_at = named
    if pid == 1 or pid in ancestry():
        return Report(Outcome.REFUSED, "self", f"pid {pid} is pid 1, guardian itself or one of its parents")
    try:
        held = Held(pid, os.pidfd_open(pid))
    except ProcessLookupError:
        return Report(Outcome.GONE, "no-process", f"no process has pid {pid}")
    except OSError as error:
        return Report(Outcome.IMPOSSIBLE, "pidfd", f"pid {pid}: {error.strerror}")
    refusal = _reused(held, written_at)
    if refusal is not None:
        held.close()
        return refusal
    return held


def _read(pidfile: Path) -> tuple[int, float] | Report:
    try:
        # Never wait here: a pidfile that became a pipe would stop everything else.
        fd = os.open(pidfile, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return Report(Outcome.IMPOSSIBLE, "garbage", f"{pidfile}: is not a file")
            text = file.read(64).decode("ascii", "replace").strip()
            written_at = os.fstat(file.fileno()).st_mtime
    except OSError as error:
        return Report(Outcome.IMPOSSIBLE, "no-pidfile", f"{pidfile}: {error.strerror}")
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        return Report(Outcome.IMPOSSIBLE, "garbage", f"{pidfile}: does not hold a process id")
    return int(text), written_at


def _reused(held: Held, written_at: float) -> Report | None:
    """None when the held process is at least as old as its pidfile."""
    fields = _stat(held.pid)
    if fields is None or held.dead:
        return Report(Outcome.GONE, "no-process", f"process {held.pid} has ended")
    started_at = _wall_time(int(fields[_START_TICKS]))
    if started_at > written_at + REUSE_SLACK_SECONDS:
        late = started_at - written_at
        return Report(
            Outcome.REFUSED,
            "pid-reused",
            f"process {held.pid} started {late:.1f} s after its pidfile was written: it is not the bot",
        )
    return None


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and parentheses."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _wall_time(ticks_since_boot: int) -> float:
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks_since_boot / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def ancestry() -> frozenset[int]:
    """This process, its parent, and so on up to pid 1."""
    found: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in found:
        found.add(pid)
        fields = _stat(pid)
        pid = 0 if fields is None else int(fields[_PARENT])
    return frozenset(found)
