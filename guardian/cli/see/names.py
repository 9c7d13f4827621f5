"""Halt targets by a name that fits on a line: the pidfile's own name, the webhook's host."""

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
