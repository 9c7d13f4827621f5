"""A courier with its journal, two channels and a clock that only sleeping moves: for the courier's tests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guardian.config.shapes import ChannelConfig, Route, Routes
from guardian.core.model import Level
from guardian.journal import Origin, SqliteJournal
from guardian.notify import Courier, Router, Timing
from guardian.ports import Delivery, Message

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ROUTES = Routes(
    channels=(ChannelConfig("ops", "slack", "a"), ChannelConfig("page", "pagerduty", "b")),
    routes=(Route(Level.CAUTION, ("ops", "page"), None), Route(Level.FLATTEN, ("ops",), 300.0)),
)


class World:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Receiver:
    """A channel that takes everything, unless it is told what to answer next."""

    def __init__(self, name: str, world: World, kind: str = "slack") -> None:
        self.name = name
        self.kind = kind
        self.world = world
        self.answers: list[Delivery | Exception] = []
        self.down = False
        self.got: list[tuple[float, Message]] = []
        self.tries = 0
        self.served = asyncio.Event()

    async def send(self, message: Message) -> Delivery:
        self.tries += 1
        answer = self.answers.pop(0) if self.answers else Delivery(not self.down, detail="down")
        if isinstance(answer, Exception):
            raise answer
        if answer.ok:
            self.got.append(((self.world.at - START).total_seconds(), message))
            self.served.set()
        return answer

    async def close(self) -> None:
        pass

    @property
    def titles(self) -> list[str]:
        return [message.title for _, message in self.got]


class Desk:
    """A courier with its journal, two channels and what it complained about."""

    def __init__(self, path: Path) -> None:
        self.world = World()
        self.path = path
        self.ops = Receiver("ops", self.world)
        self.page = Receiver("page", self.world, "pagerduty")
        self.troubles: list[tuple[str, bool]] = []
        self.begin()

    def begin(self) -> None:
        self.journal = SqliteJournal(self.path, Origin("d"))
        self.courier = Courier(
            self.journal,
            [self.ops, self.page],
            Router(ROUTES, "d"),
            lambda subject, detail, healed: self.troubles.append((subject, healed)),
            Timing(self.world, self.world.sleep),
        )

    async def restart(self) -> None:
        await self.courier.stop()
        await self.journal.close()
        self.begin()

    async def queue(self, *messages: Message, to: str = "ops") -> None:
        await self.journal.append(self.world.at, "tick", "{}", [(to, message) for message in messages])

    async def round(self) -> None:
        await self.courier.look()
        await self.courier.settle()

    async def rounds(self, seconds: float, step: float = 1.0) -> None:
        until = self.world.at + timedelta(seconds=seconds)
        while self.world.at < until:
            await self.round()
            self.world.later(step)

    async def waiting(self) -> list[str]:
        rows = await self.journal.due(self.world.at + timedelta(days=1), 1000)
        return [row.message.title for row in rows]


def message(title: str, **changes: Any) -> Message:
    fields: dict[str, Any] = {
        "key": f"key-{title}",
        "notification": "trigger",
        "level": "HALT",
        "account": "acc",
        "title": title,
        "lines": (),
        "would": False,
        "at": START,
        "instance": "d",
    }
    return Message(**{**fields, **changes})
