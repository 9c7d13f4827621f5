"""What an operator says of the journal: `journal:` in guardian.yaml, anchors, and what upkeep tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from guardian.cli import main
from guardian.config import ConfigError, load_config
from guardian.config.shapes import JournalConfig
from guardian.journal import Keeping, Origin, Rotated, SqliteJournal, anchors
from guardian.runtime.start.upkeep import Upkeep
from tests.adapters.journal.filled import rotated, written

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
CONFIG = """\
instance: desk-1
state_dir: state
rules: [ats-plan]
accounts:
  - {name: main, venue: bybit, currency: USDT, keys: {watch: "env:WATCH"}}
"""
Run = Callable[..., tuple[int, str, str]]


def load(folder: Path, journal: str) -> Any:
    (folder / "guardian.yaml").write_text(f"{CONFIG}journal: {journal}\n" if journal else CONFIG)
    return load_config(folder / "guardian.yaml")


def test_without_a_word_nothing_is_deleted(tmp_path: Path) -> None:
    """Old records leave the live file, and stay beside it for ever: deleting is somebody's decision."""
    config = load(tmp_path, "")

    assert config.journal == JournalConfig(200_000_000, None, None, None)
    assert config.archive == tmp_path / "state" / "archive"


def test_the_journals_keeping_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, "{segment: 2GB, keep: 30d, archive: old, anchors: ../elsewhere/heads}")

    assert config.journal.segment_bytes == 2_000_000_000
    assert config.journal.keep_seconds == 30 * 86_400
    assert config.archive == tmp_path / "old"
    assert config.journal.anchors == tmp_path.parent / "elsewhere" / "heads"


@pytest.mark.parametrize(
    ("journal", "says"),
    [
        ("{keep: 30}", "has no unit"),
        ("{keep: 10m}", "outside 1h to"),
        ("{segment: 200}", "where a size is needed"),
        ("{segment: 200kb}", "is not a size"),
        ("{segment: 0MB}", "less than 1MB"),
        ("{retain: 30d}", "retain"),
        ("{anchors: state/heads}", "prove nothing"),
        ("30d", "mapping"),
    ],
)
def test_a_wrong_keeping_is_refused_with_its_line(tmp_path: Path, journal: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, journal)

    (finding,) = refused.value.findings
    assert finding.line == CONFIG.count("\n") + 1
    assert finding.field.startswith("journal")
    assert says in f"{finding}"


# --- anchors --------------------------------------------------------------------------------------


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*argv: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return running


async def journal_of(path: Path, records: int) -> SqliteJournal:
    journal = SqliteJournal(path, Origin("test"))
    for number in range(records):
        await journal.append(START, "tick", f'{{"n": {number}}}')
    return journal


async def test_heads_are_put_away_and_hold(run: Run, tmp_path: Path) -> None:
    """The file that guardian writes is the file that verify reads; a cut line of a crash says nothing."""
    heads = tmp_path / "heads"
    journal = await journal_of(tmp_path / "journal.db", 3)
    await journal.anchor(heads, START)
    await journal.append(START, "tick", "{}")
    heads.write_text(heads.read_text() + "2026-11-21T09:00:00.000000+00:00 9:ab")
    await journal.anchor(heads, START)
    await journal.close()

    code, out, _ = run("journal", "verify", "--state-dir", tmp_path, "--anchor", heads)
    _, document, _ = run("journal", "verify", "--state-dir", tmp_path, "--anchor", heads, "--json")

    assert code == 0
    assert [anchor.seq for anchor in anchors.read(heads)] == [3, 4]
    assert "2 of 2 anchors" in out
    assert json.loads(document)["anchors"] == 2


async def test_the_head_that_verify_prints_is_an_anchor(run: Run, tmp_path: Path) -> None:
    await (await journal_of(tmp_path / "journal.db", 5)).close()
    _, out, _ = run("journal", "verify", "--state-dir", tmp_path)
    head = out.split("head ")[1].strip()
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    await (await journal_of(tmp_path / "journal.db", 4)).close()

    code, shorter, _ = run("journal", "verify", "--state-dir", tmp_path, "--anchor", head)

    assert code == 3
    assert "records 5 to 5 are missing from the end: an anchor names record 5" in shorter


