"""A disk that fails: appends raise, nothing acknowledged is lost, and it works again when the disk does."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import guardian
from guardian.errors import RefusedError
from guardian.journal import InstanceLock, Origin, SqliteJournal, Wanted, read_records
from guardian.journal.schema import connect
from guardian.ports import Message, Restored, Verification

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
KILLS = 20
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(guardian.__file__).parents[1])}


def message(key: str = "k", notification: str = "trigger") -> Message:
    return Message(key, notification, "HALT", "acc", "title", ("line",), False, START, "test")


class FaultyDisk:
    """Opens connections as the product does, then breaks them in a chosen way while `fault` is set."""

    def __init__(self) -> None:
        self.fault: Callable[[sqlite3.Connection], None] | None = None
        self.opened: list[sqlite3.Connection] = []

    def __call__(self, path: Path) -> sqlite3.Connection:
        db = connect(path)
        self.opened.append(db)
        if self.fault is not None:
            self.fault(db)
        return db


def full(db: sqlite3.Connection) -> None:
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")


def read_only(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA query_only = ON")


@pytest.mark.parametrize(("fault", "says"), [(full, "full"), (read_only, "readonly")])
async def test_a_failing_disk_raises_and_heals(
    tmp_path: Path, fault: Callable[[sqlite3.Connection], None], says: str
) -> None:
    """The record and its notifications fail together; the next append after the disk is back works."""
    disk = FaultyDisk()
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"), disk)
    await journal.append(START, "tick", "{}", [("ops", message("kept"))])
    disk.fault = fault
    fault(disk.opened[-1])

    with pytest.raises(sqlite3.OperationalError, match=says):
        await journal.append(START, "tick", '"' + "x" * 200_000 + '"', [("ops", message("lost"))])
    disk.fault = None
    seq = await journal.append(START, "tick", '{"back": true}')
    waiting = await journal.due(START)
    verified = await journal.verify()
    await journal.close()

    assert seq == 2
    assert [row.message.key for row in waiting] == ["kept"]
    assert (verified.ok, verified.records) == (True, 2)


async def test_a_closed_connection_is_replaced(tmp_path: Path) -> None:
    """Whatever happened to the connection, the next append opens another one."""
    disk = FaultyDisk()
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"), disk)
    await journal.append(START, "tick", "{}")
    disk.opened[-1].close()

    with pytest.raises(sqlite3.ProgrammingError):
        await journal.append(START, "tick", "{}")
    seq = await journal.append(START, "tick", "{}")
    await journal.close()

    assert seq == 2


async def test_a_folder_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """A volume that is unmounted raises; once it is mounted again the same chain goes on."""
    place = tmp_path / "volume"
    place.mkdir()
    journal = SqliteJournal(place / "j.db", Origin("test"))
    await journal.append(START, "tick", "{}")
    place.rename(tmp_path / "away")

    with pytest.raises(OSError, match=r"gone|No such file"):
        await journal.append(START, "tick", "{}")
    (tmp_path / "away").rename(place)
    seq = await journal.append(START, "tick", "{}")
    verified = await journal.verify()
    await journal.close()

    assert seq == 2
    assert verified.ok


async def test_a_journal_that_was_swapped_is_not_written_to(tmp_path: Path) -> None:
    """An older copy put in place would silently forget acknowledged records."""
    path = tmp_path / "j.db"
    other = SqliteJournal(tmp_path / "other.db", Origin("test"))
    await other.append(START, "tick", '{"other": 1}')
    await other.close()
    journal = SqliteJournal(path, Origin("test"))
    await journal.append(START, "tick", "{}")
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink()
    os.replace(tmp_path / "other.db", path)

    with pytest.raises(OSError, match="no longer holds record 1"):
        await journal.append(START, "tick", "{}")
    await journal.close()


async def test_a_cancelled_append_is_written_all_the_same(tmp_path: Path) -> None:
    """The runtime waits 250 ms; the record that missed it must not be missing from the chain."""
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"))
    await journal.restore()
    waiting = asyncio.ensure_future(journal.append(START, "tick", '{"late": 1}'))
    await asyncio.sleep(0)
    waiting.cancel()

    seq = await journal.append(START, "tick", "{}")
    await journal.close()

    assert waiting.cancelled()
    assert seq == 2


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"))
    await journal.append(START, "tick", "{}")
    await journal.close()
    await journal.close()

    with pytest.raises(OSError, match="closed"):
        await journal.append(START, "tick", "{}")


async def test_a_hanging_disk_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that cannot stop cannot be restarted."""
    monkeypatch.setattr("guardian.journal.sqlite.CLOSE_SECONDS", 0.05)
    hanging = threading.Event()

    def hang(path: Path) -> sqlite3.Connection:
        hanging.wait(10)
        return connect(path)

    journal = SqliteJournal(tmp_path / "j.db", Origin("test"), hang)
    waiting = asyncio.ensure_future(journal.append(START, "tick", "{}"))
    await asyncio.sleep(0)

    await asyncio.wait_for(journal.close(), 1)
    unfinished = not waiting.done()
    hanging.set()

    assert unfinished
    assert await waiting == 1


