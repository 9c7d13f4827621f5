"""An archive that does not fit: a full disk, files of others, other chains, damaged segments."""

from __future__ import annotations

import errno
import gzip
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from guardian.journal import Keeping, Origin, Rotated, SqliteJournal, Wanted, read_records, verify_file
from guardian.journal.archive import rotate, segment
from tests.adapters.journal.filled import everything, rotated, written


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate, "PAUSE_SECONDS", 0.0)


# --- a full disk ----------------------------------------------------------------------------------


async def test_a_segment_that_fills_the_disk_leaves_nothing_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written of it would keep the live journal beside it from committing until the next look."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(gzip.GzipFile, "write", full)
        with pytest.raises(OSError, match="No space left"):
            await rotated(path, Keeping(archive))

    assert list(archive.iterdir()) == []
    assert (await rotated(path, Keeping(archive))).sealed == 1


@pytest.mark.parametrize("enough_for", [0, 1])
async def test_the_archive_stops_while_there_is_room_for_the_live_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough_for: int
) -> None:
    """Neither is a segment begun on a disk that is nearly full, nor is one that fills it gone on with."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    before = await written(path)
    looks: list[Path] = []

    def usage(folder: Path) -> Any:
        looks.append(folder)
        return SimpleNamespace(free=10**12 if len(looks) <= enough_for else segment.RESERVE_BYTES - 1)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(OSError, match="room for the live journal") as refused:
        await rotated(path, Keeping(archive))

    assert refused.value.errno == errno.ENOSPC
    assert len(looks) == enough_for + 1
    assert list(archive.iterdir()) == []
    assert read_records(path, Wanted()) == before


async def test_what_is_past_its_time_is_deleted_although_nothing_can_be_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the old segments are the room that is missing."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path)
    await rotated(path, Keeping(archive))
    await written(path, records=120, begin=61)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))

    with pytest.raises(OSError, match="room for the live journal"):
        await rotated(path, Keeping(archive, keep=timedelta(hours=1)), days=9)

    assert segment.segments(archive) == []
    assert verify_file(path).ok


# --- what is not guardian's, or another's ---------------------------------------------------------


async def test_files_of_others_in_the_folder_stay(tmp_path: Path) -> None:
    """Only what this journal's guardian began is swept away, and nothing else is taken for a segment."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path)
    await rotated(path, Keeping(archive))
    own = next(archive.iterdir())
    theirs = [
        "holiday.mp4.part",
        "notes.jsonl.gz",
        "000000000001-000000000009-aaaaaaaaaaaa.jsonl.gz.part",
        "mine-" + own.name + ".part",
    ]
    for name in (*theirs, own.name + ".part"):
        (archive / name).write_text("theirs")

    again = await rotated(path, Keeping(archive), days=9)

    assert again == Rotated()
    assert sorted(each.name for each in archive.iterdir()) == sorted([own.name, *theirs])
    assert verify_file(path).ok


async def test_two_guardians_share_one_archive(tmp_path: Path) -> None:
    """Each moves, reads, verifies and deletes its own records, and says how many files are another's."""
    archive, done = tmp_path / "shared", []
    for name in ("a", "b"):
        path = tmp_path / name / "journal.db"
        path.parent.mkdir()
        await written(path)
        done.append(await rotated(path, Keeping(archive), origin=Origin(name)))
    a, b = (tmp_path / name / "journal.db" for name in ("a", "b"))
    shown = len(read_records(b, Wanted(), archive))
    pruned = await rotated(a, Keeping(archive, keep=timedelta(hours=1)), 9, origin=Origin("a"))

    assert done == [Rotated(sealed=1), Rotated(sealed=1, foreign=1)]
    assert shown == len(read_records(b, Wanted(), tmp_path / "none")) + 54 - 1
    assert (pruned.deleted, pruned.foreign) == (1, 1)
    assert verify_file(a, archive).ok
    assert verify_file(b, archive).ok
    assert verify_file(b, archive).first == 1


async def test_after_a_damaged_journal_is_set_aside_rotation_goes_on(tmp_path: Path) -> None:
    """The new chain begins at record 1 again, beside the segments of the old one, which stay for people."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path)
    await rotated(path, Keeping(archive))
    old = next(archive.iterdir())
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    path.write_bytes(b"no database at all" * 500)
    journal = SqliteJournal(path, Origin("test"))
    await journal.restore(accept=True)
    await journal.close()
    await written(path)
    keeping = Keeping(archive, keep=timedelta(hours=1))

    done = await rotated(path, Keeping(archive))
    told = verify_file(path)
    pruned = await rotated(path, keeping, days=9)

    assert done == Rotated(sealed=1, foreign=1)
    assert (told.ok, told.first) == (True, 1), told.problem
    assert (pruned.deleted, pruned.foreign) == (1, 1)
    assert segment.lying(archive)[0].path == old
    assert verify_file(path).ok


# --- segments of this chain that do not fit -------------------------------------------------------


async def test_a_file_that_names_no_chain_is_not_moved_either(tmp_path: Path) -> None:
    """It may be anybody's: it frees nothing, is told, stays under its name, and the rest goes on."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path)
    archive.mkdir()
    (archive / "000000000001-000000000053.jsonl.gz").write_text("anybody's")

    with pytest.raises(segment.SegmentDamaged, match="left where it is"):
        await rotated(path, Keeping(archive))

    nameless, own = segment.lying(archive)
    assert (nameless.chain, nameless.path.read_text()) == ("", "anybody's")
    assert read_records(path, Wanted())[0].seq == own.last + 1 == 54


async def test_a_segment_that_cannot_be_read_stops_neither_rotation_nor_keeping(tmp_path: Path) -> None:
    """It is told at each look, left where it is, and missed by verify; everything else goes on."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path, records=200)
    await rotated(path, Keeping(archive, segment_bytes=500))
    first, *others = segment.lying(archive)
    first.path.write_bytes(b"no gzip")
    await written(path, records=260, begin=201)

    with pytest.raises(segment.SegmentDamaged, match=first.path.name):
        await rotated(path, Keeping(archive, keep=timedelta(days=3)), days=11)

    now = [each.path for each in segment.lying(archive)]
    assert now[0] == first.path
    assert others[0].path not in now
    assert read_records(path, Wanted())[0].seq > others[-1].last + 1
    assert not verify_file(path).ok


async def test_a_journal_that_was_put_back_from_a_backup_keeps_its_records(tmp_path: Path) -> None:
    """Segments of the time after the backup hold more than the live file: they free nothing of it."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await written(path)
    await rotated(path, Keeping(archive))
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "backup")
    await written(path, records=120, begin=61)
    await rotated(path, Keeping(archive), days=9)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup", path)
    before = everything(path)

    with pytest.raises(segment.SegmentDamaged, match="set aside"):
        await rotated(path, Keeping(archive), days=9)
    await written(path, records=90, begin=61)
    done = await rotated(path, Keeping(archive), days=12)

    assert done.sealed == 1
    assert everything(path)[: len(before)] == before
    assert verify_file(path).ok
