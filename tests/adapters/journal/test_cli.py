"""`guardian journal`: one JSON document or one line a record, beside a daemon that writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guardian.cli import main
from guardian.cli.see.journal_text import summary
from guardian.journal import Origin, SqliteJournal
from guardian.ports import Record

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]

BODIES = [
    ("started", {"event": {"kind": "started", "version": "1"}, "decisions": [], "effects": []}),
    (
        "snapshot",
        {
            "event": {
                "kind": "snapshot",
                "snapshot": {
                    "account": "bybit-main",
                    "wallet": {"equity": "94790"},
                    "positions": [1, 2],
                    "orders": [],
                },
            },
            "decisions": [
                {
                    "account": "bybit-main",
                    "what": "level",
                    "rule": "dd-1h",
                    "before": "NORMAL",
                    "after": "FLATTEN",
                }
            ],
            "effects": [{"kind": "close_position", "account": "bybit-main"}] * 2 + [{"kind": "notify"}],
        },
    ),
    ("demanded", {"event": {"kind": "demanded", "account": "other", "level": 2, "by": "ann"}}),
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*argv: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return running


@pytest.fixture
async def state(tmp_path: Path) -> Any:
    """A state directory whose daemon is alive: its journal stays open while the commands read."""
    journal = SqliteJournal(tmp_path / "journal.db", Origin("test"))
    for number, (kind, body) in enumerate(BODIES):
        await journal.append(START + timedelta(minutes=number), kind, json.dumps(body))
    await journal.checkpoint(START + timedelta(hours=1), "{}")
    yield tmp_path
    await journal.close()


def seqs(out: str) -> list[int]:
    return [record["seq"] for record in json.loads(out)["records"]]


async def test_show_prints_one_line_a_record(run: Run, state: Path) -> None:
    code, out, err = run("journal", "show", "--state-dir", state)

    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 4)
    assert lines[1].startswith(
        "2026-11-21T09:01:00.000Z  2  snapshot    bybit-main level NORMAL -> FLATTEN by dd-1h"
    )
    assert "equity 94790 2 positions 0 orders; -> 2 close_position, notify" in lines[1]
    assert lines[2].endswith("other HALT ann")


async def test_show_json_is_one_document(run: Run, state: Path) -> None:
    code, out, _ = run("journal", "show", "--state-dir", state, "--json")

    records = json.loads(out)["records"]
    assert code == 0
    assert [record["kind"] for record in records] == ["started", "snapshot", "demanded", "checkpoint"]
    assert records[1]["body"] == BODIES[1][1]
    assert records[1]["at"] == "2026-11-21T09:01:00.000Z"
    assert records[1]["prev"] == records[0]["hash"]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--last", 2], [3, 4]),
        (["--kind", "snapshot"], [2]),
        (["--account", "bybit-main"], [2]),
        (["--account", "other"], [3]),
        (["--account", "bybit"], []),
        (["--since", "2026-11-21T09:02:00Z"], [3, 4]),
        (["--since", "2026-11-21T10:02:00+01:00"], [3, 4]),
        (["--since", "36500d", "--last", 1], [4]),
    ],
)
async def test_show_selects(run: Run, state: Path, options: list[object], shown: list[int]) -> None:
    _, out, _ = run("journal", "show", "--state-dir", state, "--json", *options)

    assert seqs(out) == shown


async def test_verify_says_ok_and_the_head(run: Run, state: Path) -> None:
    code, out, _ = run("journal", "verify", "--state-dir", state, "--json")

    found = json.loads(out)
    assert code == 0
    assert set(found) >= {"ok", "records", "first_bad", "problem", "head"}
    assert (found["ok"], found["records"], found["first_bad"], found["problem"]) == (True, 4, None, "")
    assert len(found["head"]) == 64


async def test_verify_exits_3_and_names_the_record(run: Run, state: Path) -> None:
    with closing(sqlite3.connect(state / "journal.db")) as db:
        db.execute("UPDATE records SET kind = 'resumed' WHERE seq = 2")
        db.commit()

    code, out, _ = run("journal", "verify", "--state-dir", state, "--json")
    text_code, text, _ = run("journal", "verify", "--state-dir", state)

    assert (code, json.loads(out)["first_bad"]) == (3, 2)
    assert text_code == 3
    assert "record 2" in text


def test_a_damaged_file_is_a_failed_check(run: Run, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"nonsense" * 1000)

    code, out, _ = run("journal", "verify", "--state-dir", tmp_path, "--json")

    assert (code, json.loads(out)["ok"]) == (3, False)


def test_no_journal_is_an_error_that_says_where(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GUARDIAN_CONFIG", raising=False)

    code, out, err = run("journal", "show", "--json")

    assert code == 1
    assert json.loads(out)["exit_code"] == 1
    assert "state/journal.db: there is no journal here" in err


@pytest.mark.parametrize("since", ["yesterday", "99999999d", "2026-13-01"])
def test_a_wrong_since_is_a_usage_error(run: Run, tmp_path: Path, since: str) -> None:
    (tmp_path / "journal.db").touch()

    code, _, err = run("journal", "show", "--state-dir", tmp_path, "--since", since)

    assert code == 2
    assert "15m, 2h, 1d" in err


@pytest.mark.parametrize(
    "body", ["", "7", "[1]", "null", '{"event": 3, "decisions": {}, "effects": [1]}', "{"]
)
def test_any_body_gives_a_line(body: str) -> None:
    """A direct or older record of another shape must not end the listing."""
    assert "\n" not in summary(Record(1, START, "odd", body, "", ""))
