"""M34: what the account and its paper twin have earned, each flow-adjusted, at the moments of its words.

Each word of the twin is held against the account's newest confirmed NAV of that moment (track.py): deposits
and withdrawals move it no more than they move any loss rule. The twin's own NAV is chained from word to word,
(E_k - (T_k - T_k-1)) / E_k-1, with T all that was ever paid into it. A word without a NAV of its moment, five
reads old at most, moves the twin's NAV alone: what both earned meanwhile counts at the next one.

The sum's rows are days (UTC): within one the two returns count from where it began, so that it does not grow
with how often the twin speaks. It begins anew where a NAV does: with the account's, or where the twin had
nothing left. Bound: the sum at the end of each quarter of an hour of two days, of each hour of a month.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from math import isfinite

from guardian.core.facts.telemetry import Tracked, Twin
from guardian.core.frozen import replace
from guardian.core.metrics.baseline import LONGEST_IN_READS
from guardian.core.metrics.track import nav_at
from guardian.core.state import AccountState

START = 100.0
CELL_SECONDS, HOUR_SECONDS = 900, 3600
FINE, LONGEST = timedelta(days=2), timedelta(days=31)

Point = tuple[datetime, float]
Points = tuple[Point, ...]


def fold_tracked(account: AccountState, before: Twin | None, twin: Twin) -> Tracked | None:
    """After a new word of the paper twin; `account` is as it was, `before` the word before this one."""
    nav, known = account.nav, account.stack.tracked
    began = None if nav is None else nav.since
    if known is not None and known.began != began:
        known = None
    told = START if known is None or before is None else chained(known.told, before, twin)
    if nav is None or not (isfinite(told) and told > 0 and twin.equity > 0):
        return None
    live = None if nav.warming else _live(account, twin.at)
    if known is None:
        if live is None:
            return None
        row = (live, told, 0.0)
        return Tracked(began, twin.at, twin.at, *row, row, told, twin.multiplier)
    known = replace(known, told=told)
    return known if live is None else _paired(known, twin, live)


def chained(value: float, before: Twin, twin: Twin) -> float:
    """The twin's NAV after its next word, by units as of a fund; 0 where nothing was left to earn with."""
    start, paid = float(before.equity), float(twin.transferred) - float(before.transferred)
    return value * (float(twin.equity) - paid) / start if start > 0 else 0.0


def _live(account: AccountState, at: datetime) -> float | None:
    """The account's NAV of a moment, if one was confirmed not long before it."""
    found = nav_at(account.course.track, at)
    if found is None or (at - found[0]).total_seconds() > LONGEST_IN_READS * account.policy.snapshot_seconds:
        return None
    return found[1] if found[1] > 0 else None


def _paired(known: Tracked, twin: Twin, live: float) -> Tracked | None:
    """With a new moment of which both are known; None where their sum is no number any more."""
    last = (known.live, known.paper, known.difference)
    row = known.row if _day(known.at) == _day(twin.at) else last
    earned = live / row[0] - 1, known.told / row[1] - 1
    difference = row[2] + earned[0] - known.multiplier * earned[1]
    if not isfinite(difference):
        return None
    if twin.multiplier != known.multiplier:
        row = (live, known.told, difference)
    points = known.points
    if _cell(known.at) != _cell(twin.at):
        points = thinned((*points, (known.at, known.difference)), twin.at)
    return replace(
        known,
        at=twin.at,
        live=live,
        paper=known.told,
        difference=difference,
        row=row,
        multiplier=twin.multiplier,
        points=points,
    )


def thinned(points: Points, now: datetime) -> Points:
    """Of what is older than two days the last of each hour; of what is older than a month the last of all."""
    first = bisect_right(points, now - LONGEST, key=_moment)
    fine = bisect_right(points, now - FINE, key=_moment)
    hourly = {_hour(point[0]): point for point in points[max(first - 1, 0) : fine]}
    return (*hourly.values(), *points[fine:])


def _moment(point: Point) -> datetime:
    return point[0]


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // HOUR_SECONDS


def _cell(at: datetime) -> int:
    return int(at.timestamp()) // CELL_SECONDS


def _day(at: datetime) -> date:
    return at.date()
