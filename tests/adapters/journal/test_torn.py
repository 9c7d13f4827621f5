"""What a power cut leaves of the write-ahead log: any part of it. The journal is then whole, and shorter."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardian.journal import Origin, SqliteJournal, Wanted, read_records
from guardian.ports import Record

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
RECORDS = 40
CUTS = 60


@pytest.fixture
async def running(tmp_path: Path) -> Path:
    """The files of a journal as they lie while it is written: nothing has been folded into the main file."""
    journal = SqliteJournal(tmp_path / "running.db", Origin("test"))
    for number in range(RECORDS):
        at = START + timedelta(seconds=number)
        await journal.append(at, "snapshot", f'{{"n": {number}, "pad": "{"x" * (number * 97 % 5000)}"}}')
        if number % 15 == 14:
            await journal.checkpoint(at, f'{{"after": {number}}}')
    taken = tmp_path / "taken"
    taken.mkdir()
    for ending in ("", "-wal"):
        shutil.copyfile(f"{tmp_path / 'running.db'}{ending}", f"{taken / 'journal.db'}{ending}")
    await journal.close()
    return taken / "journal.db"


async def test_a_log_cut_at_any_byte_leaves_a_whole_journal(running: Path, tmp_path: Path) -> None:
    """The records are the first ones, unbroken, and the chain goes on from them. None is half there."""
    written = records(running)
    log = Path(f"{running}-wal").read_bytes()
    rng = random.Random(3)
    lengths = set()
    for number, cut in enumerate([0, 1, 32, len(log), *rng.sample(range(len(log)), CUTS)]):
        folder = tmp_path / f"cut-{number}"
        folder.mkdir()
        path = folder / "journal.db"
        shutil.copyfile(running, path)
        Path(f"{path}-wal").write_bytes(log[:cut])

        journal = SqliteJournal(path, Origin("test"))
        restored = await journal.restore()
        await journal.append(START, "tick", "{}")
        verified = await journal.verify()
        await journal.close()

        found = records(path)[:-1]
        lengths.add(len(found))
        assert verified.ok, (cut, verified.problem)
        assert restored.torn == ""
        assert written[: len(found)] == found, cut
    assert lengths >= {0, len(written)}
    assert len(lengths) > 20, "the cuts fell in many places"


async def test_a_log_with_a_flipped_byte_leaves_a_whole_journal(running: Path, tmp_path: Path) -> None:
    """A sector that was written wrongly: the log's own checksum ends it there, before the record."""
    written = records(running)
    log = Path(f"{running}-wal").read_bytes()
    rng = random.Random(4)
    for number in range(20):
        folder = tmp_path / f"flip-{number}"
        folder.mkdir()
        path = folder / "journal.db"
        shutil.copyfile(running, path)
        raw = bytearray(log)
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        Path(f"{path}-wal").write_bytes(raw)

        journal = SqliteJournal(path, Origin("test"))
        await journal.restore()
        verified = await journal.verify()
        await journal.close()

        found = records(path)
        assert verified.ok, verified.problem
        assert written[: len(found)] == found


def records(path: Path) -> list[Record]:
    return read_records(path, Wanted())
