"""`guardian replay` of a journal: it is verified before anything is told from it, and drawn like candles."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from guardian.core.events import SnapshotTaken
from guardian.core.model import Level
from guardian.journal.archive import FOLDER
from guardian.replay.picture import MOST_ACCOUNTS, draw_recorded
from guardian.replay.recorded import MOST_STRETCHES, Replayed, _Tape
from tests.candles.test_pictures import NOON, change
from tests.core.build import at, read
from tests.integration.commands import in_process
from tests.shell.test_replay import an_incident, written

PACK = """
- id: dd
  title: Lost a hundredth
  why: The example's stop.
  metric: drawdown
  window: hwm
  scope: account
  ladder:
    - {over: 0.01, level: flatten}
  mode: armed
"""


@pytest.fixture
async def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with an incident in its journal, and a pack beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "rules.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "state").mkdir()
    shell = await an_incident(tmp_path)
    return await written(tmp_path / "state", shell.disk.bodies)


def test_the_levels_and_the_recorded_equity_are_drawn(journal: Path) -> None:
    said = in_process(["replay", "state", "--rules", "pack", "--picture", "new/a.png", "--json"])
    none = in_process(["replay", "state", "--rules", "pack", "--picture", "none", "--json"])
    people = in_process(["replay", "state", "--rules", "pack"])

    assert (said.code, said.document["picture"]) == (0, str(Path("new/a.png").resolve()))
    with Image.open("new/a.png") as picture:
        # The end is one long FLATTEN.
        assert (248, 213, 204) in {colour for _, colour in picture.convert("RGB").getcolors(100_000)}
    assert none.document["picture"] is None
    assert f"picture: {Path('replay.png').resolve()}" in people.out


def test_a_picture_that_cannot_be_drawn_is_told_before_the_journal_is_read(journal: Path) -> None:
    journal.write_text("nothing", encoding="utf-8")

    said = in_process(["replay", "state", "--rules", "pack", "--picture", "a.txt"])

    assert said.code == 2
    assert "--picture" in said.err


def test_of_many_accounts_some_are_drawn_and_the_rest_is_counted(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(MOST_ACCOUNTS + 2)]
    found = Replayed(first=NOON, last=NOON, accounts=set(names))
    found.transitions = [change(2, Level.NORMAL, Level.HALT)]
    found.equities = {"a0": [(NOON, 100.0), (NOON, 90.0)], "a1": []}

    file = draw_recorded(found, "title", tmp_path / "a.svg")

    assert f"{MOST_ACCOUNTS} of {MOST_ACCOUNTS + 2} accounts are drawn" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [0, 1, 2, MOST_STRETCHES, MOST_STRETCHES + 1, 5 * MOST_STRETCHES + 3])
def test_of_a_long_journal_no_more_is_kept_than_a_picture_shows(count: int) -> None:
    """A read a second makes thirty million a year: what is drawn of them must not fill the memory."""
    worth = [100.0 + (number * 7919) % 1009 for number in range(count)]
    snapshots = [SnapshotTaken(at(number), read(number, cash=equity)) for number, equity in enumerate(worth)]
    tape = _Tape((), as_written=True)
    for snapshot in snapshots:
        tape._read(snapshot)

    kept = [each for own in tape.equities.values() for each in own.reads()]

    assert len(kept) <= min(count, 2 * MOST_STRETCHES)
    assert kept == sorted(kept)
    assert {moment for moment, _ in kept} <= {each.at for each in snapshots}
    if count:
        assert min(worth) == min(equity for _, equity in kept)
        assert max(worth) == max(equity for _, equity in kept)
    if count <= MOST_STRETCHES:
        assert worth == [equity for _, equity in kept]


def test_a_changed_record_is_named_and_nothing_is_told_from_the_journal(journal: Path) -> None:
    """A replay of a journal that somebody improved would be believed."""
    with sqlite3.connect(journal) as db:
        (seq, body) = db.execute("SELECT seq, body FROM records WHERE kind = 'snapshot'").fetchone()
        db.execute("UPDATE records SET body = ? WHERE seq = ?", (body.replace("1000", "1001"), seq))

    said = in_process(["replay", "state", "--rules", "pack", "--json"])

    assert said.code == 3
    assert f"record {seq}: its content" in said.document["error"]
    assert "guardian journal verify" in said.document["error"]
    assert not Path("replay.png").exists()


def test_a_record_that_is_missing_is_named(journal: Path) -> None:
    with sqlite3.connect(journal) as db:
        db.execute("DELETE FROM records WHERE seq = 5")

    said = in_process(["replay", "state", "--rules", "pack", "--picture", "none"])

    assert said.code == 3
    assert "record 5" in said.err


def test_an_archive_that_is_damaged_is_told_too(journal: Path) -> None:
    folder = journal.parent / FOLDER
    folder.mkdir(exist_ok=True)
    with sqlite3.connect(journal) as db:
        db.execute("DELETE FROM records WHERE seq <= 3")

    said = in_process(["replay", "state", "--rules", "pack", "--picture", "none", "--json"])

    assert said.code == 3
    assert "records 1 to 3" in said.document["error"]
    assert json.loads(said.out)["ok"] is False
