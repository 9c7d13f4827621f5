"""A history as bars of one length, few enough to be played while somebody waits for the report.

The bars of the history itself where all of them may be played, else bars of a minute, else of five: what
metrics follow by themselves is quoted every five minutes, so that no longer ones are taken. What is still too
much is cut: the newest bars are played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guardian.evaluate.bars import BAR_MS
from guardian.evaluate.trips import DAY_MS, YEAR_MS, Stretch
from guardian.replay.candles import Candles

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Pieces of one length of bar in milliseconds, the oldest first."""

    bar_ms: int
    pieces: tuple[Stretch, ...]

    def __len__(self) -> int:
        return sum(len(piece.close) for piece in self.pieces)

    @property
    def days(self) -> float:
        """Of bars that are there; what is missing between them was not played."""
        return len(self) * self.bar_ms / DAY_MS

    @property
    def years(self) -> float:
        return len(self) * self.bar_ms / YEAR_MS


def grid_of(history: Sequence[Stretch], most: int) -> Grid:
    """At most so many bars of a history that has at least one piece of two closes."""
    own = tuple(piece for piece in history if len(piece.close) > 1)
    grid = next((each for each in _grids(own) if len(each) <= most), None)
    return grid if grid is not None else _newest(_coarsest(own), most)


def candles_of(piece: Stretch, symbol: str, bar_ms: int) -> Candles:
    """One symbol's closes; a play asks for no other price of a bar, nor for its volume."""
    close = piece.close[:, None]
    return Candles(piece.known_ms - bar_ms, (symbol,), close, close, close, close, close, bar_ms // 1000)


def _grids(own: Sequence[Stretch]) -> list[Grid]:
    """From the finest to the coarsest that is worth it."""
    step = max(piece.step_ms for piece in own)
    even = all(_is_even(piece, step) for piece in own)
    found = [_thinned(own, step)] if even else []
    # Marks that lie apart as it happens leave no hole in bars twice as long as they usually do.
    least = step + 1 if even else 2 * step
    return found + [_thinned(own, bar_ms) for bar_ms in (MINUTE_MS, BAR_MS) if bar_ms >= least]


def _is_even(piece: Stretch, bar_ms: int) -> bool:
    """Whether these are bars of whole seconds, of which bars of that length can be made."""
    step = piece.step_ms
    return step >= 1000 and step % 1000 == 0 == bar_ms % step and not (np.diff(piece.known_ms) % step).any()


def _coarsest(own: Sequence[Stretch]) -> Grid:
    found = _grids(own)
    if found:
        return found[-1]
    return _thinned(own, -(-2 * max(piece.step_ms for piece in own) // BAR_MS) * BAR_MS)


def _thinned(own: Sequence[Stretch], bar_ms: int) -> Grid:
    """The last close of each bar; one that ends at an instant holds what was known then."""
    return Grid(bar_ms, tuple(_thin(piece, bar_ms) for piece in own))


def _thin(piece: Stretch, bar_ms: int) -> Stretch:
    if piece.step_ms == bar_ms and _is_even(piece, bar_ms):
        return piece  # as it is, though its bars may not end where others do
    ends = -(-piece.known_ms // bar_ms) * bar_ms
    last = np.append(np.flatnonzero(np.diff(ends)), len(ends) - 1)
    return Stretch(ends[last], piece.close[last])


def _newest(grid: Grid, most: int) -> Grid:
    left, kept = most, []
    for piece in reversed(grid.pieces):
        if left > 1:
            kept.append(Stretch(piece.known_ms[-left:], piece.close[-left:]))
            left -= len(kept[-1].close)
    return Grid(grid.bar_ms, tuple(reversed(kept)))
