"""The journal: can it be written, is there room, and does what is there still hold together?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from guardian.config.shapes import Config
from guardian.journal import FILE_NAME
from guardian.journal.schema import connect_read_only
from guardian.journal.tail import read_tail
from guardian.runtime.checkup.line import Line, Subject

ROOM_WARN_BYTES = 2 * 1024**3
ROOM_FAIL_BYTES = 100 * 1024**2
SOCKET = "control.sock"
SOCKET_SECONDS = 1.0


async def examine_journal(config: Config) -> list[Line]:
    state_dir = config.state_dir
    lines = [_writable(state_dir), _room(state_dir)]
    file = state_dir / FILE_NAME
    if file.exists():
        lines.append(await asyncio.to_thread(_chain, file))
    if await _answers(state_dir / SOCKET):
        lines.append(Subject("", "daemon").ok(f"a guardian is running in {state_dir}"))
    return lines


def _writable(state_dir: Path) -> Line:
    subject = Subject("", "state_dir")
    place = state_dir if state_dir.is_dir() else state_dir.parent
    if not os.access(place, os.W_OK | os.X_OK):
        return subject.fail(f"{place} cannot be written", "Give it to the user that guardian runs as.")
    file = state_dir / FILE_NAME
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return subject.fail(f"{file} cannot be written", "Give it to the user that guardian runs as.")
    return subject.ok(f"{state_dir} can be written" if place == state_dir else f"{state_dir} can be made")


def _room(state_dir: Path) -> Line:
    subject = Subject("", "disk")
    free = shutil.disk_usage(state_dir if state_dir.is_dir() else state_dir.parent).free
    said = f"{free / 1024**3:.1f} GiB free for the journal"
    fix = "Make room: an account with five positions read every second writes about 200 MB a day."
    if free < ROOM_FAIL_BYTES:
        return subject.fail(said, fix)
    return subject.warn(said, fix) if free < ROOM_WARN_BYTES else subject.ok(said)


def _chain(file: Path) -> Line:
    """The tail since the last checkpoint and the head, as a start reads them; not the whole file."""
    subject = Subject("", "journal")
    fix = "Keep a copy of the file, then read `guardian journal verify`."
    try:
        with closing(connect_read_only(file)) as db:
            tail = read_tail(db)
    except (OSError, sqlite3.Error) as error:
        return subject.fail(f"{file} cannot be read ({error})", fix)
    if tail.torn is not None:
        return subject.warn(
            f"{file}: the last record is torn, as after a crash", "The next start cuts it and records that."
        )
    if tail.faults:
        return subject.fail(f"{file}: {tail.faults[0].problem}", fix)
    return subject.ok(f"{len(tail.rows)} records since the last checkpoint are unbroken up to the head")


async def _answers(socket: Path) -> bool:
    """Whether a daemon takes connections; a second guardian is refused by its lock, so this is no fault."""
    try:
        async with asyncio.timeout(SOCKET_SECONDS):
            _, writer = await asyncio.open_unix_connection(str(socket))
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True
