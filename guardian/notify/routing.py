"""Who is told what: routes and one Notify effect give the messages of each channel. Pure."""

from __future__ import annotations

from datetime import datetime

from guardian.config.shapes import Routes
from guardian.core.effects import Notify
from guardian.core.model import Level
from guardian.ports import Message

# A pager wakes people: what guardian only would have done never does.
PAGERS = frozenset({"pagerduty"})


class Router:
    """A message of level L goes to every channel of every route whose level is at or under L.

    A resolve carries the level that it ends, so it reaches whoever was told of it.
    """

    def __init__(self, routes: Routes, instance: str) -> None:
        self._routes = routes
        self._instance = instance
        self._kinds = {channel.name: channel.kind for channel in routes.channels}

    def route(self, effect: Notify, at: datetime) -> tuple[tuple[str, Message], ...]:
        """(channel, message) pairs in the order of the routes, each channel once."""
        message = Message(
            key=effect.key,
            notification=effect.notification,
            level=effect.level.name,
            account=effect.account,
            title=effect.title,
            lines=effect.lines,
            would=effect.would,
            at=at,
            instance=self._instance,
        )
        return tuple((channel, message) for channel in self._channels(effect.level, effect.would))

    def _channels(self, level: Level, would: bool) -> tuple[str, ...]:
        named = [name for route in self._routes.routes if route.level <= level for name in route.to]
        return tuple(name for name in dict.fromkeys(named) if not (would and self._kinds.get(name) in PAGERS))

    def repeat_seconds(self, channel: str, message: Message) -> float | None:
        """How soon an unresolved trigger is told again on this channel; None is never.

        The shortest of the routes that send it there. What guardian only would have done is told once.
        """
        if message.notification != "trigger" or message.would or message.level not in Level.__members__:
            return None
        level = Level[message.level]
        repeats = [
            route.repeat_seconds
            for route in self._routes.routes
            if route.level <= level and channel in route.to and route.repeat_seconds is not None
        ]
        return min(repeats, default=None)
