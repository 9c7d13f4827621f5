"""The courier: takes notifications from the outbox to the channels, and keeps trying.

Law: no action ever waits for it. Each channel is served by itself, at most one message a second; a message
leaves the outbox only when its channel has taken it or never will. Twice is possible, never is not.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from guardian.notify.backlog import Blame, Pace, plan_round, retry_seconds, told_again
from guardian.notify.routing import PAGERS, Router
from guardian.notify.waiting import Mark, OnTrouble, Troubles, Waiting
from guardian.ports import Channel, Clock, Delivery, Journal, Message, Outgoing

# One refused try is weather; this many in a row is a trouble that people hear of by other ways.
TROUBLE_AFTER_FAILURES = 3
REMEMBERED_RESOLVES = 10_000
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """The courier's clock, its way to wait, and its pace."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pace: Pace = field(default_factory=Pace)


@dataclass(slots=True)
class Lane:
    """One channel's own queue: a slow or dead channel delays no other."""

    channel: Channel
    next_send: datetime = LONG_AGO
    blocked_until: datetime = LONG_AGO
    failures: int = 0
    taken_at: datetime | None = None
    blame: Blame = field(default_factory=Blame)
    task: asyncio.Task[None] | None = None

    @property
    def pager(self) -> bool:
        return getattr(self.channel, "kind", "") in PAGERS


