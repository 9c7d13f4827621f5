"""Candles from every layout, and every way in which a file can be wrong: a sentence with the fix."""

from __future__ import annotations

import builtins
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import feather
from pyarrow import parquet as pq

from guardian.errors import ConfigError, GuardianError
from guardian.replay.candles import Candles, aligned, load_candles
from tests.candles.build import BTC, START_MS, parquet, series

HEADER = "ts,symbol,open,high,low,close,volume\n"
TWO_BARS = [[START_MS, 1, 3, 1, 2, 9], [START_MS + 60_000, 2, 4, 1.5, 3, 8]]
MINUTES = [START_MS, START_MS + 60_000]


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def csv_row(at: int | str, *numbers: object, symbol: str = BTC) -> str:
    return f"{at},{symbol},{','.join(map(str, numbers))}\n"


def columns(bars: list[list[float]]) -> dict[str, Any]:
    names = ("open", "high", "low", "close", "volume")
    return dict(zip(names, np.array(bars, dtype=float)[:, 1:].T, strict=True))


def as_csv(folder: Path) -> Path:
    return write(folder, "any.csv", HEADER + "".join(csv_row(*bar) for bar in TWO_BARS))


def as_parquet(folder: Path) -> Path:
    from pyarrow import parquet as writer

    table = pyarrow.table({"ts": MINUTES, "symbol": [BTC] * 2, **columns(TWO_BARS)})
    writer.write_table(table, folder / "any.parquet")
    return folder / "any.parquet"


def as_feather(folder: Path) -> Path:
    dates = pyarrow.array([datetime.fromtimestamp(ms / 1000, UTC) for ms in MINUTES])
    feather.write_feather(pyarrow.table({"date": dates, **columns(TWO_BARS)}), folder / "BTC_USDT-1m.feather")
    return folder / "BTC_USDT-1m.feather"


def as_json(folder: Path) -> Path:
    return write(folder, "BTC_USDT-1m.json", json.dumps(TWO_BARS))


def as_zipped_json(folder: Path) -> Path:
    (folder / "BTC_USDT-1m.json.gz").write_bytes(gzip.compress(json.dumps(TWO_BARS).encode()))
    return folder / "BTC_USDT-1m.json.gz"


@pytest.mark.parametrize("make", [as_csv, as_parquet, as_feather, as_json, as_zipped_json])
def test_every_layout_gives_the_same_candles(make: Any, tmp_path: Path) -> None:
    found = load_candles(make(tmp_path))

    assert found.symbols == (BTC,)
    assert found.ts.tolist() == MINUTES
    assert [a.tolist() for a in (found.open, found.high, found.low, found.close, found.volume)] == [
        [[1.0], [2.0]],
        [[3.0], [4.0]],
        [[1.0], [1.5]],
        [[2.0], [3.0]],
        [[9.0], [8.0]],
    ]
    assert (found.seconds, found.findings) == (60, ())


@pytest.mark.parametrize(
    "dates",
    [
        ("2020-09-13T12:27:00Z", "2020-09-13T12:28:00Z"),
        ("2020-09-13 12:27:00", "2020-09-13 12:28:00"),
        ("2020-09-13 14:27:00+02:00", "2020-09-13 14:28:00+02:00"),
    ],
)
def test_dates_are_utc_unless_they_say_another_zone(dates: tuple[str, str], tmp_path: Path) -> None:
    rows = "".join(csv_row(date, 1, 2, 1, 2, 0) for date in dates)

    found = load_candles(write(tmp_path, "a.csv", HEADER.replace("ts", "date") + rows))

    assert found.ts.tolist() == MINUTES


def test_a_futures_file_of_freqtrade_names_a_perpetual(tmp_path: Path) -> None:
    path = write(tmp_path, "BTC_USDT_USDT-1h-futures.json", json.dumps([[START_MS, 1, 1, 1, 1, 0]]))

    found = load_candles(path)

    assert found.symbols == ("BTC/USDT:USDT",)
    assert found.seconds == 3600


def test_symbols_stand_beside_each_other_and_a_missing_bar_is_no_number(tmp_path: Path) -> None:
    rows = csv_row(MINUTES[0], 1, 1, 1, 1, 0) + csv_row(MINUTES[1], 2, 2, 2, 2, 0)
    rows += csv_row(MINUTES[1], 5, 5, 5, 5, 0, symbol="ETH/USDT")

    found = load_candles(write(tmp_path, "a.csv", HEADER + rows))

    assert found.symbols == ("BTC/USDT", "ETH/USDT")
    np.testing.assert_array_equal(found.close, [[1.0, np.nan], [2.0, 5.0]])
    assert found.only(("ETH/USDT",)).ts.tolist() == MINUTES[1:]


