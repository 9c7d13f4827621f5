"""Ten thousand random single edits of a journal, through SQL and in the raw bytes: each one is found.

What verify has to name is worked out from the rows alone: the first place where the journal is not the one
that was written. Journal, archive and anchor are small, so that one edit takes about a millisecond.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from guardian.journal import Anchor, JournalTampered, Keeping, Origin, SqliteJournal, verify_file
from guardian.journal.archive.segment import rows_of, segments
from guardian.journal.chain import Row, digest

pytestmark = pytest.mark.long

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
EDITS = 8_000
RAW_EDITS = 2_000
COLUMNS = ("seq", "at", "kind", "body", "prev", "hash")
ROWS = f"SELECT {', '.join(COLUMNS)} FROM records ORDER BY seq"  # noqa: S608 our own names

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Bed:
    """A journal at rest: the bytes of its live file, the rows in it, and the last head that was put away."""

    folder: Path
    image: bytes
    rows: Rows
    anchor: Anchor

    @property
    def path(self) -> Path:
        return self.folder / "journal.db"

    def write(self, raw: bytes) -> None:
        """In place: a file that is emptied first is flushed to the disk by some file systems."""
        with self.path.open("r+b") as file:
            file.write(raw)
            file.truncate()

    def reset(self) -> None:
        self.write(self.image)

    def edit(self, change: Callable[[sqlite3.Connection], None]) -> Rows:
        """Write the journal with one change made through SQL; the rows that it then holds."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.deserialize(self.image)
            change(db)
            edited = db.execute(ROWS).fetchall()
            self.write(db.serialize())
        return edited

    def verify(self) -> Any:
        return verify_file(self.path, anchors=(self.anchor,))


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Bed:
    """Twenty records: the oldest lie in a segment of the archive, two are newer than the anchor."""
    folder = tmp_path_factory.mktemp("edited")
    path = folder / "journal.db"
    anchor = asyncio.run(_write(path))
    with closing(sqlite3.connect(path)) as db:
        # One file without a log beside it, so that writing its bytes back restores it whole.
        db.execute("PRAGMA journal_mode = DELETE")
        rows = db.execute(ROWS).fetchall()
    found = Bed(folder, path.read_bytes(), rows, anchor)
    assert found.verify().ok
    assert len(segments(folder / "archive")) == 1
    assert rows[0][0] > 1
    assert len(rows) > 12
    return found


async def _write(path: Path) -> Anchor:
    journal = SqliteJournal(path, Origin("test"))
    for number in range(1, 19):
        at = START + timedelta(hours=number)
        await journal.append(at, "snapshot", f'{{"n": {number}, "equity": "{number * 7919}", "name": "é"}}')
        if number in (6, 12):
            await journal.checkpoint(at, f'{{"after": {number}}}')
    await journal.rotate(Keeping(path.parent / "archive"), START + timedelta(days=3))
    anchor = Anchor(*await journal.head())
    await journal.append(START + timedelta(days=3), "tick", "{}")
    await journal.append(START + timedelta(days=3), "tick", "{}")
    await journal.close()
    return anchor


def first_difference(written: Rows, found: Rows) -> int | None:
    """The seq where the journal first differs; the first that is missing if it only ends early."""
    for old, new in zip(written, found, strict=False):
        if old != new:
            return int(new[0])
    if len(found) < len(written):
        return int(written[len(found)][0])
    return int(found[len(written)][0]) if len(found) > len(written) else None


# --- edits through SQL ----------------------------------------------------------------------------

Edit = Callable[[random.Random, Rows, sqlite3.Connection], None]


def _pick(rng: random.Random, rows: Rows) -> int:
    return int(rng.choice(rows)[0])


