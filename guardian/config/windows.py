"""How a rule's window is written: `30s`, `15m`, `1h`, `7d`, `day`, `day: Europe/Berlin`, `hwm`, `hwm 30d`."""

from __future__ import annotations

import zoneinfo

from guardian.config.document import Leaf, Node, Table
from guardian.config.reading import Spot, Wrong, clip, kind_of, nearest, unique
from guardian.config.values import seconds_of, text
from guardian.core.model import Window

SLIDING_SECONDS = (1.0, 30 * 86400.0)
FIX = "Write 30s, 15m, 1h, 7d, day, {day: Europe/Berlin}, hwm, or hwm 30d."
EXAMPLES = {"none": "no window", "sliding": "30s, 15m, 1h, 7d", "session": "day", "hwm": "hwm, hwm 30d"}


def window(node: Node, spot: Spot) -> Window:
    """Raises Wrong for what is no window; whether the metric takes it is the rule's concern."""
    if isinstance(node, Table):
        return _session(node, spot)
    if not isinstance(node, Leaf):
        raise Wrong(f"{kind_of(node)} where a window is needed", FIX)
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


def _session(node: Table, spot: Spot) -> Window:
    entries = unique(node, spot)
    if list(entries) != ["day"]:
        raise Wrong(f"a window cannot be a mapping of {clip(', '.join(entries))}", FIX)
    return Window("session", tz=timezone(text(entries["day"].value, spot)))


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