def test_a_name_that_no_row_has_is_no_symbol(tmp_path: Path) -> None:
    """A categorical column keeps the names of rows that are gone: they stood in the table of assets."""
    dictionary = pyarrow.DictionaryArray.from_arrays(pyarrow.array([1, 1]), pyarrow.array(["ETH/USDT", BTC]))
    table = pyarrow.table({"ts": MINUTES, "symbol": dictionary, **columns(TWO_BARS)})
    pq.write_table(table, tmp_path / "a.parquet")

    assert (BTC,) == load_candles(tmp_path / "a.parquet").symbols


def test_a_folder_is_read_whole_and_what_is_no_candle_is_left(tmp_path: Path) -> None:
    for name in ("BTC_USDT-1m.json", "ETH_USDT-1m.json", "BTC_USDT-1m-mark.json"):
        write(tmp_path, name, json.dumps(TWO_BARS))
    write(tmp_path, "notes.txt", "hello")

    found = load_candles(tmp_path)

    assert found.symbols == ("BTC/USDT", "ETH/USDT")
    assert found.findings == ()


def test_strays_of_a_folder_are_passed_over_and_said(tmp_path: Path) -> None:
    write(tmp_path, "BTC_USDT-1m.json", json.dumps(TWO_BARS))
    write(tmp_path, "manifest.json", "[]")
    write(tmp_path, "._BTC_USDT-1m.json", "no candles")

    found = load_candles(tmp_path)

    assert found.symbols == ("BTC/USDT",)
    assert [finding.message for finding in found.findings] == [
        "._BTC_USDT-1m.json is passed over: its name begins with a dot",
        "manifest.json is passed over: JSON without a pair in its name",
    ]
    assert all(finding.fix for finding in found.findings)


def test_a_folder_of_strays_only_holds_no_candles(tmp_path: Path) -> None:
    write(tmp_path, "manifest.json", "[]")

    with pytest.raises(ConfigError, match=r"holds no candles.*manifest\.json is passed over"):
        load_candles(tmp_path)


def test_nobody_can_change_loaded_candles(tmp_path: Path) -> None:
    found = load_candles(as_csv(tmp_path))

    for array in (found.ts, found.close, found.only((BTC,)).open):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7