def _changed(rng: random.Random, text: str) -> str:
    """One character replaced by another, inserted, or taken out."""
    place = rng.randrange(len(text))
    other = chr(ord(text[place]) ^ rng.choice((1, 2, 4, 8, 16)))
    return rng.choice(
        (
            text[:place] + other + text[place + 1 :],
            text[:place] + "0" + text[place:],
            text[:place] + text[place + 1 :],
        )
    )


def flip(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    row = rng.choice(rows)
    column = rng.randrange(1, 6)
    change = f"UPDATE records SET {COLUMNS[column]} = ? WHERE seq = ?"  # noqa: S608 our own names
    db.execute(change, (_changed(rng, row[column]), row[0]))


def retype(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    """The same text as bytes, which reads alike in many tools."""
    row = rng.choice(rows)
    db.execute("UPDATE records SET body = ? WHERE seq = ?", (row[3].encode(), row[0]))


def drop(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    """Any record but the last, whose loss is a truncation."""
    db.execute("DELETE FROM records WHERE seq = ?", (_pick(rng, rows[:-1]),))


def swap(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    one, other = rng.sample(rows, 2)
    for seq, row in ((one[0], other), (other[0], one)):
        db.execute(
            "UPDATE records SET at = ?, kind = ?, body = ?, prev = ?, hash = ? WHERE seq = ?", (*row[1:], seq)
        )


def renumber(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    seq = _pick(rng, rows)
    taken = {row[0] for row in rows}
    free = rng.choice([n for n in (seq - 100, -seq, 0, seq + 100, 10**12) if n not in taken])
    db.execute("UPDATE records SET seq = ? WHERE seq = ?", (free, seq))


def forge(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    """A record more at the end, well linked, that guardian never wrote."""
    last = rows[-1]
    kind, body = rng.choice(("resumed", "armed", "tick")), f'{{"by": "{rng.random()}"}}'
    row = (last[0] + 1, last[1], kind, body, last[5], digest(last[5], last[0] + 1, last[1], kind, body))
    db.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", row)


def truncate(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    """The end is cut before the anchor, and the head that lies beside the records is made to agree."""
    keep = rows[rng.randrange(len(rows) - 3)]
    db.execute("DELETE FROM records WHERE seq > ?", (keep[0],))
    db.execute("UPDATE meta SET value = ? WHERE name = 'head'", (f"{keep[0]} {keep[5]}",))


def rewrite(rng: random.Random, rows: Rows, db: sqlite3.Connection) -> None:
    """One body changed before the anchor, and every hash after it made to agree."""
    begin = rng.randrange(len(rows) - 2)
    prev = rows[begin][4]
    for place, (seq, at, kind, body, _, _) in enumerate(rows[begin:]):
        told = body if place else body + " "
        row = (seq, at, kind, told, prev, digest(prev, seq, at, kind, told))
        db.execute("REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)", row)
        prev = row[5]
    db.execute("UPDATE meta SET value = ? WHERE name = 'head'", (f"{rows[-1][0]} {prev}",))


SQL_EDITS: tuple[Edit, ...] = (flip, flip, flip, retype, drop, swap, renumber, forge, truncate)


def test_every_edit_through_sql_is_found_and_its_place_named(bed: Bed) -> None:
    """Eight thousand edits of the live file, of nine kinds in turn."""
    rng = random.Random(20261121)
    missed = []
    for number in range(EDITS):
        edit = SQL_EDITS[number % len(SQL_EDITS)]
        edited = bed.edit(partial(edit, rng, bed.rows))
        found = bed.verify()
        expected = first_difference(bed.rows, edited)
        if found.ok or found.first_bad != expected or not found.problem:
            missed.append((number, edit.__name__, expected, found))

    assert missed == []


def test_a_chain_that_was_written_anew_is_found_by_its_anchor(bed: Bed) -> None:
    """An owner can hash everything again; the head that lies elsewhere does not agree."""
    rng = random.Random(7)
    for _ in range(50):
        bed.edit(partial(rewrite, rng, bed.rows))

        with_anchor, without = bed.verify(), verify_file(bed.path)

        assert without.ok, "only a head that was kept elsewhere can tell"
        assert not with_anchor.ok
        assert with_anchor.first_bad == bed.anchor.seq
        assert "anchor" in with_anchor.problem


# --- edits of the raw bytes -----------------------------------------------------------------------


def test_every_flipped_byte_of_a_record_is_found_in_the_file_itself(bed: Bed) -> None:
    """Half of them inside what records say; half anywhere, where the only innocent flip changes no record."""
    rng = random.Random(41)
    inside = _places(bed)
    missed, harmless = [], 0
    for number in range(RAW_EDITS):
        aimed = number % 2 == 0
        place, seq = rng.choice(inside) if aimed else (rng.randrange(len(bed.image)), 0)
        raw = bytearray(bed.image)
        raw[place] ^= 1 << rng.randrange(8)
        bed.write(bytes(raw))
        found = bed.verify()
        if not found.ok and (not aimed or found.first_bad == seq):
            continue
        harmless += 1
        if aimed or _rows_in(bed.path) != bed.rows:
            missed.append((number, place, seq, found))
    bed.reset()

    assert missed == []
    assert harmless < RAW_EDITS // 2


def _places(bed: Bed) -> list[tuple[int, int]]:
    """(place in the file, seq) of every byte of every column's text that can be told apart."""
    places = []
    for row in bed.rows:
        content = "".join(row[1:]).encode()
        begin = bed.image.find(content)
        assert begin > 0
        places += [(begin + offset, row[0]) for offset in range(len(content))]
    return places


def _rows_in(path: Path) -> Rows | None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute(ROWS).fetchall()
    except sqlite3.Error:
        return None


def test_every_flipped_byte_of_the_archive_is_found(bed: Bed) -> None:
    """A segment is sealed: whatever byte is touched, the seal in the chain or the packing does not fit."""
    bed.reset()
    (segment,) = segments(bed.folder / "archive")
    whole = segment.path.read_bytes()
    rng = random.Random(5)
    missed = []
    for _ in range(300):
        place = rng.randrange(len(whole))
        raw = bytearray(whole)
        raw[place] ^= 1 << rng.randrange(8)
        segment.path.write_bytes(raw)
        found = bed.verify()
        if found.ok or not 1 <= (found.first_bad or 0) <= segment.title.last + 1:
            missed.append((place, found))
    segment.path.write_bytes(whole)

    assert missed == []
    assert bed.verify().ok


def test_a_segment_that_is_gone_is_missed(bed: Bed) -> None:
    bed.reset()
    (segment,) = segments(bed.folder / "archive")
    rows = [Row(*row) for row in rows_of(segment)]
    away = segment.path.rename(bed.folder / "away")
    found = bed.verify()
    away.rename(segment.path)

    assert not found.ok
    assert found.first_bad == rows[-1].seq + 1
    assert f"records 1 to {rows[-1].seq}, before record" in found.problem


def test_no_flipped_byte_keeps_a_restart_from_going_on(bed: Bed) -> None:
    """Only a first start may refuse: whatever the bytes are, the journal goes on, or does once accepted."""
    rng = random.Random(11)
    for number in range(120):
        folder = bed.folder / f"restart-{number}"
        folder.mkdir()
        raw = bytearray(bed.image)
        place = rng.randrange(len(raw)) if number % 3 else rng.randrange(4096)
        raw[place] ^= 1 << rng.randrange(8)
        (folder / "journal.db").write_bytes(raw)

        seq = asyncio.run(_go_on(folder / "journal.db"))

        assert seq > 0, f"byte {place}"


async def _go_on(path: Path) -> int:
    journal = SqliteJournal(path, Origin("test"))
    try:
        try:
            await journal.restore()
        except JournalTampered:
            await journal.restore(accept=True)
        return await journal.append(START + timedelta(days=4), "started", "{}")
    finally:
        await journal.close()
