"""The confirmed NAVs of the last fifteen minutes, at most one a second: what a speed is measured on.

A NAV is confirmed when wallet, ledger and positions tell one equity; of the two accounts the less is kept,
as in baseline.py, so that a phantom high is no fall later. Deposits and withdrawals do not move it.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from operator import itemgetter

from guardian.core.memory import Nav
from guardian.core.metrics.baseline import least

LONGEST, SECOND = timedelta(minutes=15), timedelta(seconds=1)
_MOMENT = itemgetter(0)

Track = tuple[tuple[datetime, float], ...]


def fold_track(track: Track, before: Nav | None, nav: Nav | None) -> Track:
    """The track after one read; without a NAV there is none, for it begins anew."""
    if nav is None:
        return ()
    if not nav.agreed or (before is not None and nav.at == before.at):
        return track
    new = (nav.at, least(nav))
    if track and nav.at - track[-1][0] < SECOND and _second(track[-1][0]) == _second(nav.at):
        return (*track[:-1], new)
    first = _newest_before(track, nav.at - LONGEST)
    return (*track[first or 0 :], new)


def nav_at(track: Track, at: datetime) -> tuple[datetime, float] | None:
    """The newest point at or before an instant."""
    index = _newest_before(track, at)
    return None if index is None else track[index]


def _newest_before(track: Track, at: datetime) -> int | None:
    """The track is in order."""
    after = bisect_right(track, at, key=_MOMENT)
    return after - 1 if after else None


def _second(at: datetime) -> int:
    return int(at.timestamp())
