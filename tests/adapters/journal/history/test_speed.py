"""What rows cost the commit that a decision waits for."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from guardian.journal import Origin
from guardian.journal.history import keep
from guardian.journal.store import Entry, Store
from tests.adapters.journal.history.deeds import START, activity, body, fill, order

RECORDS = 60
ROWS = 50


class NoHistory(keep.History):
    def put(self, *_: object) -> None:
        return None


def test_fifty_rows_do_not_slow_a_commit(tmp_path: Path) -> None:
    """The same record with and without its rows, in turn: a fraction of what a decision may wait (250 ms)."""
    plain, kept = Store(tmp_path / "plain.db", Origin("test")), Store(tmp_path / "kept.db", Origin("test"))
    plain.history = NoHistory()
    took: dict[str, list[float]] = {"plain": [], "kept": []}
    for number in range(RECORDS):
        first = number * ROWS
        fills = tuple(fill(n) for n in range(first, first + ROWS // 2))
        orders = tuple(order(n) for n in range(first, first + ROWS // 2))
        told = Entry(START, "activity", body(activity(fills, orders)))
        for name, store in (("plain", plain), ("kept", kept)):
            begun = time.process_time()
            store.append([told])
            took[name].append(time.process_time() - begun)
    plain.drop()
    kept.drop()

    extra = median(took["kept"]) - median(took["plain"])

    assert extra < 0.010, f"{extra * 1000:.2f} ms more than {median(took['plain']) * 1000:.2f} ms"
