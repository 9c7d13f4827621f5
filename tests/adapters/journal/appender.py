"""A program for the kill test: appends records and prints each seq once the journal has acknowledged it."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from guardian.journal import Origin, SqliteJournal
from guardian.ports import Message


async def main(path: Path) -> None:
    journal = SqliteJournal(path, Origin("kill-test"))
    await journal.restore()
    count = 0
    while True:
        count += 1
        at = datetime.now(UTC)
        message = Message("k", "trigger", "HALT", "a", "t", (), False, at, "kill-test")
        seq = await journal.append(at, "tick", f'{{"n":{count}}}', [("ops", message)])
        sys.stdout.write(f"{seq}\n")
        sys.stdout.flush()
        if count % 50 == 0:
            await journal.checkpoint(at, f'{{"count":{count}}}')


asyncio.run(main(Path(sys.argv[1])))
