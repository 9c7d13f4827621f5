"""Rotation: old records go to sealed segments, and a deletion is a recorded fact."""

from __future__ import annotations

import asyncio
import gc
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guardian.journal import (
    Anchor,
    Keeping,
    Rotated,
    SqliteJournal,
    Wanted,
    read_records,
    verify_file,
)
from guardian.journal.archive import rotate, segment
from guardian.journal.store import Store
from tests.adapters.journal.filled import ORIGIN, START, events, everything, rotated, written


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small batches, none of which rests."""
    monkeypatch.setattr(rotate, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(rotate, "BATCH_ROWS", 7)


async def test_old_records_leave_the_live_file_and_none_is_lost(tmp_path: Path) -> None:
    """The archive and the live file together are the journal; a restart needs only the live file."""
    path = tmp_path / "journal.db"
    before = await written(path)

    done = await rotated(path, Keeping(tmp_path / "archive"))
    live = read_records(path, Wanted())
    shutil.copytree(tmp_path / "archive", tmp_path / "away")
    whole, verified = everything(path), verify_file(path)
    shutil.rmtree(tmp_path / "archive")
    journal = SqliteJournal(path, ORIGIN)
    restored = await journal.restore()
    await journal.close()

    assert done == Rotated(sealed=1)
    assert live[0].seq > 30
    assert [record.kind for record in live].count("checkpoint") == 2
    assert [*before] == events(whole)
    assert (verified.ok, verified.records, verified.first) == (True, len(whole), 1)
    assert restored.checkpoint == '{"after": 60}'
    assert not verify_file(path).ok, "a journal without its archive is not whole, and verify says so"
    assert verify_file(path, tmp_path / "away").ok


async def test_a_journal_that_grew_for_long_is_cut_into_segments_of_one_size(tmp_path: Path) -> None:
    """As on the first start after an update: one segment after another, each about as big as asked."""
    path = tmp_path / "journal.db"
    before = await written(path, records=400)

    done = await rotated(path, Keeping(tmp_path / "archive", segment_bytes=1_000))

    titles = [each.title for each in segment.segments(tmp_path / "archive")]
    assert done.sealed == len(titles) > 3
    assert [a.last + 1 for a in titles[:-1]] == [b.first for b in titles[1:]]
    assert before == events(everything(path))
    assert verify_file(path).ok


async def test_nothing_is_cut_before_it_is_due(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await written(path)

    young = await rotated(path, Keeping(tmp_path / "archive"), days=0.5)
    fresh = await written(tmp_path / "fresh.db", records=12)
    one_checkpoint = await rotated(tmp_path / "fresh.db", Keeping(tmp_path / "archive"))

    assert (young, one_checkpoint) == (Rotated(), Rotated())
    assert fresh == read_records(tmp_path / "fresh.db", Wanted())
    assert not (tmp_path / "archive").exists()


async def test_the_freed_room_is_used_again(tmp_path: Path) -> None:
    """The live file does not grow with the age of the journal."""
    path = tmp_path / "journal.db"
    keeping = Keeping(tmp_path / "archive", keep=timedelta(hours=40))
    journal = SqliteJournal(path, ORIGIN)
    sizes = []
    for lap in range(6):
        for number in range(200):
            at = START + timedelta(minutes=lap * 200 + number)
            await journal.append(at, "snapshot", f'{{"n": {number}, "pad": "{"x" * 2000}"}}')
            if number % 40 == 39:
                await journal.checkpoint(at, "{}")
        await journal.rotate(Keeping(keeping.archive, 300_000), at)
        sizes.append(path.stat().st_size)
    await journal.close()

    assert sizes[-1] <= sizes[1] * 1.2
    assert verify_file(path).ok


# --- deleting -------------------------------------------------------------------------------------


async def test_a_deletion_is_a_record_and_the_rest_still_verifies(tmp_path: Path) -> None:
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path, records=200)
    keeping = Keeping(archive, segment_bytes=500, keep=timedelta(days=7))
    await rotated(path, keeping, days=9)
    first = verify_file(path)

    done = await rotated(path, keeping, days=12)
    verified = verify_file(path)
    pruned = [record for record in read_records(path, Wanted()) if record.kind == "pruned"]

    assert done.deleted > 0
    assert first.ok
    assert verified.ok, verified.problem
    assert verified.first > first.first
    assert len(pruned) >= done.deleted
    assert f'"last": {verified.first - 1},' in pruned[-1].body


async def test_what_guardian_did_not_delete_is_missed(tmp_path: Path) -> None:
    """A segment that somebody else took away, the oldest one too, is named."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path, records=200)
    await rotated(path, Keeping(archive, segment_bytes=500, keep=timedelta(days=7)), days=9)
    for each in segment.segments(archive):
        each.path.rename(tmp_path / "away")

        found = verify_file(path)
        (tmp_path / "away").rename(each.path)

        assert not found.ok
        assert found.first_bad == each.title.last + 1
        assert "missing" in found.problem
    assert verify_file(path).ok


