"""Taking over what an operator's direct action wrote while the daemon could not be reached."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol

from guardian.journal.chain import DIRECT
from guardian.journal.read import Wanted, read_records
from guardian.journal.store import Entry
from guardian.journal.verify import verify_file
from guardian.ports import Record

NAMES = "direct-*.db"
IMPORTED_ENDING = ".imported"


class DirectSink(Protocol):
    async def append_direct(self, source: str, entries: list[Entry]) -> int: ...


class DirectLock:
    """`with DirectLock(path):` is the process that writes the direct journal `path`; enter before it exists.

    Whether it still runs is the kernel's to say, by a lock beside the journal that dies with the process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(".lock")
        self._fd: int | None = None

    def held(self) -> bool:
        """Whether the journal is still being written. Raises OSError."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def remove(self) -> None:
        """Its process is dead. Raises OSError."""
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> DirectLock:
        # A disk that takes no lock must not keep an operator from acting.
        with suppress(OSError):
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self.remove()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


async def import_direct(journal: DirectSink, path: Path) -> int:
    """Append every record of `direct-<utc>.db` to the chain as one "direct" record each; how many were new.

    One commit, and nothing is imported twice: the file stays until `put_aside`. A direct journal whose own
    chain does not hold is imported all the same, and its records say so (`verified` false).
    Raises OSError or sqlite3.Error.
    """
    records, verified = await asyncio.to_thread(_read, path)
    entries = [_entry(path.name, record, verified) for record in records]
    return await journal.append_direct(path.name, entries) if entries else 0


def _read(path: Path) -> tuple[list[Record], bool]:
    return read_records(path, Wanted()), verify_file(path).ok


def _entry(source: str, record: Record, verified: bool) -> Entry:
    at: datetime = record.at
    direct = {
        "source": source,
        "seq": record.seq,
        "kind": record.kind,
        "hash": record.hash,
        "verified": verified,
        "body": record.body,
    }
    return Entry(at, DIRECT, json.dumps({DIRECT: direct}, ensure_ascii=False, sort_keys=True))


def put_aside(path: Path) -> None:
    """Rename the file to `.imported`: all of it has been taken over. Raises OSError.

    The companions go first: a main file without them is still whole, because its last writer is dead.
    """
    for ending in ("-wal", "-shm"):
        companion = Path(f"{path}{ending}")
        if companion.exists():
            companion.rename(f"{path}{IMPORTED_ENDING}{ending}")
    path.rename(f"{path}{IMPORTED_ENDING}")
    DirectLock(path).remove()
