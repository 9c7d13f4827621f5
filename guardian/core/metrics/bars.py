"""M17, the bars: open, high, low and close of the marks that reads show, five minutes each, a day of them.

What is followed (following.py) is barred, on the grid of its correlations: a bar's open is the first mark
that was seen in its cell, its close the last. A closed bar is kept as logarithms: its open over the close of
the bar before, however long ago (none at another contract's price), its high, low and close over its open,
and how many reads it was made of. What happened while nobody looked is in the gap between two bars. A bar
enters nothing before its cell is over.

On only while a rule of the account asks for it (folds.py). Bound: 288 bars of 22 bytes, in base64, of each
of `MAXIMUM_ASSETS`: 0.42 MB at most.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Container
from functools import lru_cache
from math import log, nan

import numpy as np
from numpy.typing import NDArray

from guardian.core.facts.market import AssetBars
from guardian.core.frozen import replace
from guardian.core.memory import Correlations, Followed
from guardian.core.metrics.following import CELLS_A_DAY, cell_of, settled

MAXIMUM_BARS = CELLS_A_DAY
RECORD = np.dtype(
    [("cell", "<u4"), ("open", "<f4"), ("high", "<f4"), ("low", "<f4"), ("close", "<f4"), ("reads", "<u2")]
)
MOST_READS = 2**16 - 1

Records = NDArray[np.void]


def fold_bars(known: tuple[AssetBars, ...], book: Correlations | None) -> tuple[AssetBars, ...]:
    """After one read; `book` has its marks. What is not followed any more is forgotten."""
    if book is None:
        return known
    own = {bars.asset: bars for bars in known}
    return tuple([_seen(own.get(f.asset), f) for f in settled(book).followed])


def _seen(own: AssetBars | None, price: Followed) -> AssetBars:
    mark, cell = price.mark, cell_of(price.seen_at)
    new = AssetBars(price.asset, price.symbol, cell, mark, mark, mark, mark, 1, price.seen_at)
    if own is None:
        return new
    if price.seen_at <= own.seen_at:
        return own
    if price.symbol != own.symbol:
        # Another contract of the asset has another price: what lies between the two is no return.
        return replace(new, packed=own.packed)
    if cell == own.cell:
        high, low, reads = max(own.high, mark), min(own.low, mark), min(own.reads + 1, MOST_READS)
        return replace(own, high=high, low=low, close=mark, reads=reads, seen_at=price.seen_at)
    return replace(new, before=own.close, packed=_closed(own))


def _closed(own: AssetBars) -> str:
    """With the bar that was filling; the oldest are dropped."""
    start = log(own.open)
    bar = np.array(
        [
            (
                own.cell,
                nan if own.before is None else start - log(own.before),
                log(own.high) - start,
                log(own.low) - start,
                log(own.close) - start,
                own.reads,
            )
        ],
        RECORD,
    )
    kept = b64decode(own.packed)[-(MAXIMUM_BARS - 1) * RECORD.itemsize :]
    return b64encode(kept + bar.tobytes()).decode()


@lru_cache(maxsize=256)
def unpacked(packed: str) -> Records:
    """The closed bars, oldest first; they may not be written to."""
    return np.frombuffer(b64decode(packed), RECORD)


Series = tuple[tuple[str, str], ...]
"""Assets and their closed bars; the same between two reads of one cell."""


def series_of(known: tuple[AssetBars, ...], held: Container[str], last: int) -> Series:
    """Of what is held; the bar that was filling is closed once its cell is over, read again or not."""
    return tuple(
        [(own.asset, _closed(own) if own.cell <= last else own.packed) for own in known if own.asset in held]
    )


def within(packed: str, last: int, cells: int, before: int = 0) -> Records:
    """The bars of so many cells that end with `last`, and so many bars before them."""
    bars = unpacked(packed)
    first = int(np.searchsorted(bars["cell"], last - cells, side="right"))
    return bars[max(0, first - before) : int(np.searchsorted(bars["cell"], last, side="right"))]


def path_of(bars: Records) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The logarithm of each close over some beginning, and how often the contract has changed until then."""
    changed = np.isnan(bars["open"])
    moves = np.where(changed, 0.0, bars["open"].astype(np.float64)) + bars["close"]
    return np.cumsum(moves), np.cumsum(changed)
