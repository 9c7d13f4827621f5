"""From an event that the runtime decides on to a row: the real loop on a real journal, across restarts."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from guardian.core.events import ActivityTaken, Event
from guardian.core.state import State
from guardian.journal import SqliteJournal
from guardian.journal.history.check import compare
from guardian.journal.history.shapes import TABLES
from guardian.runtime.start.restore import resume
from tests.adapters.journal.history.deeds import ORIGIN, activity, booked, entry, fill, ids, order
from tests.core import build
from tests.shell import fakes


async def a_run(folder: Path, state: State | None, *events: Event) -> Any:
    """One life of guardian: what it restores, what it is told, and an orderly end. The shell."""
    journal = SqliteJournal(folder / "journal.db", ORIGIN)
    state = (await resume(journal)).state if state is None else state
    shell = fakes.open_shell(folder, state)
    shell.runtime.committer._journal = cast(Any, journal)
    if not state.accounts:
        shell.start()
    for event in events:
        shell.runtime.post(event)
    await shell.run()
    await shell.runtime.committer.settle()
    await journal.close()
    return shell


def told(*numbers: int) -> tuple[Event, Event]:
    """What a reader tells of these deeds, as an activity and as a read with ledger rows."""
    deeds = activity(tuple(map(fill, numbers)), tuple(map(order, numbers)), account=build.ACCOUNT)
    read = booked(*map(entry, numbers))
    snapshot = replace(build.read(1.0), ledger=read.snapshot.ledger)
    return deeds, replace(read, snapshot=snapshot)


async def test_each_row_lands_once_across_restarts(tmp_path: Path) -> None:
    """A reader that starts anew tells again what it told before; so does the venue's overlap."""
    await a_run(tmp_path, State(), *told(1, 2), *told(2, 3))

    await a_run(tmp_path, None, *told(1, 2, 3), *told(4))

    path = tmp_path / "journal.db"
    assert ids(path, "fills") == ["e1", "e2", "e3", "e4"]
    assert ids(path, "orders") == ["o1", "o2", "o3", "o4"]
    assert ids(path, "ledger") == ["l1", "l2", "l3", "l4"]
    assert all(compare(path, tmp_path / "archive", table).ok for table in TABLES)


async def test_a_broken_history_fails_no_decision(tmp_path: Path) -> None:
    """Without its tables every record is committed, and upkeep brings tables and rows back."""
    journal = SqliteJournal(tmp_path / "journal.db", ORIGIN)
    shell = fakes.open_shell(tmp_path)
    shell.runtime.committer._journal = cast(Any, journal)
    shell.start()
    await shell.run()
    with journal._store.beside() as db:
        db.execute("DROP TABLE fills")
        db.execute("DROP TABLE ledger")

    for event in told(1, 2):
        shell.runtime.post(event)
    shell.runtime.post(ActivityTaken(shell.clock.now(), activity(None).activity))
    await shell.run()
    await shell.runtime.committer.settle()
    verified = await journal.verify()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await journal.mend_history(tmp_path / "archive")
    await journal.mend_history(tmp_path / "archive")
    await journal.close()

    assert (shell.runtime.committer.ok, shell.runtime.committer.lost) == (True, 0)
    assert verified.records == shell.runtime.committer.records
    assert ids(tmp_path / "journal.db", "fills") == ["e1", "e2"]
    assert all(compare(tmp_path / "journal.db", tmp_path / "archive", table).ok for table in TABLES)
