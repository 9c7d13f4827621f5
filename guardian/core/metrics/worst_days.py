"""M18 between two cells: of the simulated days only the worst are repriced, as long as no other can be worse.

The days and the sigmas are news once a cell; a tick only moves what is held. When the exposures were w0 the
`KEPT` worst days were found. At w any other day loses at most what the worst of them lost at w0 plus
    sum_a |w_a - w0_a| max_day |fall_a|
so while the tail of the days that are kept is above that, it is the tail of all. Else they are found anew.

A day's loss is a dot product of its own (`vecdot`, never one with a matrix, which sums days in blocks), so
that it is the same number whichever days are kept: what is remembered decides how long an answer takes, never
what it is.
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np

from guardian.core.frozen import dataclass
from guardian.core.metrics.holdings import Floats, Holdings
from guardian.core.metrics.remembered import OWNERS, newest_of
from guardian.core.metrics.returns import CELLS_AN_HOUR
from guardian.core.metrics.scenarios import falls, standard_days
from guardian.core.metrics.tails import tail_size

LEAST_DAYS = 250
KEPT = 64
"""Four times the tail of 1,477 days at 99 %: an ordinary hour passes without finding them anew."""

SLACK = 1e-9
"""Of the exposures: far more than sums of floats round."""


@dataclass(frozen=True, slots=True)
class Worst:
    """`falls` has a row a day that is kept and a column an asset; at `worth` the worst of the others lost
    `beyond`. `reach` is the most that any day moves a unit of each asset.
    """

    series: tuple[str, ...]
    sigmas: bytes
    falls: Floats
    worth: Floats
    beyond: float
    reach: Floats


_newest: dict[str, Worst] = {}


@dataclass(frozen=True, slots=True)
class Past:
    """Which assets, by their places among those held, have enough days, their hours as the state has them
    (unpacked they take as much again), and how many days all of them make together.
    """

    assets: list[int]
    series: tuple[str, ...]
    count: int


@newest_of
def past(owner: str, series: tuple[str, ...]) -> Past:
    """News once an hour."""
    long = [i for i, own in enumerate(series) if len(standard_days((own,))) >= LEAST_DAYS]
    found = tuple([series[i] for i in long])
    return Past(long, found, len(standard_days(found)) if found else 0)


def worst_losses(owner: str, held: Holdings, level: float) -> tuple[Floats, int] | None:
    """The losses that make a tail, largest first, and of how many days they are; None with too few days."""
    all_of = past(owner, held.series)
    if all_of.count < LEAST_DAYS:
        return None
    tail, count = tail_size(all_of.count, level), all_of.count
    worth = held.worth if len(all_of.assets) == len(held.worth) else held.worth[all_of.assets]
    known = _newest.get(owner)
    if known is not None and known.series == held.series and known.sigmas == held.tail_sigmas.tobytes():
        found = _falling(known, worth)
        moved = float(abs(worth - known.worth).dot(known.reach))
        if found[tail - 1] > known.beyond + moved * (1 + SLACK):
            return found[:tail], count
    known = _found(held, all_of, worth, tail)
    if owner not in _newest and len(_newest) >= OWNERS:
        del _newest[next(iter(_newest))]
    _newest[owner] = known
    return _falling(known, worth)[:tail], count


def remembered_bytes(owner: str) -> int:
    """What is kept beside its state of an account whose worst losses were asked for."""
    known = _newest[owner]
    return sum(each.nbytes for each in (known.falls, known.worth, known.reach))


def _falling(known: Worst, worth: Floats) -> Floats:
    """The losses of the days that are kept, largest first."""
    losses = _losses(known.falls, worth)
    losses.sort()
    return losses[::-1]


def _losses(falls: Floats, worth: Floats) -> Floats:
    return np.asarray(np.vecdot(falls, worth))


def _found(held: Holdings, all_of: Past, worth: Floats, tail: int) -> Worst:
    sigmas = held.tail_sigmas[all_of.assets] * sqrt(CELLS_AN_HOUR)
    every = falls(sigmas, standard_days(all_of.series))
    losses = _losses(every, worth)
    others = max(0, len(losses) - max(KEPT, 4 * tail))
    order, reach = np.argpartition(losses, others), np.abs(every).max(axis=0)
    return Worst(
        series=held.series,
        sigmas=held.tail_sigmas.tobytes(),
        falls=every[order[others:]],
        worth=worth,
        beyond=float(losses[order[:others]].max() + SLACK * np.abs(worth) @ reach) if others else -inf,
        reach=reach,
    )
