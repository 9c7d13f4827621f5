"""Filling a gap goes on where it was, past what is damaged, in rounds that end and that an incident ends."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guardian.journal import Rotated, SqliteJournal
from guardian.journal.archive.segment import lying
from guardian.journal.history import mend
from guardian.journal.history.keep import note_gap
from guardian.runtime.start.upkeep import Upkeep
from tests.adapters.journal.history.deeds import ORIGIN, activity, fill, ids, write
from tests.adapters.journal.history.test_broken import gap_of, old_journal
from tests.adapters.journal.test_keeping import Told, load, round_of

RECORDS = 40


async def emptied(path: Path) -> SqliteJournal:
    """Twenty rows a record, all of them missing."""
    journal = SqliteJournal(path, ORIGIN)
    await write(
        journal, *(activity(tuple(fill(n * 20 + each) for each in range(20))) for n in range(RECORDS))
    )
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM fills")
        note_gap(db, 1)
        db.commit()
    return journal


async def test_a_round_that_is_stopped_keeps_what_it_has_done(tmp_path: Path) -> None:
    """An incident needs the disk, and a gap of a year of records must not begin anew after each."""
    path, asked = tmp_path / "journal.db", 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    journal = await emptied(path)
    gaps: list[int | None] = []
    for _ in range(RECORDS):
        assert "" == await journal.mend_history(tmp_path / "archive", stop)
        gaps.append(gap_of(path))
    await journal.close()

    known = [gap for gap in gaps if gap is not None]
    assert len(known) >= 2
    assert known == sorted(set(known)), "every round gets on"
    assert known[0] > 1
    assert gaps[-1] is None
    assert RECORDS * 20 == len(ids(path, "fills"))


async def test_a_round_ends_after_a_while_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mend, "ROUND_SECONDS", 0.0)
    path = tmp_path / "journal.db"
    journal = await emptied(path)

    await journal.mend_history(tmp_path / "archive")
    first = gap_of(path)
    for _ in range(RECORDS):
        await journal.mend_history(tmp_path / "archive")
    await journal.close()

    assert first is not None
    assert 1 < first <= RECORDS
    assert (gap_of(path), len(ids(path, "fills"))) == (None, RECORDS * 20)


async def test_a_failure_costs_one_batch_not_the_whole_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "journal.db", mend.write
    journal = await emptied(path)
    written: list[int] = []

    def failing(db: sqlite3.Connection, rows: list[mend.Told]) -> None:
        if len(written) == 4:
            written.append(0)
            raise sqlite3.OperationalError("disk I/O error")
        written.append(len(rows))
        real(db, rows)

    monkeypatch.setattr(mend, "write", failing)
    with pytest.raises(sqlite3.OperationalError):
        await journal.mend_history(tmp_path / "archive")
    await journal.mend_history(tmp_path / "archive")
    await journal.close()

    assert gap_of(path) is None
    assert RECORDS * 20 == len(ids(path, "fills"))
    assert sum(written) <= RECORDS * 20 + mend.BATCH_ROWS


@pytest.mark.parametrize("how", ["no title", "cut short"])
async def test_a_damaged_segment_is_named_and_passed_over(tmp_path: Path, how: str) -> None:
    """What lies behind it can be had again; what is in it cannot, and is told for as long as it is there."""
    path, archive = tmp_path / "journal.db", tmp_path / "archive"
    await old_journal(path)
    damaged = lying(archive)[1]
    whole = damaged.path.read_bytes()
    damaged.path.write_bytes(b"rubbish" if how == "no title" else whole[: len(whole) // 2])
    journal = SqliteJournal(path, ORIGIN)

    problems = [await journal.mend_history(archive) for _ in range(2)]
    await journal.close()

    assert all(damaged.path.name in problem for problem in problems)
    assert gap_of(path) is None
    there = {int(name[1:]) for name in ids(path, "fills")}
    lost = set(range(damaged.first, damaged.last + 1))
    numbered = await numbers_of(path, archive, damaged.path, whole)
    assert numbered - there <= lost
    assert there >= {number for number in numbered if number not in lost}
    assert len(there) >= 10


async def numbers_of(path: Path, archive: Path, damaged: Path, whole: bytes) -> set[int]:
    """The fills of all records by the number of their record, the segment being whole again."""
    damaged.write_bytes(whole)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        told = [record for record in mend.telling(db, archive) if record.kind == "activity"]
    return {int(row.values[1][1:]) for each in told for row in mend.derive(*each).rows}  # type: ignore[index]


# --- upkeep ---------------------------------------------------------------------------------------


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    """A guardian whose old records are to be archived."""
    config = replace(load(tmp_path, "{keep: 1d}"), state_dir=tmp_path)
    path = tmp_path / "journal.db"
    await old_journal(path)
    journal = SqliteJournal(path, ORIGIN)
    yield Told(journal, config)
    await journal.close()


async def test_filling_a_gap_comes_last_and_gives_way_to_an_incident(told: Told, tmp_path: Path) -> None:
    """A year of records takes hours to read again: neither archive nor anchors wait, nor does an incident."""
    keeping = replace(told.config.journal, anchors=tmp_path / "heads")
    told.config = replace(told.config, journal=keeping)
    seen: list[tuple[bool, bool, bool]] = []

    async def mend_history(archive: Path, stop: Callable[[], bool]) -> str:
        before = stop()
        told.incident(told.at)
        seen.append((archive.exists() and (tmp_path / "heads").exists(), before, stop()))
        return ""

    told.journal.mend_history = mend_history

    await round_of(Upkeep(told))  # type: ignore[arg-type]

    assert [(True, False, True)] == seen


async def test_an_incident_that_opens_while_records_are_archived_comes_before_filling(told: Told) -> None:
    upkeep, rotate = Upkeep(told), told.journal.rotate  # type: ignore[arg-type]
    filled: list[int] = []

    async def slowly(*asked: Any) -> Rotated:
        told.incident(told.at)
        return await rotate(*asked)

    async def mend_history(*_: object) -> str:
        filled.append(1)
        return ""

    told.journal.rotate, told.journal.mend_history = slowly, mend_history
    await round_of(upkeep)

    assert filled == []
