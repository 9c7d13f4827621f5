"""One life of the guardian process: built from what the disk has, killed at any moment, never asked to end.

Everything that decides is the live code: runtime, performer, watches, committer, permits, courier and core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardian.config.shapes import ChannelConfig, Route, Routes
from guardian.core.effects import Effect
from guardian.core.events import Configured, Event
from guardian.core.model import Level, Rule
from guardian.core.policy import AccountPolicy, HaltTarget
from guardian.core.state import AccountState, State
from guardian.notify.backlog import Pace
from guardian.notify.outbox import Courier, Timing
from guardian.notify.routing import Router
from guardian.ports import Channel
from guardian.runtime.beside import ActivityWatch, Seat
from guardian.runtime.clock import SystemClock
from guardian.runtime.desk import AccountDesk
from guardian.runtime.loop import Parts, Runtime, permits_of
from guardian.runtime.start.assemble import booked_to
from guardian.runtime.start.daemon import greet
from guardian.runtime.start.restore import fold
from guardian.runtime.timers import PERMIT_SECONDS, TICK_SECONDS
from guardian.sim.actors.bot import PREFIX
from guardian.sim.ports.ears import Ears
from guardian.sim.ports.history import SimHistory
from guardian.sim.ports.journal import Disk, SimJournal
from guardian.sim.ports.keys import SimKeyAdmin
from guardian.sim.ports.outside import SimBotControl, SimChannel, SimPermits, SimSecrets
from guardian.sim.ports.reader import FLOWS_SECONDS, SimReader
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.trader import SimTrader
from guardian.sim.ports.weather import Weather

INSTANCE = "sim"
CHECKPOINT_EVERY = 60
ACTIVITY_SECONDS = 5.0
ROUTES = Routes(
    (ChannelConfig("ops", "slack", ""), ChannelConfig("page", "pagerduty", "")),
    (Route(Level.CAUTION, ("ops",)), Route(Level.HALT, ("ops", "page"), repeat_seconds=30.0)),
)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What outlives a process: the world's stands, the disk, the weather, and who looks on."""

    stands: Mapping[str, Stand]
    rules: tuple[Rule, ...]
    disk: Disk
    weather: Weather
    machine: Callable[[], datetime]
    ears: Ears


class WatchedRuntime(Runtime):
    """The live runtime; `ears` hear each step's state, event and effects."""

    ears: Ears
    _before: State

    async def _handle(self, event: Event) -> None:
        self._before = self.state
        await super()._handle(event)

    async def _commit(self, event: Event, effects: tuple[Effect, ...]) -> None:
        self.ears.decided(self._before, event, self.state, effects)
        await super()._commit(event, effects)


