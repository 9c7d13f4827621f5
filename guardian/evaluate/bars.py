"""Five-minute bars of one file of candles: what every account and every design is played on.

Finer candles are put together: the last close, the highest high, the lowest low. A bar counts from when it is
*known*, the end of its five minutes. A symbol that has no candle in a bar keeps its last close and a range of
zero; one that is missing in more than one bar of a hundred is left out, and said. The bars begin where every
symbol that is kept has its first candle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guardian.errors import ConfigError
from guardian.replay.candles import Candles

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

BAR_MS = 300_000
LACKING = 0.01
"""The share of all bars that a symbol may lack."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not played of a file, and why: a `kind` (file, symbol, account) and its name."""

    file: str
    kind: str
    name: str
    why: str

    @property
    def where(self) -> str:
        return self.file if self.kind == "file" else f"{self.file}: {self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Bars:
    """`close[i, j]` of symbol j is known at `known_ms[i]`; `span` is (high - low) / close of the same bar."""

    name: str
    symbols: tuple[str, ...]
    known_ms: Instants
    close: Floats
    span: Floats
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.known_ms)


def five_minutes(candles: Candles, name: str) -> Bars:
    """Without any symbol where none is whole. Raises ConfigError for bars that make up no five minutes."""
    if BAR_MS % (candles.seconds * 1000):
        fix = "do not make up bars of 5 minutes; give 1 m or 5 m candles"
        raise ConfigError(f"bars of {candles.seconds} s {fix}")
    opens, starts = np.unique(candles.ts - candles.ts % BAR_MS, return_index=True)
    close = _last(candles.close, starts)
    high = np.fmax.reduceat(candles.high, starts, axis=0)
    low = np.fmin.reduceat(candles.low, starts, axis=0)
    span = np.nan_to_num((high - low) / close, nan=0.0)
    over = int(candles.ts[-1]) + candles.seconds * 1000 >= opens[-1] + BAR_MS
    end = len(opens) if over else len(opens) - 1
    return _whole(Bars(name, candles.symbols, opens[:end] + BAR_MS, close[:end], span[:end]))


def _last(values: Floats, starts: NDArray[np.intp]) -> Floats:
    """Each group's last value that is a number."""
    ends = np.append(starts[1:], len(values))
    found = np.full((len(starts), values.shape[1]), np.nan)
    for back in range(1, int((ends - starts).max(initial=0)) + 1):
        rows = np.maximum(ends - back, starts)
        found = np.where(np.isnan(found), values[rows], found)
    return found


def _whole(bars: Bars) -> Bars:
    has = ~np.isnan(bars.close)
    lacking = (~has).sum(axis=0)
    whole = lacking <= LACKING * len(bars)
    kept = np.flatnonzero(whole) if len(bars) else np.array([], int)
    start = int(has[:, kept].argmax(axis=0).max(initial=0))
    close = bars.close[start:, kept]
    rows = np.maximum.accumulate(np.where(np.isnan(close), 0, np.arange(len(close))[:, None]), axis=0)
    close = np.take_along_axis(close, rows, axis=0)
    left_out = tuple(
        LeftOut(bars.name, "symbol", bars.symbols[j], _lacks(int(lacking[j]), len(bars)))
        for j in range(len(bars.symbols))
        if j not in kept
    )
    symbols = tuple(bars.symbols[j] for j in kept)
    return Bars(bars.name, symbols, bars.known_ms[start:], close, bars.span[start:, kept], left_out)


def _lacks(bars: int, of: int) -> str:
    if bars == of:
        return "has no candles" if of else "has no whole bar of 5 minutes"
    return f"lacks {bars} of {of} bars; one of a hundred may be missing"
