"""One file of candles -> columns per symbol, in the order of the file: parquet, feather, CSV, JSON.

Contract columns: `ts` (ms, bar open, UTC) or `date` (an instant, UTC if it names no zone), `symbol`, `open`,
`high`, `low`, `close`, `volume`. Where a file has no `symbol`, its name carries the pair as freqtrade writes
it: `BTC_USDT-1h.feather` is BTC/USDT, `BTC_USDT_USDT-1h-futures.feather` BTC/USDT:USDT. Nothing is judged
here: see candles.py.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guardian.config.reading import nearest
from guardian.errors import ConfigError, GuardianError

Times = NDArray[np.int64]
Numbers = NDArray[np.float64]

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
TIME_COLUMNS = ("ts", "date", "timestamp")
NAME = re.compile(
    r"(?P<base>[A-Za-z0-9]+)_(?P<quote>[A-Za-z0-9]+)(_(?P<settle>[A-Za-z0-9]+))?"
    r"-(?P<count>\d+)(?P<unit>[smhdw])(-(?P<kind>\w+))?"
)
SEPARATORS = {";": "`;`", "\t": "a tab", "|": "`|`"}
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000
"""2000 to 2100: what lies outside is seconds or microseconds."""

NEEDS_PYARROW = "needs pyarrow, which is not installed; run `pip install 'guardian-sidecar[parquet]'`"


@dataclass(frozen=True, slots=True)
class Series:
    """The rows of one symbol in one file. `bars` has the columns of COLUMNS, `rows` 1-based numbers."""

    file: str
    symbol: str
    ts: Times
    bars: Numbers
    rows: Times


@dataclass(frozen=True, slots=True)
class Named:
    """What a file's name says: freqtrade's pair, bar length, and kind of candle ("" spot)."""

    symbol: str = ""
    seconds: int = 0
    kind: str = ""


def named(path: Path) -> Named:
    """Empty where the name does not follow freqtrade's."""
    match = NAME.fullmatch(path.name.split(".")[0])
    if match is None:
        return Named()
    symbol = f"{match['base']}/{match['quote']}" + (f":{match['settle']}" if match["settle"] else "")
    return Named(symbol, int(match["count"]) * UNIT_SECONDS[match["unit"]], match["kind"] or "")


def read_series(path: Path) -> tuple[Series, ...]:
    """Raises ConfigError naming file, column or row, and the fix."""
    read = READERS.get(ending(path))
    if read is None:
        raise ConfigError(f"{path}: not a file of candles; guardian reads {', '.join(READERS)}")
    try:
        return read(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def ending(path: Path) -> str:
    """The suffix that chooses the reader; ".json.gz" counts as one."""
    return ".json.gz" if path.name.endswith(".json.gz") else path.suffix.lower()


# --- pyarrow: parquet, feather, CSV -------------------------------------------------------------


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise GuardianError(f"reading parquet, feather and CSV candles {NEEDS_PYARROW}") from None
    return pyarrow


def _parquet(path: Path) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(path).read()


def _feather(path: Path) -> Any:
    from pyarrow import feather

    return feather.read_table(path)


def _csv(path: Path) -> Any:
    from pyarrow import csv

    # Without threads an error names its row.
    return csv.read_csv(path, csv.ReadOptions(use_threads=False))


def _by_arrow(load: Callable[[Path], Any]) -> Callable[[Path], tuple[Series, ...]]:
    def read(path: Path) -> tuple[Series, ...]:
        arrow = _arrow()
        try:
            table = load(path)
        except (arrow.ArrowInvalid, arrow.ArrowKeyError, arrow.ArrowNotImplementedError) as error:
            raise ConfigError(f"{path}: not a {ending(path)} file of candles: {_short(error)}") from None
        return _from_table(path, table)

    return read


def _short(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]


def _from_table(path: Path, table: Any) -> tuple[Series, ...]:
    names = table.column_names
    time = next((name for name in TIME_COLUMNS if name in names), None)
    missing = [name for name in ("ts" if time is None else time, *COLUMNS) if name not in names]
    if missing:
        raise ConfigError(f"{path}: column {missing[0]} is missing; {_meant(missing[0], names)}")
    ts = _times(path, time or "ts", table.column(time))
    bars = np.column_stack([_numbers(path, name, table.column(name)) for name in COLUMNS])
    rows = np.arange(1, len(ts) + 1, dtype=np.int64)
    if "symbol" not in names:
        return (Series(str(path), _name_of(path), ts, bars, rows),)
    encoded = table.column("symbol").combine_chunks().dictionary_encode()
    if encoded.null_count:
        raise ConfigError(f"{path}: row {_first_null(encoded)}, column symbol: is empty; name the symbol")
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    series = []
    for code, symbol in enumerate(encoded.dictionary.to_pylist()):
        own = codes == code
        if not own.any():
            # A categorical column keeps the names of rows that were filtered out.
            continue
        if not str(symbol).strip():
            raise ConfigError(f"{path}: row {rows[own][0]}, column symbol: is empty; name the symbol")
        series.append(Series(str(path), str(symbol), ts[own], bars[own], rows[own]))
    return tuple(series)


def _meant(missing: str, names: list[str]) -> str:
    """A column that differs by its case or a letter, or else all that are needed."""
    strange = [name for name in names if name not in (*TIME_COLUMNS, *COLUMNS, "symbol")]
    plain = {name.lower(): name for name in strange}
    wanted = TIME_COLUMNS if missing in TIME_COLUMNS else (missing,)
    if len(names) == 1 and (apart := next((each for each in SEPARATORS if each in names[0]), "")):
        return f"its columns are separated by {SEPARATORS[apart]}; separate them by commas"
    near = next((close for each in wanted if (close := nearest(each, plain))), "")
    if near:
        return f"did you mean {plain[near]}? Rename it"
    return f"needed: ts, symbol, {', '.join(COLUMNS)}"


def _first_null(column: Any) -> int:
    return int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0]) + 1


