"""`guardian journal orders|fills|transfers|ledger`: exact lines, one JSON document, files for others."""

from __future__ import annotations

import csv
import json
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.cli import main
from guardian.core.events import Configured
from guardian.core.model import LedgerKind
from guardian.core.observe import configured
from guardian.core.state import State
from guardian.journal import SqliteJournal
from guardian.runtime.codec import encode_state
from tests.adapters.journal.history.deeds import (
    ORIGIN,
    START,
    activity,
    booked,
    entry,
    fill,
    order,
    write,
)
from tests.core.build import policy

Run = Callable[..., tuple[int, str, str]]
DEEDS = (
    activity(
        (
            fill(1),
            fill(2, "gdn-i1-BTC-1", realised=Decimal("-12.5"), closed=Decimal("0.010")),
            fill(3, "", cause="liquidation"),
        ),
        (
            order(1),
            order(2, "cancelled", client_id="gdn-i1-BTC-1"),
            order(3, "rejected", client_id="x\x1b[31m-3", code="110007"),
        ),
    ),
    activity((fill(4, "ft-4", symbol="ETH/USDT:USDT"),), account="second"),
    booked(entry(5), entry(6, LedgerKind.FUNDING, "0.0021"), entry(7, LedgerKind.FLOW, "-5000")),
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*argv: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in ("journal", *argv)])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return running


@pytest.fixture
async def state(tmp_path: Path) -> Any:
    """A state directory whose daemon is alive: its journal stays open while the commands read."""
    journal = SqliteJournal(tmp_path / "journal.db", ORIGIN)
    await write(journal, Configured(START, "test", "", (policy(name="bybit-main"),), ()), *DEEDS)
    yield tmp_path
    await journal.close()


GOLDEN = {file.stem: file for file in Path(__file__).with_name("golden").glob("*.txt")}
"""What each command prints, line by line."""


def test_each_command_has_its_golden_file() -> None:
    assert set(GOLDEN) == {"fills", "orders", "transfers", "ledger"}


@pytest.mark.parametrize("name", sorted(GOLDEN))
async def test_rows_are_shown_as_lines(run: Run, state: Path, name: str) -> None:
    """What an order is called by a stranger does not reach the terminal as it is."""
    assert run(name, "--state-dir", state) == (0, GOLDEN[name].read_text(encoding="utf-8"), "")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["fills"], ["e1", "e2", "e3", "e4"]),
        (["fills", "--account", "second"], ["e4"]),
        (["fills", "--symbol", "ETH/USDT:USDT"], ["e4"]),
        (["fills", "--by", "guardian"], ["e2"]),
        (["fills", "--by", "bot"], ["e1"]),
        (["fills", "--by", "other"], ["e3", "e4"]),
        (["fills", "--limit", 2], ["e3", "e4"]),
        (["fills", "--by", "bot", "--limit", 1], ["e1"]),
        (["fills", "--since", "2026-11-21T09:00:02Z", "--until", "2026-11-21T10:00:03+01:00"], ["e2", "e3"]),
        (["fills", "--account", "second", "--symbol", "BTC/USDT:USDT"], []),
        (["orders", "--since", "2026-11-21T09:00:03Z"], ["o3"]),
        (["ledger", "--currency", "BTC"], []),
        (["transfers", "--currency", "USDT"], ["l7"]),
    ],
)
async def test_rows_are_selected(run: Run, state: Path, words: list[object], shown: list[str]) -> None:
    code, out, _ = run(*words, "--state-dir", state, "--json")

    document = json.loads(out)
    assert code == 0
    assert [row["id"] for row in document[str(words[0])]] == shown


async def test_no_row_is_said_and_not_only_left_blank(run: Run, state: Path) -> None:
    """A blank answer passes for a command that failed; on stderr, so that a pipe gets rows only."""
    code, out, err = run("fills", "--symbol", "BTCUSDT", "--state-dir", state)

    assert (code, out) == (0, "")
    assert "no rows of fills" in err


