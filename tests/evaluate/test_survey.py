"""Unseen folders: what cannot be played is named with its reason before any work; nothing else is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from guardian.cli.evaluate import evaluate
from guardian.errors import ConfigError
from guardian.evaluate.survey import LeftOut, Survey, survey
from guardian.evaluate.symbols import base_of
from tests.evaluate.made import BAR_MS, START_MS, random_walk

BTC, ETH, SOL = "BTC/USDT", "ETH/USDT", "SOL/USDT"
BARS = 400
ALL = ("btc_2x", "basket_1.5x", "btc_momentum_2x")


def window(
    folder: Path,
    name: str = "a.csv",
    symbols: Sequence[str] = (BTC, ETH),
    lacking: Sequence[int] = (),
    bar_ms: int = BAR_MS,
) -> Path:
    """A file of these symbols; the first one has no candle in the bars `lacking`."""
    rows = ["ts,symbol,open,high,low,close,volume"]
    for number, symbol in enumerate(symbols):
        walk = random_walk(number + 1, BARS, 0.006)
        walk[300:] *= 0.9
        for i, price in enumerate(walk):
            if number or i not in lacking:
                ends = f"{price * 1.001},{price * 0.999}"
                rows.append(f"{START_MS + i * bar_ms},{symbol},{price},{ends},{price},1.0")
    (folder / name).write_text("\n".join(rows) + "\n")
    return folder / name


def played(found: Survey, file: str = "a.csv") -> tuple[str, ...]:
    return tuple(account for name, account, _, _ in found.windows if name == file)


def run(folder: Path, *more: str) -> Result:
    args = ["--data", str(folder), "--designs", "fixed_4h,none", "--scales", "1", "--jobs", "1", *more]
    return CliRunner().invoke(evaluate, args)


def test_a_whole_file_has_every_account_and_nothing_to_say(tmp_path: Path) -> None:
    window(tmp_path)
    found = survey(tmp_path)
    assert played(found) == ALL
    assert (found.left_out, found.findings) == ((), ())


@pytest.mark.parametrize(
    "name", ["BTCUSDT", "BTC-USDT", "BTC_USDT", "XBT/USDT", "XBTUSD", "btcusdt", "BTC/USDT:USDT", "BTC-PERP"]
)
def test_btc_is_known_by_its_other_names(name: str, tmp_path: Path) -> None:
    window(tmp_path, symbols=(name, ETH))
    assert played(survey(tmp_path)) == ALL


@pytest.mark.parametrize(
    ("symbol", "base"),
    [
        ("ETHBTC", "ETH"),
        ("WBTC/USDT", "WBTC"),
        ("BTCDOMUSDT", "BTCDOM"),
        ("BTCST-USDT", "BTCST"),
        ("USDCUSDT", "USDC"),
        ("USDT", "USDT"),
        ("SOLUSDT:USDT", "SOL"),
        ("1000PEPE/USDT:USDT", "1000PEPE"),
        ("BTC", "BTC"),
    ],
)
def test_another_asset_is_not_taken_for_btc(symbol: str, base: str) -> None:
    assert base_of(symbol) == base


def test_a_first_bar_that_is_a_little_late_costs_the_bars_before_it_and_no_account(tmp_path: Path) -> None:
    window(tmp_path, lacking=range(3))
    found = survey(tmp_path)
    assert played(found) == ALL
    assert {bars for _, _, bars, _ in found.windows} == {BARS - 3}


def test_a_symbol_with_too_many_holes_is_left_out_and_said(tmp_path: Path) -> None:
    window(tmp_path, symbols=(BTC, ETH, SOL), lacking=range(20, 32))
    found = survey(tmp_path)
    assert played(found) == ("basket_1.5x",)
    assert [(each.kind, each.name) for each in found.left_out] == [
        ("symbol", BTC),
        ("account", "btc_2x"),
        ("account", "btc_momentum_2x"),
    ]
    assert found.left_out[0].why == "lacks 12 of 400 bars; one of a hundred may be missing"
    assert [f.message for f in found.findings] == [
        f"{BTC}: 1 gaps, the longest 3900 s from 2021-01-01T01:35:00 UTC"
    ]


def test_a_file_without_an_account_beside_others_is_left_out_and_said(tmp_path: Path) -> None:
    """One file a symbol, as some download them: each file is a window of its own."""
    window(tmp_path, "btc.csv", (BTC,))
    window(tmp_path, "eth.csv", (ETH,))
    found = survey(tmp_path)
    assert [file.name for file in found.files] == ["btc.csv"]
    assert found.left_out == (
        LeftOut("btc.csv", "account", "basket_1.5x", "one symbol only"),
        LeftOut("eth.csv", "file", "eth.csv", found.left_out[1].why),
    )
    assert "ETH/USDT is neither BTC nor two symbols" in found.left_out[1].why
    assert "into one file" in found.left_out[1].why


def test_where_no_file_makes_an_account_it_is_refused_before_any_work(tmp_path: Path) -> None:
    window(tmp_path, "eth.csv", (ETH,))
    with pytest.raises(ConfigError, match="no file has BTC, or two symbols"):
        survey(tmp_path)


def test_files_that_cannot_be_played_are_left_out_and_the_rest_is_played(tmp_path: Path) -> None:
    """One file of hourly bars, or a broken download, refused a folder of years."""
    folder, out = tmp_path / "candles", tmp_path / "out"
    folder.mkdir()
    window(folder, "a.csv")
    window(folder, "b15.csv", bar_ms=900_000)
    (folder / "c.parquet").write_bytes(b"half a downl")
    (folder / "d.csv").write_text("ts,symbol\n1,BTC/USDT\n")
    (folder / "BTC_USDT-5m.json").write_text("[]")

    found = run(folder, "--json", "--out", str(out))

    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    why = {each["name"]: each["why"] for each in document["left_out"]}
    assert {each["file"] for each in document["windows"]} == {"a.csv"}
    assert {each["kind"] for each in document["left_out"]} == {"file"}
    assert why.keys() == {"b15.csv", "c.parquet", "d.csv", "BTC_USDT-5m.json"}
    assert why["b15.csv"] == "bars of 900 s do not make up bars of 5 minutes; give 1 m or 5 m candles"
    assert why["c.parquet"].startswith("not a .parquet file of candles")
    assert why["d.csv"].startswith("column open is missing")
    assert why["BTC_USDT-5m.json"] == "holds no candles"
    page = (out / "report.md").read_text()
    first = page[: page.index("**Read this first.**")]
    for name in why:
        assert name in found.stderr
        assert name in first
    assert "| b15.csv | file b15.csv | bars of 900 s" in page


def test_many_files_left_out_are_counted_on_the_first_page(tmp_path: Path) -> None:
    folder, out = tmp_path / "candles", tmp_path / "out"
    folder.mkdir()
    window(folder)
    for number in range(8):
        (folder / f"c{number}.parquet").write_bytes(b"")

    assert run(folder, "--out", str(out)).exit_code == 0
    page = (out / "report.md").read_text()

    assert "Files that were not played at all: 8**: c0.parquet, c1.parquet" in page
    assert "c4.parquet and 3 more" in page


def test_files_of_other_bars_are_all_named_where_nothing_remains(tmp_path: Path) -> None:
    window(tmp_path, "b15.csv", bar_ms=900_000)
    window(tmp_path, "c3.csv", bar_ms=180_000)
    (tmp_path / "d.parquet").write_bytes(b"half a downl")

    found = run(tmp_path)

    assert isinstance(found.exception, ConfigError)
    for words in ("b15.csv", "900 s", "c3.csv", "180 s", "1 m or 5 m", "d.parquet: not a .parquet"):
        assert words in str(found.exception)
    assert not (tmp_path / "out").exists()


def test_a_stray_file_is_passed_over_and_named_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "candles"
    folder.mkdir()
    window(folder)
    (folder / "manifest.json").write_text("[]")
    (folder / "._a.parquet").write_bytes(b"\0\1")
    found = run(folder, "--json")
    assert found.exit_code == 0, found.output
    assert {(each["kind"], each["name"]) for each in json.loads(found.stdout)["left_out"]} == {
        ("file", "manifest.json"),
        ("file", "._a.parquet"),
    }
    assert "manifest.json" in found.stderr
    assert "._a.parquet" in found.stderr


def test_what_is_left_out_stands_in_the_report_and_the_document(tmp_path: Path) -> None:
    folder, out = tmp_path / "candles", tmp_path / "out"
    folder.mkdir()
    window(folder, symbols=(BTC, ETH, SOL), lacking=range(20, 32))
    found = run(folder, "--out", str(out))
    assert found.exit_code == 0, found.output
    page = (out / "report.md").read_text()
    assert "Left out of the candles: 3" in page[: page.index("## ")]
    assert "| a.csv | symbol BTC/USDT | lacks 12 of 400 bars" in page
    assert "12 of 400" in found.stderr
    document = json.loads(run(folder, "--json").stdout)
    assert document["left_out"][0] == {
        "file": "a.csv",
        "kind": "symbol",
        "name": BTC,
        "why": "lacks 12 of 400 bars; one of a hundred may be missing",
    }
    assert "1 gaps" in document["findings"][0]["message"]


def test_many_lines_are_counted_on_the_terminal_and_whole_in_the_document(tmp_path: Path) -> None:
    window(tmp_path)
    for number in range(40):
        (tmp_path / f"note-{number}.json").write_text("[]")
    found = run(tmp_path, "--json")
    assert len(json.loads(found.stdout)["left_out"]) == 40
    assert len(found.stderr.splitlines()) < 25
    assert "20 more" in found.stderr


@pytest.mark.market_data
def test_nothing_of_the_recorded_crashes_is_left_out(market_data: Path) -> None:
    found = survey(market_data / "dev")
    assert (found.left_out, found.findings) == ((), ())
    assert len(found.files) == 11
    assert sum(events for _, _, _, events in found.windows) == 133
    assert np.all([bars > 500 for _, _, bars, _ in found.windows])
