"""Taking over what an operator's direct action wrote while the daemon could not be reached."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Protocol

from guardian.journal.chain import DIRECT
from guardian.journal.read import Wanted, read_records
from guardian.journal.store import Entry
from guardian.journal.verify import verify_file
from guardian.ports import Record

IMPORTED_ENDING = ".imported"


class DirectSink(Protocol):
    async def append_direct(self, source: str, entries: list[Entry]) -> int: ...


async def import_direct(journal: DirectSink, path: Path) -> int:
    """Append every record of `direct-<utc>.db` to the chain as one "direct" record each; how many were new.

    One commit, then the file is renamed to `.imported`; a crash in between imports nothing twice. A direct
    journal whose own chain does not hold is imported all the same, and its records say so (`verified` false).
    Raises OSError or sqlite3.Error.
    """
    records, verified = await asyncio.to_thread(_read, path)
    entries = [_entry(path.name, record, verified) for record in records]
    added = await journal.append_direct(path.name, entries) if entries else 0
    await asyncio.to_thread(_rename, path)
    return added


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


def _rename(path: Path) -> None:
    """The companions go first: a main file without them is still whole, because its last writer is dead."""
    for ending in ("-wal", "-shm"):
        companion = Path(f"{path}{ending}")
        if companion.exists():
            companion.rename(f"{path}{IMPORTED_ENDING}{ending}")
    path.rename(f"{path}{IMPORTED_ENDING}")