@pytest.mark.parametrize("words", [["fills"], ["orders"], ["show"]])
async def test_an_account_that_is_none_is_no_account_without_rows(
    run: Run, state: Path, words: list[str]
) -> None:
    """A misspelt name passed for an account that had done nothing."""
    code, out, err = run(*words, "--account", "bybit-mian", "--state-dir", state)
    program = run(*words, "--account", "bybit-mian", "--state-dir", state, "--json")

    assert (code, out) == (3, "")
    assert "no account named 'bybit-mian'" in err
    assert "did you mean bybit-main?" in err
    assert (program[0], json.loads(program[1])["ok"]) == (3, False)


async def test_an_account_that_did_nothing_yet_is_no_wrong_name(run: Run, state: Path) -> None:
    """It is configured; so is one that was taken out of the configuration and has rows."""
    assert run("transfers", "--account", "second", "--state-dir", state)[:2] == (0, "")
    assert run("fills", "--account", "second", "--state-dir", state)[0] == 0
    assert run("orders", "--account", "bybit-main", "--symbol", "X/USDT", "--state-dir", state)[:2] == (0, "")


async def test_json_keeps_numbers_exact(run: Run, state: Path) -> None:
    _, out, _ = run("fills", "--by", "guardian", "--state-dir", state, "--json")

    assert json.loads(out) == {
        "path": str(state / "journal.db"),
        "fills": [
            {
                "account": "bybit-main",
                "id": "e2",
                "at": "2026-11-21T09:00:02.000Z",
                "symbol": "BTC/USDT:USDT",
                "side": "sell",
                "quantity": "0.010",
                "price": "64002.5",
                "fee": "0.3520",
                "fee_currency": "USDT",
                "order_id": "o2",
                "client_id": "gdn-i1-BTC-1",
                "closed": "0.010",
                "realised": "-12.5",
                "contract_size": "1",
                "inverse": False,
                "cause": "trade",
                "by": "guardian",
            }
        ],
    }


async def test_a_csv_file_gives_the_rows_back(run: Run, state: Path) -> None:
    file = state / "fills.csv"

    code, out, _ = run("fills", "--state-dir", state, "--export", file)

    _, document, _ = run("fills", "--state-dir", state, "--json")
    with file.open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    told = json.loads(document)["fills"]
    for row in told:
        row["inverse"] = str(row["inverse"]).lower()
    assert (code, out) == (0, f"{file}: 4 fills\n")
    assert rows == [{name: value or "" for name, value in row.items()} for row in told]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", sorted(GOLDEN))
async def test_a_parquet_file_gives_the_rows_back(run: Run, state: Path, name: str) -> None:
    """Numbers, instants and flags as what they are, for whoever computes on them."""
    parquet = pytest.importorskip("pyarrow.parquet")
    file = state / "rows.parquet"

    code, out, _ = run(name, "--state-dir", state, "--export", file, "--json")

    _, document, _ = run(name, "--state-dir", state, "--json")
    told = json.loads(document)[name]
    rows = parquet.read_table(file).to_pylist()
    assert (code, json.loads(out)["rows"]) == (0, len(told))
    assert [list(row) for row in rows] == [list(row) for row in told]
    for row, shown in zip(rows, told, strict=True):
        for column, value in shown.items():
            assert row[column] == meant(row[column], value), column


def meant(found: object, shown: Any) -> object:
    """What JSON shows, in the type that was found."""
    if isinstance(found, Decimal):
        return Decimal(shown)
    if hasattr(found, "isoformat"):
        return START.fromisoformat(shown)
    return shown


async def test_a_number_that_parquet_cannot_hold_is_refused(run: Run, state: Path) -> None:
    """Rather than rounded: the CSV has it exactly. Nothing is left of the file."""
    pytest.importorskip("pyarrow.parquet")
    journal = SqliteJournal(state / "journal.db", ORIGIN)
    await write(journal, activity((fill(9, price=Decimal("1E-19")),)))
    await journal.close()
    before = set(state.iterdir())

    code, _, err = run("fills", "--state-dir", state, "--export", state / "x.parquet")
    csv_code, _, _ = run("fills", "--state-dir", state, "--export", state / "x.csv")

    assert (code, csv_code) == (1, 0)
    assert ".csv" in err
    assert set(state.iterdir()) - before == {state / "x.csv"}
    assert "0.0000000000000000001" in (state / "x.csv").read_text()


