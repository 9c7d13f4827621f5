"""`guardian run`: hold the lock, open everything, and run until a signal says stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from guardian.config.shapes import Config
from guardian.journal.lock import InstanceLock
from guardian.runtime.control.requests import Operations
from guardian.runtime.control.telemetry import RuntimeTelemetry
from guardian.runtime.sanity.daily import Daily
from guardian.runtime.stack.hearing import open_hearing
from guardian.runtime.start.custody import DAY_SECONDS, RETRY_SECONDS, Custody
from guardian.runtime.start.daemon import Opened, announce, opened, set_timers
from guardian.runtime.start.doorway import RETRY_SECONDS as DOOR_SECONDS
from guardian.runtime.start.doorway import Doorway
from guardian.runtime.start.leftover import LOOK_SECONDS as LEFTOVER_SECONDS
from guardian.runtime.start.leftover import Leftover
from guardian.runtime.start.listings import LOOK_SECONDS as LISTINGS_SECONDS
from guardian.runtime.start.listings import Listings
from guardian.runtime.start.lookout import look_around
from guardian.runtime.start.reminder import LOOK_SECONDS, Reminder
from guardian.runtime.start.restore import shorten
from guardian.runtime.start.upkeep import LOOK_SECONDS as UPKEEP_SECONDS
from guardian.runtime.start.upkeep import Upkeep
from guardian.runtime.takeover import LOOK_SECONDS as TAKEOVER_SECONDS
from guardian.runtime.takeover import Takeover
from guardian.runtime.timers import Timers
from guardian.secrets import SecretReferences
from guardian.web.control import ControlSocket
from guardian.web.server import TelemetryServer

CONTROL_SOCKET = "control.sock"
DRAIN_SECONDS = 2.0


async def serve(config: Config, ready: Callable[[Opened], None], drops: bool = False) -> None:
    """Run until SIGTERM or SIGINT. An open incident is resumed by the next start; nothing is undone here.

    `drops`: also where the configuration lacks an account whose incident is open (start/lastgood.py).
    """
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with InstanceLock(config.state_dir):
        async with opened(config, drops=drops) as guardian:
            await _serve(guardian, ready)


async def _serve(guardian: Opened, ready: Callable[[Opened], None]) -> None:
    runtime, timers = guardian.runtime, Timers()
    telemetry = RuntimeTelemetry(runtime)
    secrets = SecretReferences(guardian.config.path.parent, vault=guardian.config.vault)
    hearing = open_hearing(guardian.config, runtime, secrets)
    listen, first = guardian.config.listen, guardian.resumption.fresh
    announce(guardian)
    doors = []
    if listen:
        server = TelemetryServer(listen, telemetry, hearing.listening)
        doors.append(Doorway(server, runtime, "web", "no metrics, probes and permits over HTTP"))
        await doors[0].open(must=first)
    takeover = Takeover(guardian.config.state_dir, guardian.journal, runtime)
    await takeover.at_start()
    await runtime.drain()
    shortening = shorten(runtime, guardian.resumption.folded)
    runtime.renew_permits()
    daily = Daily(guardian)
    operations = Operations(runtime, daily.answer)
    control = ControlSocket(guardian.config.state_dir / CONTROL_SOCKET, operations, telemetry)
    doors.append(Doorway(control, runtime, "control", "no command reaches guardian but `flatten --direct`"))
    await doors[-1].open(must=first)
    for door in doors:
        timers.every(DOOR_SECONDS, door.look, f"door {door.subject}")
    set_timers(guardian, timers)
    hearing.set_timers(timers)
    timers.every(TAKEOVER_SECONDS, takeover.look, "direct")
    lookouts = look_around(guardian, timers)
    upkeep, listings = _look_after(guardian, timers)
    daily.begin(timers)
    timers.start()
    for watch in runtime.watches.values():
        watch.poll()
    loop = asyncio.create_task(runtime.run(), name="loop")
    courier = asyncio.create_task(runtime.courier.run(), name="courier")
    ready(guardian)
    await _until_signalled(loop, courier, hearing.handing_on)
    timers.stop()
    daily.stop()  # Before the socket, which waits for whoever still waits for a report.
    for door in reversed(doors):
        await door.close()
    await hearing.close()
    for each in (*runtime.watches.values(), *lookouts, listings, takeover):
        each.stop()
    await runtime.performer.drain(DRAIN_SECONDS)
    loop.cancel()
    await runtime.drain()
    await runtime.courier.stop()
    courier.cancel()
    await runtime.committer.settle()
    await upkeep.finish()
    if shortening is not None:
        shortening.cancel()


def _look_after(guardian: Opened, timers: Timers) -> tuple[Upkeep, Listings]:
    """Bells for what guardian itself needs: its keys, the reminder of a drill, its journal's upkeep."""
    custody, upkeep = Custody(guardian), Upkeep(guardian)
    leftover = Leftover(guardian.runtime, guardian.config.state_dir)
    leftover.look()
    timers.every(LEFTOVER_SECONDS, leftover.look, "canary")
    timers.every(DAY_SECONDS, custody.look, "custody")
    timers.every(LOOK_SECONDS, Reminder(guardian.runtime).look, "drill")
    timers.every(UPKEEP_SECONDS, upkeep.look, "journal upkeep")
    custody.begin()
    timers.every(RETRY_SECONDS, custody.retry, "watch keys")
    listings = Listings(guardian.runtime, {a.name: a.poll for a in guardian.config.accounts})
    timers.every(LISTINGS_SECONDS, listings.look, "keys")
    listings.look()
    return upkeep, listings


async def _until_signalled(*vital: asyncio.Task[None]) -> None:
    """Return on a signal; raise if a vital task died, so that a supervisor restarts guardian."""
    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*vital, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in vital:
        if task in done:
            waiting.cancel()
            task.result()
