"""Candles of several symbols on one line of time, checked: what a replay and an evaluation run on.

A bar is known at `ts + seconds`, never before. What is wrong with the rows is found and said (`findings`),
and the wrong bar counts as missing (NaN): a bar that is not there is no evidence of calm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from guardian.config import Finding
from guardian.errors import ConfigError
from guardian.replay.files import COLUMNS, READERS, Numbers, Series, Times, ending, named, read_series

JSONS = (".json", ".json.gz")
NO_CANDLES = ("mark", "index", "premiumIndex", "funding_rate")
"""Kinds of freqtrade files that lie beside the candles and are not traded prices."""

LONG_RUN = 10
"""So many bars, each as far behind the one before it, are no gaps any more."""


@dataclass(frozen=True, slots=True)
class Candles:
    """Row i holds the bars that open at `ts[i]` (ms UTC, ascending), column j those of `symbols[j]`.

    NaN where a symbol has no usable bar; `seconds` is the length of a bar. Rows exist only where some symbol
    has a bar, so two neighbours may lie further apart than that. The arrays cannot be written to.
    """

    ts: Times
    symbols: tuple[str, ...]
    open: Numbers
    high: Numbers
    low: Numbers
    close: Numbers
    volume: Numbers
    seconds: int
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.ts)

    def between(self, start_ms: int, end_ms: int) -> Candles:
        """The bars that open in [start, end)."""
        first, last = np.searchsorted(self.ts, [start_ms, end_ms])
        return self._cut(slice(int(first), int(last)), slice(None), self.symbols)

    def only(self, symbols: Sequence[str]) -> Candles:
        """These symbols, in this order; rows that none of them has are dropped."""
        columns = [self.symbols.index(symbol) for symbol in symbols]
        rows = np.flatnonzero(~np.isnan(self.close[:, columns]).all(axis=1))
        return self._cut(rows, columns, tuple(symbols))

    def _cut(self, rows: slice | Times, columns: slice | list[int], symbols: tuple[str, ...]) -> Candles:
        def cut(array: Numbers) -> Numbers:
            return _sealed(array[rows][:, columns])

        return replace(
            self,
            ts=_sealed_times(self.ts[rows]),
            symbols=symbols,
            open=cut(self.open),
            high=cut(self.high),
            low=cut(self.low),
            close=cut(self.close),
            volume=cut(self.volume),
        )


def candle_files(path: Path) -> tuple[Path, ...]:
    """The file itself, or every file of candles of a folder by name. Raises ConfigError for none."""
    if not path.is_dir():
        if not path.exists():
            raise ConfigError(f"{path}: does not exist; name a file or a folder of candles")
        return (path,)
    files = tuple(file for file in _readable(path) if not _stray(file))
    if not files:
        why = "".join(f"; {each}" for each in passed_over(path)[:3])
        raise ConfigError(f"{path}: holds no candles; guardian reads {', '.join(READERS)}{why}")
    return files


class Stray(NamedTuple):
    """A file of a folder that has the ending of candles and is not read: why, and what would change that."""

    file: Path
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file.name} is passed over: {self.why}"


def passed_over(path: Path) -> tuple[Stray, ...]:
    """The strays of a folder; none where a file is named by itself."""
    found = (_stray(file) for file in (_readable(path) if path.is_dir() else ()))
    return tuple(stray for stray in found if stray)


def _readable(folder: Path) -> list[Path]:
    """By name, without what freqtrade lays beside its candles."""
    files = [f for f in sorted(folder.iterdir()) if f.is_file() and ending(f) in READERS]
    return [f for f in files if named(f).kind not in NO_CANDLES]


def _stray(file: Path) -> Stray | None:
    """A name that begins with a dot is what systems leave behind; JSON without a pair in its name could not
    be read, and is a manifest as a rule."""
    if file.name.startswith("."):
        return Stray(file, "its name begins with a dot", "If it holds candles, rename it.")
    if ending(file) in JSONS and not named(file).symbol:
        fix = "If it holds candles, name it like BTC_USDT-5m.json."
        return Stray(file, "JSON without a pair in its name", fix)
    return None


def load_candles(path: Path) -> Candles:
    """A file, or a folder whose files have bars of one length. Raises ConfigError naming file and fix."""
    found = aligned([series for file in candle_files(path) for series in read_series(file)], str(path))
    strays = (Finding(str(each.file), 0, "", "", str(each), "", each.fix) for each in passed_over(path))
    return replace(found, findings=(*strays, *found.findings))


def aligned(series: Sequence[Series], source: str) -> Candles:
    """All series on one line of time. Raises ConfigError where they cannot stand beside each other."""
    if not any(len(each.ts) for each in series):
        raise ConfigError(f"{source}: holds no candles")
    findings: list[Finding] = []
    seconds = _one_length(series, source)
    symbols = tuple(sorted({each.symbol for each in series}))
    ts = np.unique(np.concatenate([each.ts for each in series]))
    bars = np.full((len(ts), len(symbols), len(COLUMNS)), np.nan)
    filled = np.zeros((len(ts), len(symbols)), dtype=bool)
    for each in series:
        rows, column = np.searchsorted(ts, each.ts), symbols.index(each.symbol)
        findings += _disorder(each, filled[rows, column])
        wrong, found = _unusable(each)
        findings += [*found, *_lengths(each, seconds)]
        # Written in the file's order: of two rows for one bar the later counts.
        bars[rows, column] = np.where(wrong[:, None], np.nan, each.bars)
        filled[rows, column] = True
    for column, symbol in enumerate(symbols):
        findings += _gaps(source, symbol, ts[filled[:, column]], seconds)
    columns = {name: _sealed(bars[:, :, i]) for i, name in enumerate(COLUMNS)}
    return Candles(_sealed_times(ts), symbols, **columns, seconds=seconds, findings=tuple(findings))


def _one_length(series: Sequence[Series], source: str) -> int:
    """The length of every series' bars in seconds. Raises ConfigError when they differ or cannot be told."""
    known = [(each, length) for each in series if (length := _length(each))]
    if not known:
        fix = "give at least two bars, or name the file like BTC_USDT-1h.feather"
        raise ConfigError(f"{source}: the length of a bar cannot be told; {fix}")
    (first, length), *others = known
    for each, other in others:
        if other != length:
            there = f"{length} s of {first.symbol} in {first.file}; replay one bar length at a time"
            raise ConfigError(f"{each.file}: bars of {other} s of {each.symbol} beside bars of {there}")
    return length