async def test_decisions_overtake_bookkeeping(tmp_path: Path) -> None:
    """A hundred outbox marks on a slow disk must not delay the commit that a flatten waits for."""
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"))
    await journal.append(START, "tick", "{}", [("ops", message(str(n))) for n in range(100)])
    order: list[str] = []

    async def noted(name: str, work: object) -> None:
        await work  # type: ignore[misc]
        order.append(name)

    marks = [noted("mark", journal.delivered(n)) for n in range(1, 101)]
    await asyncio.gather(*marks, noted("decision", journal.append(START, "tick", "{}")))
    await journal.close()

    assert order.index("decision") < 20


@pytest.mark.process
def test_no_acknowledged_record_is_lost_to_kill_9(tmp_path: Path) -> None:
    """Twenty kills in the middle of appends, on one file: every printed seq is there and the chain holds."""
    path = tmp_path / "j.db"
    rng = random.Random(20)
    program = Path(__file__).with_name("appender.py")
    acknowledged = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, str(program), str(path)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        ) as child:
            assert child.stdout is not None
            for _ in range(rng.randrange(1, 80)):
                acknowledged = int(child.stdout.readline())
            # Somewhere within the next appends, not always right after an acknowledgement.
            time.sleep(rng.random() * 0.01)
            child.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, child.stdout.read().split("\n")[:-1])])

        restored, verified, notified = asyncio.run(looked_at(path))

        assert verified.ok, verified.problem
        assert verified.records >= acknowledged
        assert restored.torn == ""
        assert notified == ticks(path)


def ticks(path: Path) -> int:
    return len(read_records(path, Wanted(kind="tick")))


async def looked_at(path: Path) -> tuple[Restored, Verification, int]:
    """The journal after a kill, and how many notifications wait: one for each tick, committed with it."""
    journal = SqliteJournal(path, Origin("kill-test"))
    restored = await journal.restore()
    verified = await journal.verify()
    waiting = await journal.due(datetime.now(UTC), limit=100_000)
    await journal.close()
    return restored, verified, len(waiting)


async def test_the_outbox_repeats_until_resolved(tmp_path: Path) -> None:
    """A delivered trigger that is to be told again survives a restart and ends with its resolve."""
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"))
    await journal.append(START, "tick", "{}", [("ops", message("k"))])
    await journal.postpone(1, START + timedelta(seconds=300), "")
    await journal.close()
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"))
    soon = await journal.due(START + timedelta(seconds=299))
    then = await journal.due(START + timedelta(seconds=300))

    await journal.append(START, "tick", "{}", [("ops", message("k", "resolve"))])
    after = await journal.due(START + timedelta(hours=1))
    await journal.close()

    assert [row.id for row in soon] == []
    assert [(row.id, row.attempts) for row in then] == [(1, 0)]
    assert [row.message.notification for row in after] == ["resolve"]


async def test_a_resolve_committed_while_its_trigger_was_sent_ends_it(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db", Origin("test"))
    await journal.append(START, "tick", "{}", [("ops", message("k"))])
    await journal.append(START, "tick", "{}", [("ops", message("k", "resolve"))])

    await journal.postpone(1, START, "")
    waiting = await journal.due(START + timedelta(hours=1))
    await journal.close()

    assert [row.message.notification for row in waiting] == ["resolve"]


def test_the_state_directory_has_one_guardian(tmp_path: Path) -> None:
    """Two guardians on one journal would fork its chain; the lock says who is there (exit 6)."""
    with InstanceLock(tmp_path):
        with pytest.raises(RefusedError, match=f"pid {os.getpid()}") as refused:
            InstanceLock(tmp_path).acquire()

        assert refused.value.exit_code == 6

    with InstanceLock(tmp_path):
        pass


def test_a_journal_is_private(tmp_path: Path) -> None:
    """It shows balances and positions."""
    connect(tmp_path / "j.db").close()

    assert (tmp_path / "j.db").stat().st_mode & 0o077 == 0
