"""A program for the kill test: appends and rotates without rest, and prints each acknowledged seq."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from guardian.journal import Keeping, Origin, SqliteJournal


async def main(path: Path) -> None:
    journal = SqliteJournal(path, Origin("kill-test"))
    await journal.restore()
    await asyncio.gather(append(journal), rotate(journal, Keeping(path.parent / "archive", 20_000)))


async def append(journal: SqliteJournal) -> None:
    count = 0
    while True:
        count += 1
        at = datetime.now(UTC)
        seq = await journal.append(at, "tick", f'{{"n":{count}, "pad": "{"x" * 500}"}}')
        sys.stdout.write(f"{seq}\n")
        sys.stdout.flush()
        if count % 20 == 0:
            await journal.checkpoint(at, f'{{"count":{count}}}')


async def rotate(journal: SqliteJournal, keeping: Keeping) -> None:
    while True:
        await journal.rotate(keeping, datetime.now(UTC))
        await asyncio.sleep(0.001)


asyncio.run(main(Path(sys.argv[1])))
