"""A program for the kill test: tells fills, orders and ledger rows, and prints each acknowledged seq."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from guardian.journal import SqliteJournal
from tests.adapters.journal.history.deeds import ORIGIN, activity, body, booked, entry, fill, order


async def main(path: Path) -> None:
    journal = SqliteJournal(path, ORIGIN)
    await journal.restore()
    count = 0
    while True:
        count += 1
        # The last one comes again with each: a row is told twice, in two records.
        told = activity((fill(count - 1), fill(count)), (order(count, "partly"), order(count - 1, after=5)))
        for event in (told, booked(entry(count), entry(count - 1))):
            seq = await journal.append(event.at, event.kind, body(event))
            sys.stdout.write(f"{seq}\n")
            sys.stdout.flush()


asyncio.run(main(Path(sys.argv[1])))