def _length(series: Series) -> int:
    """The most frequent distance of two neighbours; the name's word where there is one bar only."""
    steps = np.diff(np.unique(series.ts))
    if not len(steps):
        return named(Path(series.file)).seconds
    values, counts = np.unique(steps, return_counts=True)
    return max(1, int(values[np.argmax(counts)]) // 1000)


def _finding(series: Series, row: int, field: str, message: str, fix: str) -> Finding:
    return Finding(series.file, row, "", field, f"{series.symbol}: {message}", "", fix)


def _disorder(series: Series, filled: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Finding]:
    findings = []
    back = np.flatnonzero(np.diff(series.ts) < 0)
    if len(back):
        message = f"{len(back)} rows are older than the row before them"
        row = int(series.rows[back[0] + 1])
        findings.append(_finding(series, row, "ts", message, "They are sorted; nothing to do."))
    _, firsts, counts = np.unique(series.ts, return_index=True, return_counts=True)
    doubled = int((counts - 1).sum()) + int(filled[firsts].sum())
    if doubled:
        twice = np.setdiff1d(np.arange(len(series.ts)), firsts[~filled[firsts]])
        message, fix = f"{doubled} bars are given more than once", "The last one counts; keep one row a bar."
        findings.append(_finding(series, int(series.rows[twice[0]]), "ts", message, fix))
    return findings


def _unusable(series: Series) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], list[Finding]]:
    """Bars that are no prices: absent, not above zero, or outside their own high and low."""
    prices = series.bars[:, :4]
    low, high = prices[:, 2], prices[:, 1]
    with np.errstate(invalid="ignore"):
        absent = ~np.isfinite(prices).all(axis=1)
        negative = ~absent & (prices <= 0).any(axis=1)
        twisted = ~absent & ~negative & ((prices.max(axis=1) > high) | (prices.min(axis=1) < low))
    findings = []
    for wrong, message in (
        (absent, "bars without a price"),
        (negative, "bars with a price that is not above zero"),
        (twisted, "bars whose open or close lies outside low and high"),
    ):
        if wrong.any():
            row = int(series.rows[np.argmax(wrong)])
            text = f"{int(wrong.sum())} {message}"
            findings.append(_finding(series, row, "open high low close", text, "They count as missing."))
    return absent | negative | twisted, findings


def _lengths(series: Series, seconds: int) -> list[Finding]:
    """Bars of another length: closer together than one bar, or one after another by as much further apart."""
    ts, places = np.unique(series.ts, return_index=True)
    steps = np.diff(ts)
    runs = np.split(np.arange(len(steps)), np.flatnonzero(np.diff(steps)) + 1)
    odd = [run for run in runs if len(run) and _is_odd(int(steps[run[0]]), len(run), seconds)]
    if not odd:
        return []
    row, step = int(series.rows[places[odd[0][0] + 1]]), int(steps[odd[0][0]])
    count = int((steps[np.concatenate(odd)] == step).sum())
    message = f"from here on {count} bars lie {step / 1000:g} s apart, and most bars of the file {seconds} s"
    fix = f"All count as known {seconds} s after they open; give bars of one length."
    return [_finding(series, row, "ts", message, fix)]


def _is_odd(step_ms: int, times: int, seconds: int) -> bool:
    return step_ms < seconds * 1000 or (step_ms > seconds * 1000 and times >= LONG_RUN)


def _gaps(source: str, symbol: str, ts: Times, seconds: int) -> list[Finding]:
    steps = np.diff(ts)
    gaps = np.flatnonzero(steps > seconds * 1000)
    if not len(gaps):
        return []
    worst = gaps[np.argmax(steps[gaps])]
    start = np.datetime_as_string(np.datetime64(int(ts[worst]), "ms"), unit="s")
    longest = int(steps[worst]) // 1000
    message = f"{symbol}: {len(gaps)} gaps, the longest {longest} s from {start} UTC"
    fix = "While bars are missing the account counts as unread; fill them from the venue if it has them."
    return [Finding(source, 0, "", "ts", message, "", fix)]


def _sealed(array: Numbers) -> Numbers:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def _sealed_times(array: Times) -> Times:
    array = array.copy()
    array.setflags(write=False)
    return array
