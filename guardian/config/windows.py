"""How a rule's window is written: `30s`, `15m`, `1h`, `7d`, `day`, `{day: Europe/Berlin}`, `hwm`, `hwm 30d`.

And a time of day: `22:00-06:00` in UTC, `22:00-06:00 Europe/Berlin` there.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable

from guardian.config.document import Leaf, Node, Table
from guardian.config.reading import Spot, Wrong, clip, kind_of, nearest, unique
from guardian.config.values import seconds_of, text, written
from guardian.core.model import Window

SLIDING_SECONDS = (1.0, 30 * 86400.0)
FIX = "Write 30s, 15m, 1h, 7d, day, {day: Europe/Berlin}, hwm, hwm 30d, or 22:00-06:00 Europe/Berlin."
EXAMPLES = {
    "none": "no window",
    "sliding": "30s, 15m, 1h, 7d",
    "session": "day",
    "hwm": "hwm, hwm 30d",
    "hours": "22:00-06:00",
}
HOURS = re.compile(r"(\d{1,2}):(\d{1,2})\s*-\s*(\d{1,2}):(\d{1,2})(?:[\s:]+(\S+))?", re.ASCII)


def taken(kinds: Iterable[str], spans: tuple[float, float] | None) -> str:
    """The windows that a metric takes, as a person writes them."""
    if spans is not None:
        return f"{written(spans[0])} to {written(spans[1])}"
    return " or ".join(EXAMPLES.get(kind, kind) for kind in kinds)


def window(node: Node, spot: Spot) -> Window:
    """Raises Wrong for what is no window; whether the metric takes it is the rule's concern."""
    if isinstance(node, Table):
        return _mapped(node, spot)
    if not isinstance(node, Leaf):
        raise Wrong(f"{kind_of(node)} where a window is needed", FIX)
    if hours := HOURS.fullmatch(node.text.strip()):
        return _hours(hours, hours[5] or "UTC")
    words = node.text.replace(":", " ").split()
    match words:
        case ["day"]:
            return Window("session")
        case ["day", tz]:
            return Window("session", tz=timezone(tz))
        case ["hwm"]:
            return Window("hwm")
        case ["hwm", lookback]:
            return Window("hwm", _seconds(node.line, lookback))
        case [word] if word[:1].isdigit():
            return Window("sliding", _seconds(node.line, node.text))
    names = ("day", "hwm")
    raise Wrong(f"{clip(node.text)} is not a window", FIX, nearest(words[0], names) if words else "")


def _mapped(node: Table, spot: Spot) -> Window:
    """A day or hours by their time zone."""
    entries = unique(node, spot)
    only = next(iter(entries)) if len(entries) == 1 else ""
    hours = HOURS.fullmatch(only)
    if only != "day" and not (hours and hours[5] is None):
        raise Wrong(f"a window cannot be a mapping of {clip(', '.join(entries))}", FIX)
    tz = timezone(text(entries[only].value, spot))
    return _hours(hours, tz) if hours else Window("session", tz=tz)


def _hours(found: re.Match[str], tz: str) -> Window:
    """Raises Wrong for a time that no clock shows; 24:00 is the midnight that ends a day."""
    minutes = []
    for hour, minute in ((found[1], found[2]), (found[3], found[4])):
        if (int(hour), int(minute)) > (24, 0) or int(minute) > 59:
            raise Wrong(f"{hour}:{minute} is no time of day", "Write times from 00:00 to 24:00.")
        minutes.append((int(hour) * 60 + int(minute)) % 1440)
    if minutes[0] == minutes[1]:
        raise Wrong(f"{clip(found[0])} is the whole day", "Write day, or hours that end elsewhere.")
    return Window("hours", tz=timezone(tz), opens=minutes[0], closes=minutes[1])


def _seconds(line: int, written: str) -> float:
    number = written.strip()
    seconds = seconds_of(Leaf(line, number, number))
    least, most = SLIDING_SECONDS
    if not least <= seconds <= most:
        raise Wrong(f"a window of {clip(number)}", "Windows go from 1s to 30d.")
    return seconds


def timezone(name: str) -> str:
    """The name of a time zone that this machine knows. Raises Wrong."""
    if name == "UTC":
        return name
    try:
        return zoneinfo.ZoneInfo(name).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        by_lower = {zone.lower(): zone for zone in known}
        hint = by_lower.get(nearest(name, by_lower), "")
        fix = "Write an IANA name such as Europe/Berlin."
        raise Wrong(f"unknown time zone {clip(name)}", fix, hint) from None