async def test_without_pyarrow_the_fix_is_named(
    run: Run, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    code, out, err = run("fills", "--state-dir", state, "--export", state / "x.parquet", "--json")

    assert (code, json.loads(out)["exit_code"]) == (1, 1)
    assert "pip install 'guardian-sidecar[parquet]'" in err
    assert not (state / "x.parquet").exists()


@pytest.mark.parametrize("file", ["x.xlsx", "x", "x.parquet.gz"])
async def test_an_unknown_ending_is_a_usage_error(run: Run, state: Path, file: str) -> None:
    code, _, err = run("fills", "--state-dir", state, "--export", state / file)

    assert (code, ".csv or .parquet" in err) == (2, True)


async def test_a_folder_that_is_not_there_is_named(run: Run, state: Path) -> None:
    code, _, err = run("fills", "--state-dir", state, "--export", state / "no" / "x.csv")

    assert (code, "there is no such folder" in err) == (1, True)


async def test_check_holds_rows_against_records(run: Run, state: Path) -> None:
    ok = run("fills", "--state-dir", state, "--check")
    with closing(sqlite3.connect(state / "journal.db")) as db:
        db.execute("UPDATE fills SET price = '1' WHERE id = 'e2'")
        db.commit()
    code, out, _ = run("fills", "--state-dir", state, "--check", "--json")
    text_code, text, _ = run("fills", "--state-dir", state, "--check")
    others = [run(name, "--state-dir", state, "--check")[0] for name in ("orders", "ledger", "transfers")]

    path = state / "journal.db"
    assert ok == (0, f"{path}: the 4 rows of fills are what records 1 to 4 told\n", "")
    assert (code, json.loads(out)["ok"], json.loads(out)["changed"]) == (3, False, 1)
    assert text_code == 3
    assert text.splitlines()[1] == "changed: bybit-main e2"
    assert others == [0, 0, 0]


async def test_a_journal_without_these_tables_says_so(run: Run, state: Path) -> None:
    """No rows would be an answer, and a false one."""
    with closing(sqlite3.connect(state / "journal.db")) as db:
        db.execute("DROP TABLE fills")
        db.commit()

    codes = [run("fills", "--state-dir", state, *more) for more in ((), ("--check",), ("--json",))]

    assert [code for code, _, _ in codes] == [1, 1, 1]
    assert all("kept no fills" in err for _, _, err in codes)


async def test_what_is_not_filled_yet_is_said(run: Run, state: Path) -> None:
    with closing(sqlite3.connect(state / "journal.db")) as db:
        db.execute("INSERT INTO meta VALUES ('history_gap', '2')")
        db.commit()

    code, out, err = run("fills", "--state-dir", state, "--json")

    assert (code, len(json.loads(out)["fills"])) == (0, 4)
    assert "rows of record 2 and later may be missing" in err


async def test_show_knows_what_an_activity_concerns(run: Run, state: Path) -> None:
    _, out, _ = run("show", "--state-dir", state, "--account", "second")

    assert out.splitlines()[0].endswith("activity  second 1 fills")


async def test_prefixes_come_from_the_checkpoint_too(run: Run, tmp_path: Path) -> None:
    """The record that configured guardian leaves the live file; the newest checkpoint never does."""
    journal = SqliteJournal(tmp_path / "journal.db", ORIGIN)
    await write(journal, Configured(START, "test", "", (policy(order_prefixes=("old-",)),), ()))
    state = configured(State(), Configured(START, "test", "", (policy(name="bybit-main"),), ()))
    await journal.checkpoint(START + timedelta(seconds=1), encode_state(state))
    await write(journal, activity((fill(1),)))
    await journal.close()

    _, out, _ = run("fills", "--state-dir", tmp_path, "--json")

    assert json.loads(out)["fills"][0]["by"] == "bot"
