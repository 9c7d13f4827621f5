"""A disk that hangs: what waits for it is bounded in bytes, and what does not fit is refused and told."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardian.journal import Origin, SqliteJournal, Wanted, read_records, writer
from guardian.journal.schema import connect

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


class Disk:
    """Opens the journal once it is let; until then every write waits."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def open(self, path: Path) -> sqlite3.Connection:
        assert self.answers.wait(30)
        return connect(path)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.answers.set()


async def test_what_waits_for_a_hanging_disk_is_bounded_in_bytes(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand bodies of a busy account would be 250 MB; the newest are refused, those before written."""
    monkeypatch.setattr(writer, "PENDING_BYTES", 100_000)
    journal = SqliteJournal(tmp_path / "journal.db", Origin("test"), disk.open)
    asked = [asyncio.create_task(journal.append(START, "tick", "x" * 20_000)) for _ in range(12)]
    refused, _ = await asyncio.wait(asked, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    disk.answers.set()
    done = await asyncio.gather(*asked, return_exceptions=True)
    after = await journal.append(START, "tick", "x" * 20_000)
    await journal.close()

    assert done[:4] == [1, 2, 3, 4]
    assert refused == set(asked[4:]), "refused at once, while the disk hangs"
    assert all(isinstance(answer, OSError) and "bytes wait" in str(answer) for answer in done[4:])
    assert after == 5, "what has been written no longer counts"
    assert len(read_records(tmp_path / "journal.db", Wanted())) == 5


async def test_one_record_larger_than_the_bound_is_still_written(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint of many accounts must not be refused for ever by a bound that is for what piles up."""
    monkeypatch.setattr(writer, "PENDING_BYTES", 100)
    disk.answers.set()
    journal = SqliteJournal(tmp_path / "journal.db", Origin("test"), disk.open)

    await journal.checkpoint(START, "x" * 1_000)
    await journal.append(START, "tick", "x" * 1_000)
    await journal.close()

    assert [record.seq for record in read_records(tmp_path / "journal.db", Wanted())] == [1, 2]
