"""`guardian replay` as people and scripts meet it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from guardian.cli import main
from guardian.cli.terminal import root
from tests.candles.build import parquet

FALL = [100.0] * 3 + [94.0, 93.0, 92.0, 91.0]
PACK = """
- id: fall
  title: Lost five percent
  why: The example's stop.
  metric: drawdown
  window: hwm
  scope: account
  ladder:
    - {over: 0.05, level: flatten}
  mode: observe
- id: age
  title: Too old
  why: The example's age.
  metric: position_age
  scope: account
  ladder:
    - {over: 60s, level: halt}
  mode: armed
"""


ASSETS = ("none.parquet", "--rules", "pack", "--per-asset", "--windows")
NOTHING = ("none.parquet", "--rules", "pack", "--account", "account.yaml")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with candles, a pack and an account."""
    monkeypatch.chdir(tmp_path)
    parquet(tmp_path, FALL)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "rules.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "account.yaml").write_text("start_equity: 10000\nhold: {BTC/USDT: 1.0}\n", encoding="utf-8")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(root, ["replay", *words], prog_name="guardian")


def told(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_document_is_what_the_contract_says(desk: Path) -> None:
    found = told("made.parquet", "--rules", "pack", "--account", "account.yaml")

    assert (found["bars"], found["from"], found["to"]) == (
        7,
        "2020-09-13T12:27:00.000Z",
        "2020-09-13T12:34:00.000Z",
    )
    (change,) = found["transitions"]
    assert change == {
        "at": "2020-09-13T12:31:00.000Z",
        "account": "account",
        "from": "NORMAL",
        "level": "FLATTEN",
        "rule": "fall",
        "value": pytest.approx(0.06),
        "limit": 0.05,
        "to": None,
    }
    assert found["time_in_level_s"] == {
        **dict.fromkeys(("CAUTION", "HALT", "REDUCE", "LOCKOUT"), 0.0),
        "NORMAL": 180.0,
        "FLATTEN": 180.0,
    }
    assert (found["loss_avoided"], found["false_halts"]) == (None, 1)
    assert found["exposure_given_up"] == pytest.approx(2 / 7)
    assert found["equity"]["protected"] == pytest.approx(9295.35)
    assert Path(found["picture"]) == (desk / "replay.png").resolve()
    assert (desk / "replay.png").stat().st_size > 10_000
    assert "60 s after the close" in found["acts"]
    assert [each["rule"] for each in found["left_out"]] == ["age"]
    assert "fall" in found["rules"]


def test_people_read_what_happened_and_what_was_not_played(desk: Path) -> None:
    result = run("made.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "none")

    assert result.exit_code == 0
    assert "NORMAL -> FLATTEN" in result.stdout
    assert "fall: 0.06 is past 0.05" in result.stdout
    assert "not played: age" in result.stdout
    assert not (desk / "replay.png").exists()


def test_people_read_in_which_file_and_row_a_bar_is_wrong(desk: Path) -> None:
    parquet(desk, [100.0, 101.0, -5.0, -6.0, 102.0], "odd.parquet")

    said = run("odd.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "none").stdout

    assert "candles: odd.parquet, row 3: BTC/USDT: 3 bars with a price that is not above zero" in said


def test_wrong_bars_are_told_where_assets_are_chosen_too(desk: Path) -> None:
    parquet(desk, [100.0, 101.0, -5.0, -6.0, 102.0], "odd.parquet")

    people = run("odd.parquet", "--rules", "pack", "--per-asset", "--windows", "1d").stdout
    found = told("odd.parquet", "--rules", "pack", "--per-asset", "--windows", "1d")

    assert "candles: odd.parquet, row 3: BTC/USDT: 3 bars with a price that is not above zero" in people
    assert [each["line"] for each in found["findings"]] == [3]


def test_the_help_says_that_a_picture_makes_its_folder(desk: Path) -> None:
    run("made.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "new/deep/p.svg")

    assert (desk / "new" / "deep" / "p.svg").is_file()
    assert "its folder is made" in " ".join(run("--help").stdout.split())


def test_a_window_that_holds_one_close_is_left_out_and_named(desk: Path) -> None:
    """A third is lost in one bar of an hour. The hour's rule saw nothing, and the asset was eligible."""
    parquet(desk, [100.0] * 30 + [67.0] * 30, "hours.parquet", seconds=3600)
    (desk / "pack" / "rules.yaml").write_text(PACK.replace("window: hwm", "window: 1h"), encoding="utf-8")

    alone = told("hours.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "none")
    assets = told("hours.parquet", "--rules", "pack", "--per-asset", "--windows", "1d")
    (desk / "pack" / "rules.yaml").write_text(PACK.replace("window: hwm", "window: 2h"), encoding="utf-8")
    longer = told("hours.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "none")

    for found in (alone, assets):
        why = {each["rule"]: each["why"] for each in found["left_out"]}
        assert "holds one close of bars of 3600 s" in why["fall"]
    assert [change["rule"] for change in longer["transitions"]] == ["fall"]


def test_a_speed_is_told_by_bars_as_long_as_its_window(desk: Path) -> None:
    """It looks at the window's two ends, and both are closes: left out, a halt would be missing."""
    parquet(desk, [100.0] * 30 + [97.0] * 30, "minutes.parquet", seconds=300)
    pack = PACK.replace("window: hwm", "window: 5m").replace("drawdown", "loss_velocity")
    pack = pack.replace("over: 0.05, level: flatten", "over: 0.002, level: halt")
    (desk / "pack" / "rules.yaml").write_text(pack, encoding="utf-8")

    found = told("minutes.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "none")

    assert "fall" not in [each["rule"] for each in found["left_out"]]
    assert "fall" in [change["rule"] for change in found["transitions"]]


@pytest.mark.parametrize("pack", ["managed-mandate", "market-maker"])
def test_rules_about_several_accounts_are_left_out_and_named(pack: str, desk: Path) -> None:
    """They ended in a traceback, and in silence where assets are chosen."""
    alone = told("made.parquet", "--rules", pack, "--account", "account.yaml", "--picture", "none")
    people = run("made.parquet", "--rules", pack, "--per-asset", "--windows", "1d").stdout

    several = [each["rule"] for each in alone["left_out"] if "several accounts" in each["why"]]
    assert several
    assert all(f"not played: {rule}: " in people for rule in several)


def test_as_written_a_rule_that_observes_does_nothing(desk: Path) -> None:
    found = told(
        "made.parquet", "--rules", "pack", "--account", "account.yaml", "--picture", "none", "--as-written"
    )

    assert found["transitions"] == []
    assert found["picture"] is None


def test_eligible_assets_are_printed_and_written(desk: Path) -> None:
    parquet(desk, [100.0] * 100 + [94.0] * 40, "hours.parquet", seconds=3600)

    found = told(
        "hours.parquet", "--rules", "pack", "--per-asset", "--windows", "1d,5d", "--write", "allow.yaml"
    )

    assert [(each["window"], each["worst"]) for each in found["assets"]] == [
        ("1d", "NORMAL"),
        ("5d", "FLATTEN"),
    ]
    assert found["allowed"] == []
    assert (desk / "allow.yaml").read_text(encoding="utf-8").endswith("symbols: []\n")
    assert "FLATTEN !" in run("hours.parquet", "--rules", "pack", "--per-asset", "--windows", "5d").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["made.parquet", "--rules", "pack"], 2, "candles need --account"),
        (["made.parquet", "--account", "account.yaml"], 2, "Missing option '--rules'"),
        (["made.parquet", "--rules", "pack", "--write", "x"], 2, "--write needs --per-asset"),
        (["made.parquet", "--rules", "pack", "--windows", "1m"], 2, "--windows needs --per-asset"),
        (["made.parquet", "--rules", "pack", "--most", "halt"], 2, "--most needs --per-asset"),
        ([*ASSETS, "1d", "--picture", "x.png"], 2, "--picture draws one account: leave it out"),
        # Before anything is read: a year is not played for a picture that cannot be drawn.
        ([*NOTHING, "--picture", "x.jpg"], 2, "end in .png"),
        ([*NOTHING, "--picture", "pack/rules.yaml/x.png"], 1, "cannot be written"),
        ([*NOTHING], 3, "does not exist"),
        (["made.parquet", "--rules", "nopack", "--account", "account.yaml"], 3, "no rule pack"),
        (["made.parquet", "--rules", "pack", "--account", "none.yaml"], 3, "cannot be read"),
        # A folder of candles is not read for a window that is none.
        ([*ASSETS, "1x"], 2, "'--windows': 1x: write days, weeks, months or years, such as 10d, 2w"),
        ([*ASSETS, "1d,"], 2, "write days, weeks"),
        ([*ASSETS, "200y"], 2, "longer than any candles"),
        ([*ASSETS, "1d,2w, 1d"], 2, "1d is given more than once; write each window once"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_a_code(
    words: list[str], code: int, said: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["replay", *words])

    assert ended.value.code == code
    assert said in capsys.readouterr().err
