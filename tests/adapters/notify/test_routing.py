"""Who is told what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from guardian.config.shapes import ChannelConfig, Route, Routes
from guardian.core.effects import Notify
from guardian.core.model import Level
from guardian.notify import Router

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
ROUTES = Routes(
    channels=(ChannelConfig("ops", "slack", "file:a"), ChannelConfig("page", "pagerduty", "file:b")),
    routes=(Route(Level.CAUTION, ("ops",), 600.0), Route(Level.HALT, ("ops", "page"), 300.0)),
)


def notify(**changes: Any) -> Notify:
    fields: dict[str, Any] = {
        "id": "acc/1",
        "account": "acc",
        "key": "guardian/d/acc/r/1",
        "notification": "trigger",
        "level": Level.HALT,
        "title": "t",
        "lines": ("a", "b"),
    }
    return Notify(**{**fields, **changes})


def told(**changes: Any) -> list[str]:
    return [channel for channel, _ in Router(ROUTES, "d").route(notify(**changes), AT)]


@pytest.mark.parametrize(
    ("level", "channels"),
    [
        (Level.NORMAL, []),
        (Level.CAUTION, ["ops"]),
        (Level.HALT, ["ops", "page"]),
        (Level.REDUCE, ["ops", "page"]),
        (Level.LOCKOUT, ["ops", "page"]),
    ],
)
def test_a_level_reaches_every_route_at_or_under_it_each_channel_once(
    level: Level, channels: list[str]
) -> None:
    assert told(level=level) == channels


def test_a_resolve_reaches_whoever_was_told() -> None:
    assert told(notification="resolve", level=Level.HALT) == ["ops", "page"]


def test_what_guardian_only_would_have_done_wakes_nobody() -> None:
    assert told(would=True, level=Level.LOCKOUT) == ["ops"]


def test_the_message_carries_the_effect_unchanged() -> None:
    ((_, message), *_) = Router(ROUTES, "desk").route(notify(), AT)

    assert (message.key, message.level, message.lines) == ("guardian/d/acc/r/1", "HALT", ("a", "b"))
    assert (message.at, message.instance) == (AT, "desk")


def test_the_shortest_repeat_of_the_routes_that_apply() -> None:
    router = Router(ROUTES, "d")
    ((_, caution),) = router.route(notify(level=Level.CAUTION), AT)
    ((_, halt), _) = router.route(notify(), AT)
    ((_, would), *_) = router.route(notify(would=True), AT)
    ((_, resolve), *_) = router.route(notify(notification="resolve"), AT)

    assert router.repeat_seconds("ops", caution) == 600.0
    assert router.repeat_seconds("ops", halt) == 300.0
    assert router.repeat_seconds("ops", would) is None
    assert router.repeat_seconds("ops", resolve) is None