def _name_of(path: Path) -> str:
    symbol = named(path).symbol
    if not symbol:
        fix = "add a column `symbol`, or name the file like BTC_USDT-1h.feather"
        raise ConfigError(f"{path}: column symbol is missing and the file's name carries no pair; {fix}")
    return symbol


def _times(path: Path, name: str, column: Any) -> Times:
    arrow = _arrow()
    try:
        if arrow.types.is_string(column.type) or arrow.types.is_date(column.type):
            column = column.cast(arrow.timestamp("ms"))
        if arrow.types.is_timestamp(column.type):
            column = column.cast(arrow.timestamp("ms", tz=column.type.tz), safe=False)
        column = column.cast(arrow.int64())
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError) as error:
        fix = "write ms since 1970 (UTC), or an ISO 8601 instant"
        raise ConfigError(f"{path}: column {name}: not an instant: {_short(error)}; {fix}") from None
    if column.null_count:
        row = _first_null(column.combine_chunks())
        raise ConfigError(f"{path}: row {row}, column {name}: is empty; write ms since 1970 (UTC)")
    return _checked_times(path, name, column.to_numpy().astype(np.int64, copy=True))


def _checked_times(path: Path, name: str, ts: Times) -> Times:
    odd = np.flatnonzero((ts < EARLIEST_MS) | (ts > LATEST_MS))
    if len(odd):
        value = int(ts[odd[0]])
        fix = "milliseconds are needed: is it in seconds, or in micro- or nanoseconds?"
        raise ConfigError(
            f"{path}: row {odd[0] + 1}, column {name}: {value} lies outside 2000 to 2100; {fix}"
        )
    return ts


def _numbers(path: Path, name: str, column: Any) -> Numbers:
    arrow = _arrow()
    try:
        numbers = column.cast(arrow.float64())
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
        row, value = _first_odd(column.to_pylist())
        raise ConfigError(f"{path}: row {row}, column {name}: {value!r} is not a number") from None
    return np.asarray(numbers.to_numpy(), dtype=np.float64)  # what is empty becomes NaN


def _first_odd(values: list[Any]) -> tuple[int, Any]:
    for row, value in enumerate(values, start=1):
        try:
            float(value)
        except (TypeError, ValueError):
            return row, value
    return 1, values[0] if values else None


# --- JSON, freqtrade's layout: [[ms, open, high, low, close, volume], ...] -----------------------


def _json(path: Path) -> tuple[Series, ...]:
    try:
        raw = path.read_bytes()
        listed = json.loads(gzip.decompress(raw) if path.name.endswith(".gz") else raw)
    except (ValueError, EOFError, gzip.BadGzipFile, zlib.error, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON: {_short(error)}") from None
    if not isinstance(listed, list):
        raise ConfigError(f"{path}: a list of [ms, open, high, low, close, volume] is needed")
    symbol = _name_of(path)
    for row, candle in enumerate(listed, start=1):
        if not _is_candle(candle):
            shape = "[ms, open, high, low, close, volume] as numbers"
            raise ConfigError(f"{path}: row {row}: {str(candle)[:80]} is not {shape}")
    table = np.array([[np.nan if v is None else v for v in c[1:6]] for c in listed], dtype=np.float64)
    ts = _checked_times(path, "ms", np.array([int(c[0]) for c in listed], dtype=np.int64))
    rows = np.arange(1, len(ts) + 1, dtype=np.int64)
    return (Series(str(path), symbol, ts, table.reshape(-1, 5), rows),)


def _is_candle(candle: object) -> bool:
    if not isinstance(candle, list) or len(candle) < 6:
        return False
    numbers = all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in candle[:6])
    return numbers and candle[0] is not None and abs(candle[0]) < 1e18


READERS: dict[str, Callable[[Path], tuple[Series, ...]]] = {
    ".parquet": _by_arrow(_parquet),
    ".feather": _by_arrow(_feather),
    ".csv": _by_arrow(_csv),
    ".json": _json,
    ".json.gz": _json,
}
