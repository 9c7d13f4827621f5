"""From candles to a verdict: `replay --write`, a rule that reads the list, and the core that judges by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guardian.cli.terminal import root
from guardian.core.model import Level
from guardian.replay.eligible import Stay, names
from tests.candles.build import parquet

CALM, FALL = [100.0] * 140, [100.0] * 100 + [60.0] * 40
PACK = """
- id: fall
  title: Lost five percent
  why: The example's stop.
  metric: drawdown
  window: hwm
  ladder:
    - {over: 0.05, level: flatten}
"""
STRANGERS = """
- id: strangers
  title: A symbol that the bot may not trade
  why: Only what stayed inside the pack is traded.
  metric: foreign_activity
  of: file:allow.yaml
  window: 1h
  ladder:
    - {over: 1, level: halt}
  mode: armed
"""

CASES = """
# The swap of an asset that stayed inside on spot is allowed; one that fell is foreign.
only strangers
-2h activity
-5 activity
-5..2 read BTC=1@1000
3..4 read BTC=1@1000 ETH=1@100
----
   -5.0  strangers clear at 0
    3.0  strangers breached at 1
    3.0  NORMAL -> HALT (strangers)
    3.0  permit reduce_only 0
    3.0  keys fetched and held
    3.0  ask bot to stop
    3.0  page HALT: main
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Candles of two assets, of which one fell, and a pack that says how far they may."""
    monkeypatch.chdir(tmp_path)
    for name, closes in (("BTC", CALM), ("ETH", FALL)):
        (tmp_path / "candles").mkdir(exist_ok=True)
        parquet(tmp_path / "candles", closes, f"{name}.parquet", seconds=3600, symbol=f"{name}/USDT")
    for folder, text in (("limits", PACK), ("strangers", STRANGERS)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rules.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def guardian(*words: str) -> Result:
    return CliRunner().invoke(root, words, prog_name="guardian")


def written(*more: str) -> Result:
    words = ("candles", "--rules", "limits", "--per-asset", "--windows", "1d,5d")
    return guardian("replay", *words, "--write", "strangers/allow.yaml", *more)


def test_what_stayed_inside_is_allowed_and_all_else_is_foreign(desk: Path) -> None:
    found = json.loads(written("--json").stdout)
    checked = guardian("check", "--rules", "strangers", "--json")
    (desk / "cases.txt").write_text(CASES, encoding="utf-8")
    played = guardian("rules", "test", "cases.txt", "--rules", "strangers")

    assert (["BTC/USDT"], ["BTC"]) == (found["allowed"], found["symbols"])
    assert json.loads(checked.stdout)["ok"], checked.output
    assert played.exit_code == 0, played.output
    assert "cases: 1; not as written: 0" in played.output


def test_people_read_where_the_list_is_and_how_a_rule_reads_it(desk: Path) -> None:
    said = written().stdout

    assert "written: strangers/allow.yaml: BTC; a rule of foreign_activity reads it" in said
    assert "of: file:allow.yaml" in said


def test_where_nothing_stayed_inside_the_list_is_refused(desk: Path) -> None:
    """Without a name the rule would allow everything."""
    (desk / "candles" / "BTC.parquet").unlink()

    assert "no asset" in written().stdout
    checked = guardian("check", "--rules", "strangers", "--json")

    assert not json.loads(checked.stdout)["ok"]
    assert "allows no symbol" in checked.stdout


@pytest.mark.parametrize(
    ("worst", "told"),
    [
        ({"BTC/USDT": "NORMAL", "BTC/USDT:USDT": "CAUTION", "ETH/USDT": "HALT"}, ("BTC",)),
        ({"BTC/USDT": "NORMAL", "BTC/USDT:USDT": "HALT", "ETH/USDT": "NORMAL"}, ("BTC/USDT", "ETH")),
        ({"BTCUSDT": "NORMAL"}, ("BTC",)),
        ({"BTC/USDT": None}, ()),
        ({"ADA_USDT": "NORMAL", "XRP-USDT": "NORMAL", "eth/usdt": "NORMAL"}, ("ADA", "ETH", "XRP")),
        ({"SOL-BUSD": "NORMAL", "ltcusdt": "NORMAL", "BTC-USDT-SWAP": "NORMAL"}, ("BTC", "LTC", "SOL")),
        # Venues mix small letters in: kPEPE is a thousand PEPE.
        ({"kPEPE/USDC:USDC": "NORMAL"}, ("kPEPE",)),
        ({"eth/usdt": "NORMAL", "ETH/USDT:USDT": "HALT"}, ("ETH/USDT",)),
        # Two spellings of one symbol, of which one fell: neither is allowed.
        ({"eth/usdt": "NORMAL", "ETH/USDT": "HALT"}, ()),
    ],
)
def test_an_asset_is_named_where_all_of_it_stayed_inside(
    worst: dict[str, str | None], told: tuple[str, ...]
) -> None:
    """An account holds swaps where the candles are of spot: a symbol would call them foreign."""
    found = [Stay(asset, "1m", None if level is None else Level[level]) for asset, level in worst.items()]

    assert names(found, Level.CAUTION) == told


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        # ARBUSD would be written as AR, which is another coin.
        ("ARBUSD", "ARBUSD may be AR/BUSD or ARB/USD"),
        ("LTCFDUSD", "LTCFDUSD may be LTC/FDUSD or LTCFD/USD"),
        ("_/USDT", "_/USDT: '_' is no symbol"),
    ],
)
def test_what_a_list_cannot_name_is_told_before_it_is_played(
    symbol: str, said: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(desk / "candles", CALM, "odd.parquet", seconds=3600, symbol=symbol)
    monkeypatch.setattr("guardian.replay.eligible.drive", lambda *_: pytest.fail("was played"))

    refused = written()

    assert refused.exit_code != 0
    assert said in str(refused.exception)
    assert "BTC/USDT" in str(refused.exception)
    assert not (desk / "strangers" / "allow.yaml").exists()


@pytest.mark.parametrize("file", ["none/allow.yaml", "strangers", "strangers/rules.yaml/allow.yaml"])
def test_a_list_that_cannot_be_written_is_told_before_the_candles_are_read(file: str, desk: Path) -> None:
    """It was told when everything had been played, minutes later."""
    refused = guardian("replay", "nothing", "--rules", "limits", "--per-asset", "--write", file)

    assert refused.exit_code == 2, refused.output
    assert "--write" in refused.stderr
    assert f"{file}: cannot be written" in refused.stderr


def test_the_list_of_before_is_kept_until_the_new_one_is_known(desk: Path) -> None:
    """A run that fails must not leave an empty list behind, nor a new one that holds nothing."""
    (desk / "old.yaml").write_text("symbols: [BTC]\n", encoding="utf-8")

    for file in ("old.yaml", "new.yaml"):
        guardian("replay", "nothing", "--rules", "limits", "--per-asset", "--write", file)

    assert (desk / "old.yaml").read_text(encoding="utf-8") == "symbols: [BTC]\n"
    assert not (desk / "new.yaml").exists()
