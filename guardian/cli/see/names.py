"""What fits on a line: halt targets by the pidfile's own name or the webhook's host, and ages."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import urlsplit


def short(target: str) -> str:
    """`process:/srv/desk/bot.pid` is "bot"; `webhook:http://host:9000/halt` is "host:9000"."""
    kind, _, place = target.partition(":")
    match kind:
        case "process":
            return PurePath(place).stem or target
        case "webhook":
            return urlsplit(place).netloc or target
    return target


def aged(seconds: float | None) -> str:
    """The age that stands beside every number."""
    if seconds is None:
        return "never read"
    if seconds < 120:
        return f"{seconds:.1f} s old"
    return f"{seconds / 60:.0f} min old" if seconds < 7200 else f"{seconds / 3600:.1f} h old"
