"""When a window of local time began: `hours` of the day, or the whole local day of a `session`.

Hours may cross midnight, and days have 23 or 25 hours where clocks change. A local time that comes twice
opens at the first and closes at the second, one that is skipped is the instant at which clocks jump over it:
inside is what a clock on the wall shows, and the hour between the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from guardian.core.model import Window

DAY = timedelta(days=1)


def opened_at(window: Window, now: datetime) -> datetime | None:
    """The instant at which the hours that hold `now` began; None outside of them."""
    zone = ZoneInfo(window.tz)
    today = now.astimezone(zone).date()
    for day in (today - DAY, today):
        begin, end = bounds(window, day, zone)
        if begin <= now < end:
            return begin
    return None


def bounds(window: Window, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Of the hours that begin on this local day, in UTC."""
    if window.kind == "session":
        return _instant(day, 0, zone), _instant(day + DAY, 0, zone)
    last = day if window.closes > window.opens else day + DAY
    return _instant(day, window.opens, zone), _instant(last, window.closes, zone, fold=1)


def _instant(day: date, minutes: int, zone: ZoneInfo, fold: int = 0) -> datetime:
    local = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    first, second = (local.replace(fold=each).astimezone(UTC) for each in (0, 1))
    if first > second:
        return _jump(second, first, zone)
    return second if fold else first


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks go forward between two instants, to the second."""
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
