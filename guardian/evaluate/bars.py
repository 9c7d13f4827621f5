"""Five-minute bars of one file of candles: what every account and every design is played on.

Finer candles are put together: the last close, the highest high, the lowest low. A bar counts from when it is
*known*, the end of its five minutes. A symbol that has no candle in a bar keeps its last close and a range of
zero; one that is missing from the start, or in more than one bar of a hundred, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guardian.errors import GuardianError
from guardian.replay.candles import Candles

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]

BAR_MS = 300_000
WHOLE = 0.99
"""The share of all bars that a symbol must have."""


@dataclass(frozen=True, slots=True)
class Bars:
    """`close[i, j]` of symbol j is known at `known_ms[i]`; `span` is (high - low) / close of the same bar."""

    name: str
    symbols: tuple[str, ...]
    known_ms: Instants
    close: Floats
    span: Floats

    def __len__(self) -> int:
        return len(self.known_ms)


def five_minutes(candles: Candles, name: str) -> Bars:
    """Raises GuardianError where candles are coarser than five minutes or no symbol is whole."""
    if BAR_MS % (candles.seconds * 1000):
        raise GuardianError(f"{name}: bars of {candles.seconds} s do not make up bars of 5 minutes")
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
    kept = (
        np.flatnonzero((has.mean(axis=0) >= WHOLE) & has[:1].all(axis=0)) if len(bars) else np.array([], int)
    )
    if not len(kept):
        raise GuardianError(f"{bars.name}: no symbol has candles throughout")
    close = bars.close[:, kept]
    rows = np.maximum.accumulate(np.where(np.isnan(close), 0, np.arange(len(close))[:, None]), axis=0)
    close = np.take_along_axis(close, rows, axis=0)
    symbols = tuple(bars.symbols[j] for j in kept)
    return Bars(bars.name, symbols, bars.known_ms, close, bars.span[:, kept])
