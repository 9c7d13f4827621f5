"""M13 capital_utilisation: initial margin over equity, its mean over time within the rule's window.

Formula: u = sum of initial margin / E at each read of the wallet, between two reads by the trapezoid; the
mean over the window is area / seconds. Where the venue tells no margin for what is held, gross notional / E.
For both sides: `over` caps it, `under` finds capital that lies idle.

Unit: fraction. Window: sliding, up to seven days. Needs the wallet. Nothing held: 0. Kept in cells of ten
minutes, so that the window may be up to ten minutes longer than it says. More than ten minutes between two
reads count as not seen, and so does a wallet that ledger and positions do not explain: a phantom equity of
next to nothing, once, would be the mean of a day. AtLeast while under 90 % of the window were seen: had it
been 0 else, the mean would be area / W; an `under` rule learns nothing from that. Unknown (warming) before
the second wallet.
Its family is exposure. Source: metrics.md M13.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from operator import itemgetter

from guardian.core.memory import Nav
from guardian.core.metrics.baseline import span
from guardian.core.metrics.exposure import NOTHING, RUIN
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import newest_of
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Snapshot, Unknown, Wallet

CELL_SECONDS = 600
MAXIMUM_CELLS = 7 * 144
LONGEST_GAP = timedelta(seconds=CELL_SECONDS)
SEEN_ENOUGH = 0.9

_AREA, _SECONDS = itemgetter(1), itemgetter(2)

Sample = tuple[datetime, float]
Cells = tuple[tuple[int, float, float], ...]


def fold_used(
    cells: Cells,
    last: Sample | None,
    seen: Snapshot,
    positions: tuple[Position, ...],
    nav: Nav | None,
) -> tuple[Cells, Sample | None]:
    """The cells after one read, and its own sample.

    A read whose wallet is not confirmed by `nav`, the account's after it, changes nothing.
    """
    confirmed = nav is not None and nav.agreed and nav.at == seen.asked_at
    if seen.wallet is None or not confirmed or (last is not None and seen.asked_at < last[0]):
        return cells, last
    new = (seen.asked_at, utilisation(seen.wallet, positions))
    return (cells if last is None else grown(cells, last, new)), new


def grown(cells: Cells, last: Sample, new: Sample) -> Cells:
    """The area between two samples belongs to the cell of the later one."""
    if new[0] - last[0] > LONGEST_GAP:
        return cells
    seconds = (new[0] - last[0]).total_seconds()
    number, area = int(new[0].timestamp()) // CELL_SECONDS, seconds * (last[1] + new[1]) / 2
    if cells and cells[-1][0] == number:
        # A week has a thousand of them: as a list they are copied once less.
        filling = list(cells)
        filling[-1] = (number, cells[-1][1] + area, cells[-1][2] + seconds)
        return tuple(filling)
    first = next((i for i, cell in enumerate(cells) if cell[0] > number - MAXIMUM_CELLS), len(cells))
    return (*cells[first:], (number, area, seconds))


def utilisation(wallet: Wallet, positions: tuple[Position, ...]) -> float:
    """The margin in use over the equity; `RUIN` where there is none left."""
    used = wallet.initial_margin
    if used <= NOTHING:
        used = sum((abs(p.worth) for p in positions), NOTHING)
    if wallet.equity <= NOTHING:
        return RUIN if used > NOTHING else 0.0
    return float(used / wallet.equity)


def mean(cells: Cells, now: datetime, seconds: float, owner: str = "") -> tuple[float, float]:
    """Area and seconds of the window; the cell in which it begins counts whole. `owner` is who asks again."""
    first = int((now - span(seconds)).timestamp()) // CELL_SECONDS
    inside = cells[bisect_left(cells, (first,)) :]
    if not inside:
        return 0.0, 0.0
    area, before = _sums(owner, inside[:-1])
    return area + inside[-1][1], before + inside[-1][2]


@newest_of
def _sums(owner: str, cells: Cells) -> tuple[float, float]:
    """Of the cells that are over: a read changes only the last one."""
    return sum(map(_AREA, cells)), sum(map(_SECONDS, cells))


def measure(view: View) -> Measured:
    course, seconds = view.account.course, view.rule.window.seconds or 0.0
    area, covered = mean(course.used, view.now, seconds, f"{view.account.policy.name} {view.rule.id}")
    if covered <= 0:
        return Unknown("the wallet was not read twice yet", warming=True)
    if covered < SEEN_ENOUGH * seconds:
        why, filling = (
            f"{covered:.0f} s of {seconds:.0f} s were seen",
            _filling(course.used, covered, view.now),
        )
        return AtLeast(area / seconds, why, filling, unseen=not filling)
    return Known(area / covered)


def _filling(cells: Cells, covered: float, now: datetime) -> bool:
    """Whether all that is missing is what was before watching began, which was within the first cell."""
    watched = now.timestamp() - cells[0][0] * CELL_SECONDS
    return watched - covered <= CELL_SECONDS + (1 - SEEN_ENOUGH) * watched


NEEDS, READS = (Part.WALLET,), ("used",)
METRIC = Metric("capital_utilisation", "fraction", "exposure", ("sliding",), NEEDS, measure, reads=READS)
