"""M17, what the window's five-minute cells would have brought at the exposures of now.

A cell counts where every asset that is measured has a bar: its gain is from the close before to its own, so
that what happened while nobody looked counts as one gain of as many cells, up to a tenth of the window. A
longer hole is in no gain, and leaves a window that is not wholly known. An asset is measured if it has at
least half of the bars of the one that has most. Those that are not, but for 1 % of gross exposure together,
are named in `unmeasured`: they may hedge nothing, and what is left out of the sum makes it a bound.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from guardian.core.frozen import dataclass
from guardian.core.metrics.bars import Series, path_of, series_of, within
from guardian.core.metrics.following import GRID_SECONDS, cell_of
from guardian.core.metrics.holdings import large, weakened
from guardian.core.metrics.metric import View
from guardian.core.metrics.ranges import Floats
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.repriced import exposures
from guardian.core.model import Measured, Unknown

FRESH_CELLS = 3
SEEN_ENOUGH = 0.9
LEAST_RETURNS = 9
"""Three quarters of the shortest window: the standard error of a sigma is then a quarter of it."""

Cells = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gains:
    """What cells would have brought, in the reporting currency, each `spans` cells long; `gross` is held.

    `follows` tells of each but the first if it begins where the one before it ends.
    """

    values: Floats
    spans: Cells
    follows: NDArray[np.bool_]
    gross: float
    wanted: int
    unmeasured: tuple[str, ...] = ()

    @property
    def why_few(self) -> str:
        """Why the window is not wholly known, "" if it is."""
        return too_few(len(self.values), self.wanted)


def too_few(seen: int, wanted: int) -> str:
    """What is missing of a window of so many cells, "" while it is under a tenth."""
    return f"{seen} of {wanted} cells of the window were seen" if seen < SEEN_ENOUGH * wanted else ""


def last_closed(now: datetime) -> int:
    return cell_of(now) - 1


def wanted_cells(view: View) -> int:
    return int((view.rule.window.seconds or 0.0) // GRID_SECONDS)


def window_gains(view: View) -> Gains | Unknown:
    """Unknown with fewer than `LEAST_RETURNS` cells, and where none was seen for 15 minutes."""
    account, wanted = view.account, wanted_cells(view)
    names, worth = exposures(account)
    amounts = {name: float(n) for name, n in zip(names, worth, strict=True) if n}
    gross = sum(map(abs, amounts.values()))
    if not amounts:
        return Gains(np.empty(0), np.empty(0, np.int64), np.empty(0, bool), 0.0, 0)
    last = last_closed(view.now)
    series = series_of(account.bars, amounts, last)
    found = _table(f"{account.policy.name} {wanted}", series, last, wanted)
    if len(found.spans) < LEAST_RETURNS:
        few = f"{len(found.spans)} five-minute returns of {LEAST_RETURNS} that are needed"
        return Unknown(few, warming=True)
    if found.last <= last - FRESH_CELLS:
        return Unknown("no return has been seen for 15 minutes")
    values = found.moves @ np.array([amounts[name] for name in found.assets])
    unmeasured = large([name for name in amounts if name not in found.assets], amounts)
    return Gains(values, found.spans, found.follows, gross, wanted, unmeasured)


@dataclass(frozen=True, slots=True)
class Table:
    """The measured assets, and a column of whole returns for each, over the same times; `last` ends them."""

    assets: tuple[str, ...]
    moves: Floats
    spans: Cells
    follows: NDArray[np.bool_]
    last: int


NOTHING = Table((), np.empty((0, 0)), np.empty(0, np.int64), np.empty(0, bool), 0)


@newest_of
def _table(owner: str, held: Series, last: int, wanted: int) -> Table:
    found = {asset: within(packed, last, wanted, before=1) for asset, packed in held}
    most = max([len(bars) for bars in found.values()], default=0)
    own = {asset: bars for asset, bars in found.items() if most and len(bars) >= most / 2}
    if not own:
        return NOTHING
    cells = [bars["cell"].astype(np.int64) for bars in own.values()]
    common = reduce(np.intersect1d, cells)
    if len(common) < 2:
        return NOTHING
    paths = [(path_of(bars), np.isin(each, common)) for bars, each in zip(own.values(), cells, strict=True)]
    moves = [np.expm1(np.diff(path[seen])) for (path, _), seen in paths]
    # Two contracts of one asset have two prices: what lies between them is no return.
    same = np.all([np.diff(changes[seen]) == 0 for (_, changes), seen in paths], axis=0)
    spans = np.diff(common)
    counted = same & (spans <= max(2, (1 - SEEN_ENOUGH) * wanted))
    follows = np.diff(np.flatnonzero(counted)) == 1
    return Table(tuple(own), np.column_stack(moves)[counted], spans[counted], follows, int(common[-1]))


def told(measured: Measured, why_few: str, unmeasured: tuple[str, ...]) -> Measured:
    """A value as strong as the window and what is held are known."""
    if unmeasured:
        measured = weakened(measured, f"no bars of {', '.join(unmeasured)}")
    return weakened(measured, why_few) if why_few else measured
