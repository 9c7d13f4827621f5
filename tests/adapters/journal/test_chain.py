"""The chain: any change of the past is found and named; only the last record may be torn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guardian.journal import JournalTampered, Origin, SqliteJournal
from guardian.journal.chain import GENESIS, digest

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def opened(path: Path) -> SqliteJournal:
    return SqliteJournal(path, Origin("test", state_schema="7"))


async def written(path: Path, records: int = 8, checkpoint_after: int | None = None) -> None:
    """A closed journal of `records` events, with a checkpoint after the given one."""
    journal = opened(path)
    await journal.restore()
    for number in range(1, records + 1):
        await journal.append(START + timedelta(seconds=number), "tick", f'{{"n": {number}}}')
        if number == checkpoint_after:
            await journal.checkpoint(START + timedelta(seconds=number), f'{{"after": {number}}}')
    await journal.close()


def meddle(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def test_no_two_records_share_a_hash_input() -> None:
    """Fields are framed by their length: moving a character across a border changes the hash."""
    assert digest(GENESIS, 1, "t", "ab", "c") != digest(GENESIS, 1, "t", "a", "bc")
    assert digest(GENESIS, 1, "1:a", "b", "") != digest(GENESIS, 1, "1", ":ab", "")


async def test_restore_gives_the_last_checkpoint_and_the_events_after_it(tmp_path: Path) -> None:
    await written(tmp_path / "j.db", records=5, checkpoint_after=3)

    journal = opened(tmp_path / "j.db")
    restored = await journal.restore()
    meta = await journal.meta()
    await journal.close()

    assert restored.checkpoint == '{"after": 3}'
    assert restored.bodies == ('{"n": 4}', '{"n": 5}')
    assert restored.torn == ""
    assert (meta["instance"], meta["state_schema"], meta["layout"]) == ("test", "7", "1")


MEDDLING = {
    "body": ("UPDATE records SET body = replace(body, '3', '4') WHERE seq = 3", 3),
    "time": ("UPDATE records SET at = '2020' WHERE seq = 3", 3),
    "kind": ("UPDATE records SET kind = 'x' WHERE seq = 3", 3),
    "link": ("UPDATE records SET prev = hash WHERE seq = 3", 3),
    "type": ("UPDATE records SET body = x'00' WHERE seq = 3", 3),
    "deleted": ("DELETE FROM records WHERE seq = 3", 4),
    "first deleted": ("DELETE FROM records WHERE seq = 1", 2),
    "truncated": ("DELETE FROM records WHERE seq >= 7", 8),
    "swapped": ("UPDATE records SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4)", -4),
    "appended": ("INSERT INTO records SELECT 9, at, kind, body, prev, hash FROM records WHERE seq = 8", 9),
}


@pytest.mark.parametrize("what", MEDDLING)
async def test_verify_names_the_first_record_that_does_not_fit(tmp_path: Path, what: str) -> None:
    """Tamper evidence is the journal's reason to be chained."""
    await written(tmp_path / "j.db")
    statement, first_bad = MEDDLING[what]
    meddle(tmp_path / "j.db", statement)

    journal = opened(tmp_path / "j.db")
    found = await journal.verify()
    await journal.close()

    assert not found.ok
    assert found.first_bad == first_bad
    assert str(abs(first_bad)) in found.problem


@pytest.mark.parametrize("what", sorted(set(MEDDLING) - {"appended"}))
async def test_restore_refuses_a_changed_past_until_it_is_accepted(tmp_path: Path, what: str) -> None:
    """Tampering is for a person; accepting it is recorded, and the next start works."""
    await written(tmp_path / "j.db")
    meddle(tmp_path / "j.db", MEDDLING[what][0])

    journal = opened(tmp_path / "j.db")
    with pytest.raises(JournalTampered) as refused:
        await journal.restore()
    accepted = await journal.restore(accept=True)
    await journal.append(START, "tick", '{"n": "later"}')
    await journal.close()
    again = opened(tmp_path / "j.db")
    restored = await again.restore()
    verified = await again.verify()
    await again.close()

    assert "record" in refused.value.problem
    assert len(accepted.bodies) >= 6
    assert '{"n": "later"}' == restored.bodies[-1]
    assert not verified.ok


async def test_a_torn_last_record_is_cut_kept_aside_and_recorded(tmp_path: Path) -> None:
    """A crash may tear the last record; that is no reason not to watch."""
    path = tmp_path / "j.db"
    await written(path)
    meddle(path, "UPDATE records SET body = substr(body, 1, 3) WHERE seq = 8")

    journal = opened(path)
    restored = await journal.restore()
    await journal.append(START, "tick", '{"n": 9}')
    verified = await journal.verify()
    await journal.close()

    assert "record 8" in restored.torn
    assert [f'{{"n": {n}}}' for n in range(1, 8)] == list(restored.bodies)
    assert verified.ok
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT seq, body FROM cut_records").fetchall() == [(8, '{"n')]
        assert db.execute("SELECT kind FROM records WHERE seq = 8").fetchone() == ("tail_cut",)


async def test_a_torn_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await written(path, records=4, checkpoint_after=2)
    journal = opened(path)
    await journal.checkpoint(START, '{"after": 4}')
    await journal.close()
    meddle(path, "UPDATE records SET body = '{' WHERE seq = 6")

    journal = opened(path)
    restored = await journal.restore()
    await journal.close()

    assert "record 6" in restored.torn
    assert restored.checkpoint == '{"after": 2}'
    assert restored.bodies == ('{"n": 3}', '{"n": 4}')


async def test_tampering_before_the_last_checkpoint_stops_verify_but_not_a_restart(tmp_path: Path) -> None:
    """A restart reads only the tail; the daily verify reads everything."""
    path = tmp_path / "j.db"
    await written(path, records=8, checkpoint_after=6)
    meddle(path, "UPDATE records SET body = 'x' WHERE seq = 2")

    journal = opened(path)
    restored = await journal.restore()
    verified = await journal.verify()
    await journal.close()

    assert restored.checkpoint == '{"after": 6}'
    assert verified.first_bad == 2


async def test_a_damaged_file_is_set_aside_on_accept_and_a_new_chain_begins(tmp_path: Path) -> None:
    """Garbage instead of a database must not keep guardian from watching."""
    path = tmp_path / "j.db"
    path.write_bytes(b"this is no database at all" * 400)

    journal = opened(path)
    with pytest.raises(JournalTampered, match="damaged"):
        await journal.restore()
    restored = await journal.restore(accept=True)
    await journal.append(START, "tick", "{}")
    verified = await journal.verify()
    await journal.close()

    assert restored.checkpoint is None
    assert verified.ok
    assert len(list(tmp_path.glob("j-damaged-*.db"))) == 1


async def test_a_damaged_page_loses_only_what_was_on_it(tmp_path: Path) -> None:
    """What can still be read of the tail is given back when a person accepts the damage."""
    path = tmp_path / "j.db"
    journal = opened(path)
    await journal.checkpoint(START, '{"level": "FLATTEN"}')
    for number in range(200):
        await journal.append(START, "tick", f'{{"n": {number}, "pad": "{"x" * 400}"}}')
    await journal.close()
    raw = bytearray(path.read_bytes())
    raw[-8192:-4096] = b"\xff" * 4096
    path.write_bytes(raw)

    journal = opened(path)
    with pytest.raises(JournalTampered):
        await journal.restore()
    restored = await journal.restore(accept=True)
    await journal.close()

    assert restored.checkpoint == '{"level": "FLATTEN"}'
    assert len(restored.bodies) > 100
