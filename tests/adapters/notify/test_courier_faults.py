"""The courier when the journal's disk fails, when channels vanish, and when it runs on real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guardian.journal import Origin, SqliteJournal
from guardian.notify import Courier, Pace, Router, Timing, waiting
from guardian.notify.backlog import retry_seconds
from guardian.ports import Delivery, Outgoing
from tests.adapters.notify.desk import ROUTES, Desk, Receiver, World, message


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path / "j.db")
    yield desk
    await desk.courier.stop()
    await desk.journal.close()


class DeadJournal:
    """A journal whose disk is gone; `readable` is a disk that is full."""

    def __init__(self, real: SqliteJournal, readable: bool = False) -> None:
        self.real = real
        self.readable = readable

    async def due(self, now: datetime, limit: int = 20) -> tuple[Outgoing, ...]:
        if not self.readable:
            raise OSError(5, "Input/output error")
        return await self.real.due(now, limit)

    async def broken(self, *_: object) -> None:
        raise OSError(28, "No space left on device")

    delivered = postpone = abandon = broken


async def test_offered_messages_arrive_while_the_journal_is_down(desk: Desk) -> None:
    """A dead disk must not silence the alert about the dead disk."""
    dead: Any = DeadJournal(desk.journal)
    courier = Courier(
        dead,
        [desk.ops],
        Router(ROUTES, "d"),
        lambda subject, _, healed: desk.troubles.append((subject, healed)),
        Timing(desk.world, desk.world.sleep),
    )
    desk.ops.answers = [Delivery(False, True, None, "http-503")]
    courier.offer("ops", message("disk is dead"))

    for _ in range(4):
        await courier.look()
        await courier.settle()
        desk.world.later(2)

    assert desk.ops.titles == ["disk is dead"]
    assert desk.troubles == [("outbox", False)]


class Hanging:
    """Nothing that the journal is asked is ever answered, until it is released."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._free = asyncio.Event()

    def release(self) -> None:
        self._free.set()

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any) -> Any:
            await self._free.wait()
            return await getattr(self._journal, name)(*args)

        return call


async def test_a_journal_that_hangs_holds_up_no_message_and_what_it_wrote_late_is_told_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "JOURNAL_SECONDS", 0.02)
    journal: Any = Hanging(desk.journal)
    courier = desk.courier
    courier._waiting._journal = journal
    flat = message("flat", level="CAUTION")

    courier.offer("ops", flat)
    await desk.round()
    assert desk.ops.titles == ["flat"]

    await desk.queue(flat)
    journal.release()
    await courier._waiting._hanging
    await desk.rounds(10)

    assert desk.ops.titles == ["flat"]
    assert await desk.waiting() == []


async def test_two_questions_at_once_are_no_disk_that_hangs(desk: Desk) -> None:
    """A lane notes what it has sent while the next look is being read."""
    await desk.queue(message("a"), message("b"))
    slow: Any = Hanging(desk.journal)
    outbox = desk.courier._waiting
    outbox._journal = slow

    asked = [asyncio.create_task(outbox.due(desk.world.now())) for _ in range(2)]
    await asyncio.sleep(0)
    slow.release()
    rows = await asyncio.gather(*asked)

    assert [len(found) for found in rows] == [2, 2]
    assert desk.troubles == []


async def test_a_full_disk_sends_nothing_twice_and_retries_what_failed(desk: Desk) -> None:
    """What could not be written down is remembered until it can be."""
    await desk.queue(message("a"), message("b"))
    full: Any = DeadJournal(desk.journal, readable=True)
    desk.courier._waiting._journal = full
    desk.ops.answers = [Delivery(True), Delivery(False, True, None, "http-503")]

    await desk.rounds(10)
    sent = desk.ops.titles
    desk.courier._waiting._journal = desk.journal
    await desk.round()

    assert sent == ["a", "b"]
    assert desk.ops.titles == ["a", "b"]
    assert await desk.waiting() == []
    assert desk.troubles == [("outbox", False), ("outbox", True)]


async def test_a_channel_that_is_no_longer_configured_is_told_as_trouble(desk: Desk) -> None:
    await desk.queue(message("a"), to="removed")

    await desk.round()

    assert desk.troubles == [("channel:removed", False)]
    assert await desk.waiting() == []


async def test_running_until_stopped_delivers_what_is_poked(tmp_path: Path) -> None:
    """With real time: a poke is served at once, not at the next round."""

    class Wall:
        def now(self) -> datetime:
            return datetime.now(UTC)

    journal, world = SqliteJournal(tmp_path / "j.db", Origin("d")), World()
    ops = Receiver("ops", world)
    timing = Timing(Wall(), pace=Pace(look_seconds=30))
    courier = Courier(journal, [ops], Router(ROUTES, "d"), lambda *_: None, timing)
    running = asyncio.create_task(courier.run())
    await asyncio.sleep(0.05)

    courier.offer("ops", message("now", at=datetime.now(UTC)))
    await asyncio.wait_for(ops.served.wait(), 2)
    await courier.stop()
    await asyncio.wait_for(running, 2)
    await journal.close()

    assert ops.titles == ["now"]


def test_retries_double_to_a_minute_with_a_jitter_that_replays() -> None:
    pace = Pace()
    waits = [retry_seconds(pace, Outgoing(1, "ops", message("a"), n)) for n in range(12)]
    again = [retry_seconds(pace, Outgoing(1, "ops", message("a"), n)) for n in range(12)]

    assert waits == again
    assert all(0.75 * min(60, 2**n) <= wait <= min(60, 2**n) for n, wait in enumerate(waits))
    assert len({wait / min(60, 2**n) for n, wait in enumerate(waits)}) > 6
