"""The peaks of a window that may still count: (instant, NAV), strictly falling, pushed at the end, one a NAV.

A market that falls for an hour without a pause leaves every second of it a peak. Only the newest are kept as
they are; older ones are packed `CHUNK` at a time, 16 bytes each (microseconds since 1970, NAV: little-endian,
then base64), which loses nothing. A push costs O(1), amortised: it copies the newest, and opens or makes a
chunk once in `CHUNK` times. Expired points of the oldest chunk stay until all of it has expired.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from struct import Struct

from guardian.core.frozen import replace
from guardian.core.memory import Baseline

Point = tuple[datetime, float]
Points = tuple[Point, ...]

CHUNK = 63
"""Points in a chunk: its bytes are then a whole number of base64's groups of three."""

_RECORD = Struct("<qd")
_MOMENT = itemgetter(0)

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def count(baseline: Baseline) -> int:
    """How many points are remembered."""
    return len(baseline.points) + CHUNK * len(baseline.packed)


def first_after(baseline: Baseline, start: datetime | None) -> float | None:
    """The NAV of the oldest point after `start` (None: of all), which is the highest; None without one."""
    for chunk in baseline.packed:
        if start is None or _last(chunk) > start:
            return _after_packed(chunk, start)
    for at, nav in baseline.points:
        if start is None or at > start:
            return nav
    return None


def pushed(old: Baseline, start: datetime | None, new: Point, bucket_seconds: float) -> Baseline:
    """With a newest point, without what has expired by `start` and what the new one makes obsolete.

    A point that falls into the bucket of the one before it adds nothing: a bucket keeps its highest NAV.
    """
    packed, points = old.packed, old.points
    while packed and start is not None and _last(packed[0]) <= start:
        packed = packed[1:]
    points = _left(points, None if packed else start, new[1])
    while packed and not points:
        points, packed = _left(unpacked(packed[-1]), start, new[1]), packed[:-1]
    if not (points and _same_bucket(points[-1][0], new[0], bucket_seconds)):
        points = (*points, new)
    if len(points) >= 2 * CHUNK:
        points, packed = points[CHUNK:], (*packed, _packed(points[:CHUNK]))
    if points is old.points and packed is old.packed:
        return old  # nothing has expired, and the bucket has a higher NAV: most reads of a long window
    return replace(old, points=points, packed=packed)


def unpacked(chunk: str) -> Points:
    return tuple((_instant(us), nav) for us, nav in _records(chunk))


@lru_cache(maxsize=256)
def _records(chunk: str) -> tuple[tuple[int, float], ...]:
    """As numbers, oldest first; remembered, for each look asks it of the same oldest chunk."""
    return tuple(_RECORD.iter_unpack(b64decode(chunk)))


def _packed(points: Points) -> str:
    records = (_RECORD.pack(_microseconds(at), nav) for at, nav in points)
    return b64encode(b"".join(records)).decode()


def _last(chunk: str) -> datetime:
    return _instant(_records(chunk)[-1][0])


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND


def _after_packed(chunk: str, start: datetime | None) -> float | None:
    records = _records(chunk)
    expired = 0 if start is None else bisect_right(records, _microseconds(start), key=_MOMENT)
    return records[expired][1] if expired < len(records) else None


def _left(points: Points, start: datetime | None, nav: float) -> Points:
    first, end = 0, len(points)
    if start is not None:
        while first < end and points[first][0] <= start:
            first += 1
    while end > first and points[end - 1][1] <= nav:
        end -= 1
    return points[first:end]


def _same_bucket(a: datetime, b: datetime, seconds: float) -> bool:
    """Up to a second there are none."""
    return seconds > 1 and a.timestamp() // seconds == b.timestamp() // seconds