async def test_an_anchor_that_is_none_is_told(run: Run, tmp_path: Path) -> None:
    await (await journal_of(tmp_path / "journal.db", 1)).close()
    (tmp_path / "empty").write_text("nothing\n")

    code, _, missing = run("journal", "verify", "--state-dir", tmp_path, "--anchor", "12:abc")
    other, _, empty = run("journal", "verify", "--state-dir", tmp_path, "--anchor", tmp_path / "empty")

    assert (code, other) == (1, 1)
    assert "neither SEQ:HASH nor a file" in missing
    assert "holds no anchor" in empty


# --- upkeep ---------------------------------------------------------------------------------------


class Told:
    """A running guardian as upkeep sees it: what it tells, and an incident where the test says so."""

    def __init__(self, journal: Any, config: Any) -> None:
        self.troubles: list[tuple[str, bool]] = []
        self.details: list[str] = []
        self.journal = journal
        self.config = config
        self.clock = SimpleNamespace(now=lambda: self.at)
        self.at = START + timedelta(days=9)
        self.runtime = SimpleNamespace(state=SimpleNamespace(accounts=()), trouble=self.trouble)

    def trouble(self, subject: str, detail: str, healed: bool) -> None:
        self.troubles.append((subject, healed))
        self.details.append(detail)

    def incident(self, opened_at: datetime) -> None:
        account = SimpleNamespace(incident=SimpleNamespace(opened_at=opened_at))
        self.runtime.state = SimpleNamespace(accounts=(account, SimpleNamespace(incident=None)))


async def round_of(upkeep: Upkeep) -> None:
    upkeep.look()
    assert upkeep._task is not None
    await upkeep._task


@pytest.fixture
async def told(tmp_path: Path) -> Any:
    config = replace(load(tmp_path, "{keep: 1d}"), state_dir=tmp_path)
    journal = await journal_of(tmp_path / "journal.db", 10)
    for number in range(2):
        await journal.checkpoint(START + timedelta(hours=number), "{}")
    yield Told(journal, config)
    await journal.close()


async def test_an_archive_that_fails_is_told_once_and_once_when_it_works_again(told: Told) -> None:
    """A full disk is no reason to page every minute, nor to stop."""
    (told.config.state_dir / "archive").write_text("a file where the folder belongs")
    upkeep = Upkeep(told)  # type: ignore[arg-type]

    for _ in range(3):
        await round_of(upkeep)
    (told.config.state_dir / "archive").unlink()
    for _ in range(3):
        await round_of(upkeep)

    assert told.troubles == [("journal-archive", False), ("journal-archive", True)]
    found = await told.journal.verify()
    assert found.ok, found.problem
    assert found.first > 1, "what is nine days old has left"


async def test_anchors_that_cannot_be_written_are_told(told: Told, tmp_path: Path) -> None:
    keeping = replace(told.config.journal, anchors=tmp_path / "away" / "heads")
    told.config = replace(told.config, journal=keeping)
    upkeep = Upkeep(told)  # type: ignore[arg-type]

    await upkeep.anchor()
    (tmp_path / "away").mkdir()
    await upkeep.finish()

    assert told.troubles == [("journal-anchors", False), ("journal-anchors", True)]
    assert anchors.read(tmp_path / "away" / "heads")[0].seq == 12


async def test_a_young_incident_has_the_disk_to_itself(told: Told) -> None:
    """While an account is being flattened nothing else is written; afterwards its story is kept."""
    upkeep, archive = Upkeep(told), told.config.state_dir / "archive"  # type: ignore[arg-type]
    told.incident(told.at - timedelta(minutes=9))
    await round_of(upkeep)
    busy = archive.exists()

    told.incident(told.at - timedelta(minutes=11))
    await round_of(upkeep)

    assert not busy
    assert archive.exists()
    assert (await told.journal.verify()).ok


