"""What is asked of the history and is not there is said: silence about a misspelt name reads as calm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guardian.cli import main
from guardian.core.events import Configured
from guardian.journal import SqliteJournal
from tests.adapters.journal.history.deeds import ORIGIN, START, activity, booked, entry, fill, write
from tests.core.build import policy

Run = Callable[..., tuple[int, str, str]]
NO_FILL = "no row of fills has the symbol"
HERE = "BTC/USDT:USDT, ETH/USDT:USDT"


@pytest.fixture
async def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    journal = SqliteJournal(tmp_path / "journal.db", ORIGIN)
    eth = fill(2, symbol="ETH/USDT:USDT")
    await write(journal, Configured(START, "test", "", (policy(name="main"),), ()))
    await write(journal, activity((fill(1), eth), account="main"), booked(entry(3)))

    def running(*argv: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in ("journal", *argv, "--state-dir", tmp_path)])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    yield running
    await journal.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fills", "--symbol", "BTC/USDT"], f"{NO_FILL} 'BTC/USDT'; did you mean BTC/USDT:USDT?"),
        (["fills", "--symbol", "nope"], f"{NO_FILL} 'nope'; there are {HERE}"),
        (["ledger", "--currency", "usdt"], "no row of ledger has the currency 'usdt'; did you mean USDT?"),
        (["transfers", "--currency", "usdt"], "no row of ledger has the currency 'usdt'; did you mean USDT?"),
    ],
)
@pytest.mark.parametrize("how", [[], ["--json"], ["--export", "rows.csv"]], ids=str)
async def test_a_name_that_no_row_has_is_told_with_the_nearest(
    run: Run, words: list[str], said: str, how: list[str]
) -> None:
    """Not refused: a symbol that nobody has traded yet has no rows either."""
    code, out, err = run(*words, *how)

    assert code == 0
    assert f"guardian: {said}\n" in err
    if how == ["--json"]:
        assert json.loads(out)[words[0]] == []


@pytest.mark.parametrize(
    "words",
    [
        ["fills", "--symbol", "ETH/USDT:USDT", "--since", "2030-01-01"],
        ["fills", "--by", "guardian"],
        ["orders", "--symbol", "BTC/USDT"],
    ],
)
async def test_a_name_that_rows_have_is_not_called_wrong(run: Run, words: list[str]) -> None:
    """Nor is any where the table has no row at all."""
    code, _, err = run(*words)

    assert (code, err) == (0, f"guardian: no rows of {words[0]} match\n")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--export", "rows.csv"), ("--account", "nope"), ("--since", "2h"), ("--limit", "1"), ("--by", "bot")],
)
async def test_what_a_check_would_pass_over_is_refused(run: Run, option: str, value: str) -> None:
    """It compared every row, wrote no file, and said that all is well."""
    code, out, err = run("fills", "--check", option, value)

    assert (code, out) == (2, "")
    assert f"--check compares all rows: leave {option} out" in err
    assert run("fills", "--check")[0] == 0
