"""M18 between two hours: of the simulated days only the worst are repriced, as long as no other can be worse.

The days are news once an hour, the sigmas once a cell; a tick only moves what is held. When the exposures
were w0 and the sigmas s0 the `KEPT` worst days were found. At w and s any other day loses at most what the
worst of them lost then, and
    sum_a |w0_a| D_a + |w_a - w0_a| (R_a + D_a)        R_a = exp(X_a s0_a) - 1, D_a = |exp(X_a s_a) - 1 - R_a|
more, X_a the largest standardised day of the asset: a rise of X_a moves a unit of it by R_a, which no other
day does, and changes with s by D_a, more than any. While the tail of the days that are kept is above that,
it is the tail of all. Else they are found anew.

A day's loss is a dot product of its own (`vecdot`, never one with a matrix, which sums days in blocks), so
that it is the same number whichever days are kept: what is remembered decides how long an answer takes, never
what it is.
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np

from guardian.core.frozen import dataclass, replace
from guardian.core.metrics.holdings import Floats, Holdings, Learned
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
    """`days` has a row a day that is kept and a column an asset, standardised; `falls` what a unit of each
    loses at `sigmas`. When they were found the exposures were `worth`, the worst of all others lost `lost`,
    and any day moved a unit by at most `reached`: R for the furthest days, X. At the sigmas of now the others
    lose at most `beyond` at that worth, and with each unit more or less of it at most `reach` more.
    """

    series: tuple[str, ...]
    sigmas: Floats
    days: Floats
    falls: Floats
    worth: Floats
    furthest: Floats
    reached: Floats
    lost: float
    reach: Floats
    beyond: float


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
    known = held.known
    all_of = past(owner, known.series)
    if all_of.count < LEAST_DAYS:
        return None
    tail, count = tail_size(all_of.count, level), all_of.count
    worth = held.worth if len(all_of.assets) == len(held.worth) else held.worth[all_of.assets]
    kept = _newest.get(owner)
    if kept is not None and kept.series == known.series:
        if kept.sigmas is not known.tail_sigmas and not np.array_equal(kept.sigmas, known.tail_sigmas):
            kept = _newest[owner] = _at_sigmas(kept, known, all_of)
        found = _falling(kept, worth)
        moved = float(abs(worth - kept.worth).dot(kept.reach))
        if found[tail - 1] > kept.beyond + moved * (1 + SLACK):
            return found[:tail], count
    kept = _found(known, all_of, worth, tail)
    if owner not in _newest and len(_newest) >= OWNERS:
        del _newest[next(iter(_newest))]
    _newest[owner] = kept
    return _falling(kept, worth)[:tail], count


def furthest_moves(owner: str, held: Holdings) -> Floats:
    """The most that any day moves a unit of each asset; right after `worst_losses` of what is held."""
    places, reach = past(owner, held.known.series).assets, _newest[owner].reach
    if len(places) == len(held.worth):
        return reach
    moves = np.zeros(len(held.worth))
    moves[places] = reach
    return moves


def remembered_bytes(owner: str) -> int:
    """What is kept beside its state of an account whose worst losses were asked for."""
    known = _newest[owner]
    kept = (known.days, known.falls, known.worth, known.furthest, known.reached, known.reach)
    return sum(each.nbytes for each in kept)


def _falling(known: Worst, worth: Floats) -> Floats:
    """The losses of the days that are kept, largest first."""
    losses = _losses(known.falls, worth)
    losses.sort()
    return losses[::-1]


def _losses(falls: Floats, worth: Floats) -> Floats:
    return np.asarray(np.vecdot(falls, worth))


def _found(known: Learned, all_of: Past, worth: Floats, tail: int) -> Worst:
    days, sigmas = standard_days(all_of.series), _of_an_hour(known, all_of)
    every, furthest = falls(sigmas, days), np.abs(days).max(axis=0)
    losses, reached = _losses(every, worth), np.expm1(furthest * sigmas)
    others = max(0, len(losses) - max(KEPT, 4 * tail))
    order = np.argpartition(losses, others)
    kept = order[others:]
    lost = float(losses[order[:others]].max() + SLACK * np.abs(worth) @ reached) if others else -inf
    return Worst(
        series=known.series,
        sigmas=known.tail_sigmas,
        days=days[kept],
        falls=every[kept],
        worth=worth,
        furthest=furthest,
        reached=reached,
        lost=lost,
        reach=reached,
        beyond=lost,
    )


def _at_sigmas(kept: Worst, known: Learned, all_of: Past) -> Worst:
    """The same days at other sigmas."""
    sigmas = _of_an_hour(known, all_of)
    drift = np.abs(np.expm1(kept.furthest * sigmas) - kept.reached)
    return replace(
        kept,
        sigmas=known.tail_sigmas,
        falls=falls(sigmas, kept.days),
        reach=kept.reached + drift,
        beyond=kept.lost + float(np.abs(kept.worth) @ drift) * (1 + SLACK),
    )


def _of_an_hour(known: Learned, all_of: Past) -> Floats:
    return np.asarray(known.tail_sigmas[all_of.assets] * sqrt(CELLS_AN_HOUR))