class Courier:
    """`run()` as a task until `stop()`. `sent` and `failed` count tries.

    `on_trouble(subject, detail, healed)` hears of a failing channel
    ("channel:NAME"), of a message that was given up, and of an outbox that cannot be used ("outbox").
    """

    def __init__(
        self,
        journal: Journal,
        channels: Sequence[Channel],
        router: Router,
        on_trouble: OnTrouble,
        timing: Timing,
    ) -> None:
        self._troubles = Troubles(on_trouble)
        self._waiting = Waiting(journal, self._troubles)
        self._router = router
        self._timing = timing
        self._lanes = {channel.name: Lane(channel) for channel in channels}
        self._resolved: dict[tuple[str, str], datetime] = {}
        self._poked = asyncio.Event()
        self._stopping = False
        self.sent = 0
        self.failed = 0

    def offer(self, channel: str, message: Message) -> None:
        """Send this although the journal could not keep it (it is lost if the process dies first)."""
        self._waiting.offer(channel, message)
        self.poke()

    def told_deaf(self, channel: str) -> None:
        """People were told that it cannot be used yet: the first message that it takes ends that."""
        self._troubles.told(f"channel:{channel}")

    def taken(self, channel: str) -> tuple[datetime | None, int]:
        """When the channel last took a message in this run, and how many tries it has refused since."""
        lane = self._lanes.get(channel)
        return (None, 0) if lane is None else (lane.taken_at, lane.failures)

    def poke(self) -> None:
        """Something new waits: look now instead of at the next round."""
        self._poked.set()

    async def run(self) -> None:
        """Serve all channels until `stop()`."""
        while not self._stopping:
            self._poked.clear()
            await self.look()
            await self._pause()

    async def stop(self) -> None:
        """End at once; what is under way stays in the outbox and is sent again at the next start."""
        self._stopping = True
        self._poked.set()
        for task in self._running():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def look(self) -> None:
        """One round: start a lane's work for every free channel that has something due."""
        now = self._timing.clock.now()
        rows: dict[str, list[Outgoing]] = defaultdict(list)
        for row in await self._waiting.due(now):
            rows[row.channel].append(row)
        for name, waiting in rows.items():
            lane = self._lanes.get(name)
            if lane is None:
                await self._give_up(name, waiting, "no such channel is configured")
            elif self._free(lane, now):
                lane.task = asyncio.create_task(self._serve(lane, waiting), name=f"courier {name}")

    async def settle(self) -> None:
        """Wait for the work that `look` has started."""
        await asyncio.gather(*self._running())

    def _running(self) -> list[asyncio.Task[None]]:
        return [lane.task for lane in self._lanes.values() if lane.task is not None and not lane.task.done()]

    async def _pause(self) -> None:
        waits = {
            asyncio.ensure_future(self._timing.sleep(self._timing.pace.look_seconds)),
            asyncio.ensure_future(self._poked.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _free(self, lane: Lane, now: datetime) -> bool:
        return now >= lane.blocked_until and (lane.task is None or lane.task.done())

    async def _serve(self, lane: Lane, rows: Sequence[Outgoing]) -> None:
        now = self._timing.clock.now()
        live = []
        for row in rows:
            if self._is_over(row):
                await self._waiting.mark(row, Mark(None))
            else:
                live.append(row)
        round_ = plan_round(live, now, self._timing.pace, lane.pager, lane.blame)
        for row in round_.single:
            if not await self._deliver(lane, row):
                return
        await self._deliver_digest(lane, round_.collapsed, round_.digest)

    def _is_over(self, row: Outgoing) -> bool:
        """A trigger whose resolve this channel already has would open a closed incident again."""
        ended = self._resolved.get((row.channel, row.message.key))
        return ended is not None and row.message.notification == "trigger" and row.message.at <= ended

    async def _deliver(self, lane: Lane, row: Outgoing) -> bool:
        """Send one message and write down what became of it; False when the channel should be left alone."""
        repeat = self._router.repeat_seconds(row.channel, row.message)
        message = told_again(row.message, self._timing.clock.now(), repeat)
        delivery = await self._send(lane, message)
        if delivery.ok:
            self._remember(row)
            until = None if repeat is None else self._timing.clock.now() + timedelta(seconds=repeat)
            await self._waiting.mark(row, Mark(until))
            return True
        if not delivery.retryable:
            await self._give_up(row.channel, [row], delivery.detail)
            return True
        until = self._block(lane, row, delivery)
        await self._waiting.mark(row, Mark(until, delivery.detail or "failed"))
        return False

    async def _deliver_digest(self, lane: Lane, rows: Sequence[Outgoing], digest: Message | None) -> None:
        if digest is not None:
            delivery = await self._send(lane, digest)
            if not delivery.ok and delivery.retryable:
                # The rows stay due and are collapsed anew, with whatever has joined them.
                self._block(lane, rows[0], delivery)
                return
            if not delivery.ok:
                await self._give_up(lane.channel.name, rows, delivery.detail)
                return
        for row in rows:
            self._remember(row)
            await self._waiting.mark(row, Mark(None))

    async def _send(self, lane: Lane, message: Message) -> Delivery:
        """One try within the channel's rate; a channel that breaks its promise not to raise only fails."""
        pace = self._timing.pace
        wait = (lane.next_send - self._timing.clock.now()).total_seconds()
        if wait > 0:
            await self._timing.sleep(wait)
        try:
            async with asyncio.timeout(pace.send_seconds):
                delivery = await lane.channel.send(message)
        except TimeoutError:
            delivery = Delivery(False, detail=f"no answer within {pace.send_seconds:g} s")
        except Exception as error:  # The text may quote an address; the class says enough to look for it.
            delivery = Delivery(False, detail=f"broken channel: {type(error).__name__}")
        lane.next_send = self._timing.clock.now() + timedelta(seconds=pace.gap_seconds)
        self.sent += delivery.ok
        self.failed += not delivery.ok
        if delivery.ok:
            lane.failures, lane.taken_at = 0, self._timing.clock.now()
            lane.blame.taken(message.key)
            self._troubles.end(f"channel:{lane.channel.name}")
        return delivery

    def _block(self, lane: Lane, row: Outgoing, delivery: Delivery) -> datetime:
        """Leave the channel alone for as long as it asked, or longer each time."""
        lane.blame.refused(row.message.key)
        lane.failures += 1
        if lane.failures >= TROUBLE_AFTER_FAILURES:
            self._troubles.begin(f"channel:{lane.channel.name}", delivery.detail)
        pace = self._timing.pace
        told = delivery.retry_after_s
        tries = max(row.attempts, lane.failures - 1)
        own = retry_seconds(pace, Outgoing(row.id, row.channel, row.message, tries))
        wait = own if told is None else max(told, pace.gap_seconds)
        lane.blocked_until = self._timing.clock.now() + timedelta(seconds=wait)
        return lane.blocked_until

    async def _give_up(self, channel: str, rows: Sequence[Outgoing], why: str) -> None:
        self._troubles.begin(f"channel:{channel}", f"{len(rows)} message(s) refused for good: {why}")
        for row in rows:
            await self._waiting.mark(row, Mark(None, why or "refused", abandoned=True))

    def _remember(self, row: Outgoing) -> None:
        if row.message.notification != "resolve":
            return
        self._resolved[(row.channel, row.message.key)] = row.message.at
        if len(self._resolved) > REMEMBERED_RESOLVES:
            del self._resolved[next(iter(self._resolved))]