WRONG_FILES = [
    ("a.txt", "hello", "not a file of candles"),
    ("a.csv", "", "not a .csv file of candles"),
    ("a.parquet", "hello", "not a .parquet file of candles"),
    ("a.feather", "hello", "not a .feather file of candles"),
    ("a.csv", "ts,symbol,open,high,low,close\n", "column volume is missing"),
    ("a.csv", "symbol,open,high,low,close,volume\n", "column ts is missing"),
    ("a.csv", "ts,symbol,open,high,low,Close,volume\n", "column close is missing; did you mean Close?"),
    ("a.csv", "ts,symbol,OPEN,high,low,close,volume\n", "column open is missing; did you mean OPEN?"),
    ("a.csv", "ts,symbol,open,high,low,close,volumes\n", "column volume is missing; did you mean volumes?"),
    ("a.csv", "TS,symbol,open,high,low,close,volume\n", "column ts is missing; did you mean TS?"),
    ("a.csv", "timestmp,symbol,open,high,low,close,volume\n", "column ts is missing; did you mean timestmp?"),
    ("a.csv", HEADER.replace(",", ";"), "columns are separated by `;`"),
    ("a.csv", HEADER.replace(",", "\t"), "columns are separated by a tab"),
    ("a.csv", HEADER, "holds no candles"),
    ("a.csv", HEADER + csv_row(MINUTES[0], 1, 2), "Row #2"),
    ("a.csv", HEADER + csv_row(MINUTES[0], 1, 2, 1, "x", 0), "row 1, column close: 'x' is not a number"),
    ("a.csv", HEADER + csv_row("soon", 1, 2, 1, 2, 0), "column ts: not an instant"),
    ("a.csv", HEADER + csv_row(MINUTES[0] // 1000, 1, 2, 1, 2, 0), "milliseconds are needed"),
    ("a.csv", HEADER + csv_row(MINUTES[0], 1, 2, 1, 2, 0, symbol=""), "row 1, column symbol: is empty"),
    ("a.csv", HEADER + csv_row(MINUTES[0], 1, 2, 1, 2, 0), "the length of a bar cannot be told"),
    ("a.json", "[]", "the file's name carries no pair"),
    ("BTC_USDT-1m.json", "[]", "holds no candles"),
    ("BTC_USDT-1m.json", "[[", "not JSON"),
    ("BTC_USDT-1m.json", "[" * 100_000, "not JSON"),
    ("BTC_USDT-1m.json", "{}", "a list of"),
    ("BTC_USDT-1m.json", "[[1600000000000, 1, 2, 1, 2]]", "row 1"),
    ("BTC_USDT-1m.json", '[[1600000000000, 1, 2, "1", 2, 0]]', "row 1"),
    ("BTC_USDT-1m.json", "[[1e999, 1, 2, 1, 2, 0]]", "row 1"),
    ("BTC_USDT-1m.json.gz", "not zipped", "not JSON"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG_FILES, ids=range(len(WRONG_FILES)))
def test_a_wrong_file_is_refused_with_its_name_and_place(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path, name, text)

    with pytest.raises(ConfigError) as refused:
        load_candles(path)

    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_candles(tmp_path / "none.csv")
    with pytest.raises(ConfigError, match="holds no candles"):
        load_candles(tmp_path)


def test_bars_of_two_lengths_are_refused(tmp_path: Path) -> None:
    parquet(tmp_path, [1.0, 2.0], "a.parquet")
    parquet(tmp_path, [1.0, 2.0], "b.parquet", seconds=300)

    with pytest.raises(ConfigError, match=r"b\.parquet: bars of 300 s .* beside bars of 60 s"):
        load_candles(tmp_path)


def test_without_pyarrow_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = as_csv(tmp_path), builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(GuardianError, match=r"pip install 'guardian-sidecar\[parquet\]'"):
        load_candles(path)


def from_rows(folder: Path, *rows: str) -> Candles:
    return load_candles(write(folder, "a.csv", HEADER + "".join(rows)))


def good(minute: int, price: float = 2) -> str:
    return csv_row(START_MS + minute * 60_000, price, price, price, price, 0)


def bad(minute: int, *numbers: object) -> str:
    return csv_row(START_MS + minute * 60_000, *numbers)


@pytest.mark.parametrize(
    ("rows", "said", "line"),
    [
        ([good(1), good(0), good(2)], "1 rows are older", 2),
        ([good(0), good(1), good(1)], "1 bars are given more than once", 3),
        ([good(0), good(1), good(4)], "1 gaps, the longest 180 s", 0),
        ([good(0), bad(1, 1, 2, 1, "", 0), good(2)], "1 bars without a price", 2),
        ([good(0), bad(1, 1, 2, 1, "inf", 0), good(2)], "1 bars without a price", 2),
        ([good(0), bad(1, 1, 2, 1, -1, 0), good(2)], "not above zero", 2),
        ([good(0), bad(1, 1, 2, 1, 0, 0), good(2)], "not above zero", 2),
        ([good(0), bad(1, 1, 2, 1, 3, 0), good(2)], "outside low and high", 2),
    ],
)
def test_what_is_wrong_with_rows_is_found_and_not_fatal(
    rows: list[str], said: str, line: int, tmp_path: Path
) -> None:
    found = from_rows(tmp_path, *rows)

    assert [(said in f.message, f.line) for f in found.findings] == [(True, line)]
    assert all(f.fix for f in found.findings)


def test_an_unusable_bar_counts_as_missing_and_the_last_of_two_counts(tmp_path: Path) -> None:
    found = from_rows(tmp_path, good(0), bad(1, 1, 2, 1, -1, 0), good(2, 3), good(2, 4))

    np.testing.assert_array_equal(found.close[:, 0], [2.0, np.nan, 4.0])


@pytest.mark.parametrize(
    ("first", "then", "row", "said"),
    [
        # Of five-minute bars, the minutes of the rest count as known four minutes late.
        (300, 60, 52, "from here on 19 bars lie 60 s apart, and most bars of the file 300 s"),
        # Of minutes, five minutes count as known four of them early; so do those in between.
        (60, 300, 52, "from here on 19 bars lie 300 s apart, and most bars of the file 60 s"),
    ],
)
def test_bars_whose_length_changes_in_the_file_are_told(first: int, then: int, row: int, said: str) -> None:
    made = series([100.0] * 70, seconds=first)
    own = replace(made, ts=np.concatenate([made.ts[:51], made.ts[50] + np.arange(1, 20) * then * 1000]))

    found = aligned([own], "made.csv")

    (told,) = [each for each in found.findings if "apart" in each.message]
    assert (first, row, "ts") == (found.seconds, told.line, told.field)
    assert said in told.message
    assert "one length" in told.fix


def test_a_few_holes_of_one_size_are_no_change_of_length() -> None:
    made = series([100.0] * 100)
    kept = np.array([i for i in range(100) if i not in (50, 52, 54, 56, 70)])
    own = replace(made, ts=made.ts[kept], bars=made.bars[kept], rows=made.rows[kept])

    (told,) = aligned([own], "made.csv").findings

    assert "5 gaps" in told.message


def test_one_bar_too_soon_is_told() -> None:
    made = series([100.0] * 10)
    own = replace(made, ts=np.concatenate([made.ts[:9], made.ts[8:9] + 30_000]))

    (told,) = aligned([own], "made.csv").findings

    assert ("1 bars lie 30 s apart" in told.message, told.line) == (True, 10)