class Life:
    """From `start` to `kill`. `state` is what this process knows."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lookouts: list[ActivityWatch] = []
        self._told = any(stand.plan.strategies for stand in grounds.stands.values())
        loop = asyncio.get_running_loop()
        self.clock = SystemClock(loop.time, grounds.machine)
        self.journal = SimJournal(grounds.disk, grounds.weather)
        restored = grounds.disk.restored()
        state, self.problem = fold(restored.checkpoint, restored.bodies)
        if state.now is not None:
            self.clock.raise_to(state.now)
        permits = SimPermits(grounds.machine)
        permits.adopt(permits_of(state))
        desks = {s.name: self._desk(s, state) for s in grounds.stands.values()}
        parts = Parts(self.clock, self.journal, desks, permits, Router(ROUTES, INSTANCE), CHECKPOINT_EVERY)
        self.runtime = WatchedRuntime(parts, state, self._courier)
        self.runtime.ears = grounds.ears

    def _desk(self, stand: Stand, state: State) -> AccountDesk:
        plan = stand.plan
        known = state.account(stand.name)
        begin = booked_to(known, FLOWS_SECONDS)
        rows = None if begin is None else _booked(stand, known, self.clock.now() - begin)
        return AccountDesk(
            name=stand.name,
            reader=SimReader(stand, self.clock, rows),
            trader=SimTrader(stand, self._grounds.ears) if plan.hands else None,
            admin=SimKeyAdmin(stand, self.clock, self._grounds.ears) if plan.admin else None,
            bots={"bot": SimBotControl(stand)} if plan.halt else {},
            secrets=SimSecrets(stand),
            hands_ref="hands" if plan.hands else None,
            admin_ref="admin" if plan.admin else None,
            hold_at_boot=plan.hold_at_boot,
            history=self._history(stand, known) if self._told else None,
        )

    def _history(self, stand: Stand, known: AccountState | None) -> SimHistory:
        """It goes on where the newest good answer ended, as the daemon's does."""
        doings = known.doings if known is not None else None
        told = None if doings is None else doings.filled_at or doings.since
        ago = None if told is None else (self.clock.now() - told) / timedelta(milliseconds=1)
        return SimHistory(stand, self._grounds.machine, None if ago is None else stand.now_ms() - ago)

    def _courier(self, runtime: Runtime) -> Courier:
        ears, weather = self._grounds.ears, self._grounds.weather
        channels: list[Channel] = [
            SimChannel(channel.name, channel.kind, weather, ears) for channel in ROUTES.channels
        ]
        pace = Pace(look_seconds=1.0)
        return Courier(
            self.journal, channels, Router(ROUTES, INSTANCE), runtime.trouble, Timing(self.clock, pace=pace)
        )

    def start(self) -> None:
        loop, runtime = asyncio.get_running_loop(), self.runtime
        policies = tuple(policy_of(stand) for stand in self._grounds.stands.values())
        greet(runtime, Configured(self.clock.now(), INSTANCE, "sim", policies, self._grounds.rules))
        self._tasks = [loop.create_task(runtime.run()), loop.create_task(runtime.courier.run())]
        for stand in self._grounds.stands.values():
            watch = runtime.watches[stand.name]
            watch.poll()
            self._every(stand.plan.poll_seconds, watch.poll)
            if self._told:
                watch.on_moved = self._look_out(stand).soon
        self._every(TICK_SECONDS, runtime.tick)
        self._every(PERMIT_SECONDS, runtime.renew_permits)

    def _look_out(self, stand: Stand) -> ActivityWatch:
        """Ask what was traded, as the daemon does: by a bell, and after a read that shows a move."""
        runtime, desk = self.runtime, self.runtime.parts.desks[stand.name]
        seat = Seat(stand.name, self.clock, runtime.post)
        lookout = ActivityWatch(seat, lambda: desk.history, self._grounds.machine)
        self._lookouts.append(lookout)
        lookout.poll()
        self._every(ACTIVITY_SECONDS, lookout.poll)
        return lookout

    def _every(self, seconds: float, job: Callable[[], object]) -> None:
        loop, number = asyncio.get_running_loop(), len(self._timers)

        def ring() -> None:
            job()
            self._timers[number] = loop.call_later(seconds, ring)

        self._timers[number] = loop.call_later(seconds, ring)

    def fail(self) -> None:
        """Raise what has ended the runtime, or who listens to it: neither ever ends by itself."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def kill(self, spared: Iterable[asyncio.Task[object]]) -> None:
        """As SIGKILL does: nothing is finished, nothing is taken back."""
        self.journal.dead = True
        for timer in self._timers.values():
            timer.cancel()
        for lookout in self._lookouts:
            lookout.stop()
        kept = set(spared)
        for task in asyncio.all_tasks():
            if task not in kept:
                task.cancel()

    @property
    def state(self) -> State:
        return self.runtime.state


def _booked(stand: Stand, known: AccountState | None, ago: timedelta) -> int:
    """Where a restarted reader goes on, as the daemon's does; never before the wallet that began the NAV.

    Late rows come again, and the core counts each once.
    """
    since = stand.now_ms() - ago / timedelta(milliseconds=1)
    late = [n for n, row in enumerate(stand.books.ledger) if row.at >= since]
    nav = None if known is None else known.nav
    began = stand.shown.get(nav.since, 0) if nav is not None and nav.since else 0
    return max(began, min(late, default=len(stand.books.ledger)))


def policy_of(stand: Stand) -> AccountPolicy:
    """The account as a configuration would describe it."""
    plan = stand.plan
    return AccountPolicy(
        name=plan.name,
        venue=plan.venue,
        currency="USDT",
        has_hands=plan.hands,
        has_admin=plan.admin,
        own_keys=tuple(key.id for key in stand.keys.values()),
        bot_keys=(stand.bot_key.id,) if plan.named_keys else (),
        secret_ref="bot" if plan.admin else "",
        order_prefixes=tuple(each.prefix for each in plan.strategies if each.named) or (PREFIX,),
        halt_targets=(HaltTarget("bot", 5.0),) if plan.halt else (),
        flatten_deadline_seconds=60.0,
        slippage=0.02,
        snapshot_seconds=plan.poll_seconds,
        mandate=plan.mandate,
    )
