"""How much of the live file is records, without reading them all.

The outbox and the rows of the history lie in the same file. Taken for records they would make segments due
for ever, each of a few minutes.
"""

from __future__ import annotations

import sqlite3
from math import ceil

SAMPLES = 64
MARKS = 4

ROW_BYTES = 230
"""What a record takes beside its body: two hashes, instant, kind, and its place in the page."""

PAGE_BYTES, USABLE_BYTES = 4096, 4061
"""A page of the file, and the longest row that shares one with others; a longer one has pages of its own."""

_BODY = "SELECT kind = 'checkpoint', length(body) FROM records WHERE seq = ?"
_NEWEST_MARKS = "SELECT length(body) FROM records WHERE kind = 'checkpoint' ORDER BY seq DESC LIMIT ?"


def size_of_records(db: sqlite3.Connection, first: int, last: int) -> int:
    """Bytes of records `first` to `last`, by some of them; never more than the file has in use.

    Checkpoints are many times larger and come at intervals, so they are reckoned by themselves.
    """
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    count = last - first + 1
    marks = int(db.execute("SELECT count(*) FROM records WHERE kind = 'checkpoint'").fetchone()[0])
    newest = [length for (length,) in db.execute(_NEWEST_MARKS, (MARKS,))]
    held = count * _mean(_sampled(db, first, last)) + marks * _mean(newest)
    return min(round(held), (pages - free) * size)


def _sampled(db: sqlite3.Connection, first: int, last: int) -> list[int]:
    """The bodies' lengths of records spread evenly, checkpoints left out."""
    step = max(1, (last - first) // SAMPLES)
    found = (db.execute(_BODY, (seq,)).fetchone() for seq in range(first, last + 1, step))
    return [row[1] for row in found if row is not None and not row[0]]


def _mean(lengths: list[int]) -> float:
    """Bytes of the file that one of them takes on average."""
    return sum(map(_taken, lengths)) / len(lengths) if lengths else 0.0


def _taken(length: int) -> float:
    """Rows that do not fit into a page together waste the rest of it, as sqlite lays them out."""
    row = length + ROW_BYTES
    if row > USABLE_BYTES:
        return PAGE_BYTES * ceil(row / PAGE_BYTES)
    return PAGE_BYTES / (USABLE_BYTES // row)
