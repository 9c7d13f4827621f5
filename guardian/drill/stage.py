"""The rehearsal's stage: venue, receiver, bot and guardian, each of them ended when the stage is left."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from guardian.config.shapes import AccountConfig, Config
from guardian.drill.copy import Place, write_copy
from guardian.errors import GuardianError
from guardian.sim.launch import start_venue
from guardian.web.client import ControlClient, UnreachableError

START_S = 30.0
LOOK_S = 0.1
PATIENCE_S = 6.0


@dataclass
class Receiver:
    """Stands in for every channel: takes each message and remembers when it came."""

    received: list[datetime] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Receiver]:
        app = web.Application()
        app.router.add_post("/services/{name}", self._slack)
        app.router.add_post("/v2/enqueue", self._pagerduty)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _slack(self, request: web.Request) -> web.Response:
        await request.read()
        self.received.append(datetime.now(UTC))
        return web.Response(text="ok")

    async def _pagerduty(self, request: web.Request) -> web.Response:
        await request.read()
        self.received.append(datetime.now(UTC))
        return web.json_response({"status": "success"}, status=202)


@dataclass
class Stage:
    """Everything that runs. `bot_key` is the public id of the simulated bot's key."""

    place: Place
    receiver: Receiver
    venue: aiohttp.ClientSession
    bot_key: str
    name: str
    guardian: asyncio.subprocess.Process
    bot: asyncio.subprocess.Process

    async def truth(self) -> Mapping[str, Any]:
        """The venue's own books, with every request that it has received."""
        async with self.venue.get("/_sim/truth") as answer:
            page: Mapping[str, Any] = await answer.json()
        return page

    async def books(self) -> Mapping[str, Any]:
        """The account in the venue's books."""
        async with self.venue.get("/_sim/truth?since=1000000000") as answer:
            account: Mapping[str, Any] = (await answer.json())["accounts"][0]
        return account

    async def move(self, prices: Mapping[str, str]) -> None:
        async with self.venue.post("/_sim/price", json={"prices": prices}) as answer:
            if answer.status != 200:
                raise GuardianError(f"the simulated venue refused the price: {await answer.text()}")

    async def account(self) -> Mapping[str, Any] | None:
        """Guardian's own word, None while it gives none."""
        if self.guardian.returncode is not None:
            said = (self.place.root / "guardian.log").read_text()[-1500:]
            raise GuardianError(f"guardian run ended with {self.guardian.returncode}:\n{said}")
        try:
            status = await self.control.status()
        except UnreachableError:
            return None
        return next(iter(status["accounts"]), None)

    @property
    def control(self) -> ControlClient:
        return ControlClient(self.place.root / "state" / "control.sock")

    async def until(self, good: Callable[[Mapping[str, Any]], bool], seconds: float) -> Mapping[str, Any]:
        """The first account that is good. Raises TimeoutError when there is none in time."""
        async with asyncio.timeout(seconds):
            while True:
                account = await self.account()
                if account is not None and good(account):
                    return account
                await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def set_up(config: Config, account: AccountConfig, seed: int) -> AsyncIterator[Stage]:
    """Running, not yet armed. Raises GuardianError when a part does not start."""
    arguments = ["--seed", str(seed), "--positions", "5", "--latency", "8ms", "--limits", "on"]
    async with AsyncExitStack() as stack:
        # A short path: a socket's has at most 107 bytes.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gdn-"))
        venue = await asyncio.to_thread(start_venue, arguments)
        stack.push_async_callback(asyncio.to_thread, venue.stop)
        receiver = await stack.enter_async_context(Receiver().open())
        session = await stack.enter_async_context(aiohttp.ClientSession(venue.url))
        place = Place(Path(folder), venue.url, venue.accounts[0], receiver.url)
        write_copy(config, account, place)
        yield await stack.enter_async_context(_playing(place, session, receiver, account.name))


@asynccontextmanager
async def _playing(
    place: Place, session: aiohttp.ClientSession, receiver: Receiver, name: str
) -> AsyncIterator[Stage]:
    bot_arguments = ("guardian.drill.bot", place.venue_url, "bot.json", "bot.pid", "BTC/USDT:USDT")
    bot = await _start(place, "bot", bot_arguments)
    guardian = await _start(place, "guardian", ("guardian", "run", "--config", str(place.config)))
    key = str(place.keys["bot"]["key"])
    stage = Stage(place, receiver, session, key, name, guardian, bot)
    try:
        try:
            await stage.until(lambda account: True, START_S)
        except TimeoutError:
            raise GuardianError(f"the rehearsal's guardian did not answer within {START_S:g} s") from None
        yield stage
    finally:
        for process in (guardian, bot):
            await _stop(process)


async def _start(place: Place, name: str, arguments: tuple[str, ...]) -> asyncio.subprocess.Process:
    """In a session of its own, so that Ctrl-C is ours alone; its output goes to a log beside it."""
    with (place.root / f"{name}.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments),
            cwd=place.root,
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Without what would send a child to the real configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUARDIAN_")}
    here = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (here, kept.get("PYTHONPATH", ""))))
    return kept
