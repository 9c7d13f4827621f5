"""A runtime on fakes: every port answers as the test says, and everything that is asked is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from guardian.config.shapes import ChannelConfig, Route, Routes
from guardian.core.effects import CloseOrder
from guardian.core.events import Armed, Configured, Outcome, SnapshotTaken
from guardian.core.model import Level, Rule, Snapshot
from guardian.core.state import State
from guardian.notify.outbox import Courier
from guardian.notify.routing import Router
from guardian.ports import Credential, Journal, KeyAdmin, KeyAudit, KeyListing, Message, Report
from guardian.runtime.desk import AccountDesk
from guardian.runtime.loop import Parts, Runtime
from guardian.runtime.permit import PermitBook
from tests.core import build

DONE = Report(Outcome.DONE)


class Clock:
    """Moves only when the test says so, and a millisecond with each question so that order is visible."""

    def __init__(self) -> None:
        self.at = build.START

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Disk:
    """A journal in memory. `slow` seconds before a write is done, `error` instead of it."""

    bodies: list[str] = field(default_factory=list)
    outgoing: list[tuple[str, Message]] = field(default_factory=list)
    slow: float = 0.0
    error: Exception | None = None
    checkpoints: list[str] = field(default_factory=list)

    async def append(
        self, at: datetime, kind: str, body: str, outgoing: Sequence[tuple[str, Message]]
    ) -> int:
        await asyncio.sleep(self.slow)
        if self.error is not None:
            raise self.error
        self.bodies.append(body)
        self.outgoing.extend(outgoing)
        return len(self.bodies)

    async def checkpoint(self, at: datetime, state: str) -> None:
        self.checkpoints.append(state)


@dataclass
class Hands:
    """A trader and a key admin: `does` is awaited for every close; the rest is done at once."""

    does: Callable[[CloseOrder], Any] | None = None
    closes: list[CloseOrder] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)

    def hold(self, credential: Credential | None) -> None:
        return

    async def warm(self) -> None:
        return

    async def close_position(self, order: CloseOrder) -> Report:
        self.closes.append(order)
        if self.does is not None:
            return cast(Report, await self.does(order))
        return DONE

    async def cancel(self, symbol: str, order_id: str, conditional: bool) -> Report:
        self.cancels.append(order_id)
        return DONE

    async def resolve(self, symbol: str, client_id: str) -> Report:
        return DONE

    async def audit(self, credential: Credential) -> KeyAudit:
        return KeyAudit(credential.key)

    async def close(self) -> None:
        return


class Admin:
    async def audit(self, credential: Credential) -> KeyAudit:
        return KeyAudit(credential.key)

    async def list_keys(self, credential: Credential) -> KeyListing:
        return KeyListing(datetime.now(UTC), complete=False, code="down")

    async def fence(self, credential: Credential, key_id: str) -> Report:
        return DONE

    async def restore(self, credential: Credential, key_id: str, facts: Sequence[tuple[str, str]]) -> Report:
        return DONE

    async def delete(self, credential: Credential, key_id: str) -> Report:
        return DONE

    async def close(self) -> None:
        return


class Eyes:
    """A reader that is never asked for more than nothing: these tests post their evidence themselves."""

    async def snapshot(self) -> Snapshot:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def audit(self) -> KeyAudit:
        return KeyAudit("watch-key")

    async def close(self) -> None:
        return


class Vault:
    async def fetch(self, ref: str) -> Credential:
        return Credential("hands-key", "secret")

    async def fetch_text(self, ref: str) -> str:
        return "secret"

    async def destroy(self, ref: str) -> Report:
        return DONE


@dataclass
class Post:
    """Where a courier would be: what is offered past the journal."""

    offered: list[tuple[str, Message]] = field(default_factory=list)
    sent: int = 0
    failed: int = 0

    def offer(self, channel: str, message: Message) -> None:
        self.offered.append((channel, message))

    def poke(self) -> None:
        return


@dataclass
class Shell:
    """A runtime with its fakes; `see` posts a read, `run` handles everything that is under way."""

    runtime: Runtime
    clock: Clock
    disk: Disk
    hands: Hands
    post: Post

    def start(self, *rules: Rule) -> None:
        """Configured and armed; nothing is known yet."""
        policy = build.policy(halt_targets=())
        self.runtime.post(Configured(self.clock.now(), "desk-1", "hash", (policy,), rules))
        self.runtime.post(Armed(self.clock.now(), build.ACCOUNT, (), "anna", "test"))

    def see(self, seconds: float, **read: Any) -> None:
        """Time passes to `seconds` after the start, and a read of that moment arrives."""
        self.clock.at = max(self.clock.at, build.at(seconds))
        self.runtime.post(SnapshotTaken(self.clock.now(), build.read(seconds, **read)))

    async def run(self, rounds: int = 6) -> None:
        for _ in range(rounds):
            await self.runtime.drain()
            await asyncio.sleep(0.002)

    @property
    def level(self) -> Level:
        account = self.runtime.state.account(build.ACCOUNT)
        assert account is not None
        return account.level

    @property
    def troubles(self) -> tuple[str, ...]:
        account = self.runtime.state.account(build.ACCOUNT)
        assert account is not None
        return account.troubles


def open_shell(folder: Path, state: State | None = None, names: tuple[str, ...] = (build.ACCOUNT,)) -> Shell:
    """On an empty state, or on one that a restart has restored; all accounts share one pair of hands."""
    clock, disk, hands, post = Clock(), Disk(), Hands(), Post()
    desks = {name: _desk(name, hands) for name in names}
    routes = Routes((ChannelConfig("ops", "slack", "file:slack"),), (Route(Level.CAUTION, ("ops",)),))
    router = Router(routes, "desk-1")
    parts = Parts(clock, cast(Journal, disk), desks, PermitBook(folder, clock.now), router)
    runtime = Runtime(parts, state or State(), lambda _: cast(Courier, post))
    return Shell(runtime, clock, disk, hands, post)


def _desk(name: str, hands: Hands) -> AccountDesk:
    return AccountDesk(
        name=name,
        reader=Eyes(),
        trader=hands,
        admin=cast(KeyAdmin, Admin()),
        bots={},
        secrets=Vault(),
        hands_ref="file:hands",
        admin_ref="file:admin",
        hold_at_boot=False,
    )
