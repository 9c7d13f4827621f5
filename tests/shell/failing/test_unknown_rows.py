"""A ledger that speaks of what guardian does not know: its rows are booked, and people are told of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from guardian.core.effects import Notify
from guardian.core.events import Event, SnapshotTaken, Troubled
from guardian.core.model import LedgerEntry, Snapshot
from guardian.ports import KeyAudit
from guardian.runtime.watch import Watch
from tests.core import build


class Clock:
    def now(self) -> datetime:
        return build.START


class Eyes:
    def __init__(self) -> None:
        self.shown: Snapshot = build.read(0)

    async def snapshot(self) -> Snapshot:
        return self.shown

    async def audit(self) -> KeyAudit:
        return KeyAudit("watch-key")

    async def close(self) -> None:
        return None


def strange(id: str, word: str) -> LedgerEntry:
    return replace(build.row(id, -1), unknown_type=word)


async def told(*reads: tuple[str, ...]) -> list[Event]:
    """What a watch posts whose reads bring rows of these types, and one known row each."""
    eyes, events = Eyes(), list[Event]()
    watch = Watch(build.ACCOUNT, eyes, Clock(), events.append)
    for number, words in enumerate(reads):
        rows = [strange(f"{number}-{i}", word) for i, word in enumerate(words)]
        eyes.shown = replace(build.read(number), ledger=(build.row(f"known-{number}", 1), *rows))
        watch.poll()
        await asyncio.gather(*watch._reads)
        await asyncio.sleep(0)
    return events


async def test_each_type_is_told_once_and_only_so_many() -> None:
    events = await told(("NEW",), ("NEW", "OLD"), (), tuple(f"T{i}" for i in range(30)))

    subjects = [event.subject for event in events if isinstance(event, Troubled)]
    assert subjects[:2] == ["ledger type NEW", "ledger type OLD"]
    assert len(subjects) == 8 == len(set(subjects))
    assert sum(isinstance(event, SnapshotTaken) for event in events) == 4


async def test_people_are_paged_and_nothing_else_is_done() -> None:
    desk = build.Desk(build.rule())
    for event in await told((), ("NEW",), ("NEW",)):
        desk.send(event)

    notices = [effect for effect in desk.effects if isinstance(effect, Notify)]
    assert ("ledger type NEW",) == desk.account.troubles
    assert 1 == sum("ledger type NEW" in notice.title for notice in notices)
    assert 100.0 == desk.nav