async def test_segments_of_another_journal_are_told_once_and_once_when_they_are_gone(told: Told) -> None:
    """Nothing deletes them, so that whoever looks after the disk has to know; it is no failure."""
    archive = told.config.state_dir / "archive"
    archive.mkdir()
    other = archive / "000000000001-000000000009-aaaaaaaaaaaa.jsonl.gz"
    other.write_text("another's")
    upkeep = Upkeep(told)  # type: ignore[arg-type]

    for _ in range(3):
        await round_of(upkeep)
    kept = other.read_text()
    other.unlink()
    for _ in range(3):
        await round_of(upkeep)

    assert kept == "another's"
    assert told.troubles == [("journal-archive-others", False), ("journal-archive-others", True)]
    assert "1 segments of another journal" in told.details[0]


async def test_segments_of_another_journal_concern_nobody_while_nothing_is_to_be_deleted(told: Told) -> None:
    """Two guardians may share a folder for ever: that is no reason for a page at each start."""
    told.config = replace(told.config, journal=replace(told.config.journal, keep_seconds=None))
    archive = told.config.state_dir / "archive"
    archive.mkdir()
    (archive / "000000000001-000000000009-aaaaaaaaaaaa.jsonl.gz").write_text("another's")

    await round_of(Upkeep(told))  # type: ignore[arg-type]

    assert told.troubles == []
    assert len(list(archive.iterdir())) == 2, "this journal's own segment has come beside it"


async def test_a_hanging_disk_is_told_and_no_second_round_begins(told: Told) -> None:
    """Rounds that pile up behind a dead mount would fill the memory."""
    forever = asyncio.Event()
    calls = []

    async def rotate(*_: object) -> Rotated:
        calls.append(1)
        await forever.wait()
        return Rotated()

    async def mend_history(archive: Path, stop: Callable[[], bool]) -> str:
        return ""

    told.journal = SimpleNamespace(
        rotate=rotate, close=told.journal.close, verify=None, mend_history=mend_history
    )
    upkeep = Upkeep(told)  # type: ignore[arg-type]
    upkeep.look()
    await asyncio.sleep(0)
    upkeep.look()
    told.at += timedelta(minutes=11)
    upkeep.look()
    upkeep.look()
    forever.set()
    assert upkeep._task is not None
    await upkeep._task

    assert len(calls) == 1
    assert told.troubles == [("journal-archive", False), ("journal-archive", True)]


async def test_rows_that_cannot_be_kept_are_told_once_and_mended(told: Told) -> None:
    """What an account did is told and filled in; deciding and archiving go on."""
    answers = iter(["disk I/O error", "disk I/O error", "", ""])
    upkeep = Upkeep(told)  # type: ignore[arg-type]
    told.journal.mend_history = lambda archive, stop: answered(next(answers))

    for _ in range(4):
        await round_of(upkeep)

    assert told.troubles == [("journal-history", False), ("journal-history", True)]
    assert "disk I/O error" in told.details[0]


async def answered(value: str) -> str:
    return value


def test_the_example_in_the_docs_is_read(tmp_path: Path) -> None:
    """docs/operating.md shows a keeping; it is one that guardian takes."""
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```yaml\n")[1:]]
    (example,) = [block for block in blocks if block.startswith("journal:")]

    config = load(tmp_path, json.dumps(yaml.safe_load(example)["journal"]))

    assert config.journal.keep_seconds is not None
    assert config.journal.anchors is not None


async def test_the_commands_look_where_the_configuration_says(run: Run, tmp_path: Path) -> None:
    """Old records are shown and verified from an archive of another place; without it they are missed."""
    load(tmp_path, "{archive: old}")
    config = tmp_path / "guardian.yaml"
    state, archive = tmp_path / "state", tmp_path / "old"
    state.mkdir()
    await written(state / "journal.db", records=60)
    await rotated(state / "journal.db", Keeping(archive))

    code, shown, _ = run("journal", "show", "--config", config, "--json")
    whole, told, _ = run("journal", "verify", "--config", config)
    elsewhere, _, _ = run("journal", "verify", "--state-dir", state, "--archive", archive)
    without, missed, _ = run("journal", "verify", "--state-dir", state)

    assert (code, whole, elsewhere, without) == (0, 0, 0, 3)
    assert [record["seq"] for record in json.loads(shown)["records"]] == list(range(1, 68))
    assert "67 records from 1 on, unbroken; head 67:" in told
    assert "records 1 to 53, before record 54, are missing, and no record says" in missed