async def test_an_open_incident_keeps_its_story(tmp_path: Path) -> None:
    """Nothing since an hour before the incident began is deleted while it is open."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path, records=200)
    keeping = Keeping(archive, segment_bytes=200, keep=timedelta(hours=1))
    opened = START + timedelta(hours=48)

    await rotated(path, keeping, days=30, open_since=opened)

    kept = segment.segments(archive)
    assert kept
    assert kept[0].title.since <= (opened - timedelta(hours=1)).isoformat(timespec="microseconds")
    assert verify_file(path).first > 1


async def test_an_anchor_of_what_was_deleted_still_holds(tmp_path: Path) -> None:
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    before = await written(path, records=200)
    await rotated(path, Keeping(archive, segment_bytes=500, keep=timedelta(days=7)), days=12)
    anchors = tuple(Anchor(record.seq, record.hash) for record in before)

    found = verify_file(path, anchors=anchors)

    assert found.ok, found.problem
    assert found.first > 1


# --- beside the work ------------------------------------------------------------------------------


async def test_an_append_never_waits_for_a_rotation(tmp_path: Path) -> None:
    """While records leave the live file, each append waits for one small transaction at most."""
    path = tmp_path / "journal.db"
    await written(path, records=300)
    journal = SqliteJournal(path, ORIGIN)
    await journal.restore()
    order: list[str] = []
    real = Store.release

    def release(self: Store, rows: Any) -> None:
        order.append(f"release {len(rows)}")
        real(self, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "release", release)
        later, keeping = START + timedelta(days=30), Keeping(tmp_path / "archive")
        rotation = asyncio.create_task(journal.rotate(keeping, later))
        while not rotation.done():
            before = len(order)
            await journal.append(START + timedelta(days=30), "tick", "{}")
            order.append(f"append after {len(order) - before}")
    await rotation
    await journal.close()

    releases = [line for line in order if line.startswith("release")]
    waits = [int(line.rpartition(" ")[2]) for line in order if line.startswith("append")]
    assert len(releases) > 20
    assert {int(line.split()[1]) for line in releases} <= set(range(1, 8))
    # One that runs already, and those that the writer takes up before the append has been asked for: few,
    # however busy the machine.
    assert sorted(waits)[len(waits) // 2] <= 2
    assert max(waits) <= 6
    assert verify_file(path).ok


async def test_an_archive_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """The place for the archive is a file: the rotation fails and says so, and records are still written."""
    path = tmp_path / "journal.db"
    before = await written(path)
    (tmp_path / "archive").write_text("no folder")
    journal = SqliteJournal(path, ORIGIN)
    await journal.restore()

    with pytest.raises(OSError, match="archive"):
        await journal.rotate(Keeping(tmp_path / "archive"), START + timedelta(days=3))
    seq = await journal.append(START + timedelta(days=3), "tick", "{}")
    await journal.close()

    assert seq == len(before) + 1
    assert verify_file(path, tmp_path / "none").ok


async def test_a_segment_that_does_not_hold_the_journals_records_frees_nothing(tmp_path: Path) -> None:
    """A file that somebody put into the archive must not cost one record: it is set aside."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    before = await written(path)
    other = tmp_path / "other"
    other.mkdir()
    await written(other / "journal.db", records=60, every=9)
    await rotated(other / "journal.db", Keeping(archive))

    (wrong,) = archive.iterdir()
    content = wrong.read_bytes()

    with pytest.raises(segment.SegmentDamaged, match="does not hold what the journal holds: set aside as"):
        await rotated(path, Keeping(archive))

    assert events(before) == events(everything(path))
    assert verify_file(path).ok
    (aside,) = archive.glob(f"{wrong.name}.unfit-*")
    assert aside.read_bytes() == content


async def test_a_changed_record_is_archived_as_it_was_found(tmp_path: Path) -> None:
    """Rotation neither heals nor hides what somebody did; verify names the same record before and after."""
    path = tmp_path / "journal.db"
    await written(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE records SET body = x'ff00' WHERE seq = 5")
        db.commit()
    before = verify_file(path)

    await rotated(path, Keeping(tmp_path / "archive"))
    after = verify_file(path)

    assert (before.ok, before.first_bad) == (False, 5)
    assert (after.ok, after.first_bad) == (False, 5)


async def test_a_journal_that_is_closed_in_the_middle_of_a_rotation_ends_quietly(tmp_path: Path) -> None:
    """Guardian is stopped while records leave: nothing waits, nothing is printed, nothing is lost."""
    path = tmp_path / "journal.db"
    before = await written(path, records=300)
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    journal = SqliteJournal(path, ORIGIN)
    await journal.restore()
    rotation = asyncio.create_task(journal.rotate(Keeping(tmp_path / "archive"), START + timedelta(days=30)))
    await asyncio.to_thread(until, lambda: bool(list(tmp_path.glob("archive/*.gz"))))
    unfinished = not rotation.done()

    rotation.cancel()
    await journal.close()
    await asyncio.to_thread(until, lambda: not any("archive of" in t.name for t in threading.enumerate()))
    await asyncio.sleep(0.05)
    del rotation
    gc.collect()

    assert unfinished
    assert complaints == []
    assert verify_file(path).ok
    assert before == events(everything(path))


def until(good: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not good() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert good()
