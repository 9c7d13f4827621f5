"""Sets the stage: venue, receivers, bot and guardian, each a process of its own, and takes it down again.

Nothing that this file starts outlives it, however it ends; nothing else is ever touched. Secrets travel in
files of mode 0600, never in an argument.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from guardian.demo.folder import ACCOUNT, Folder, forget_keys, fresh, write_config, write_keys, write_secret
from guardian.demo.plain import Screen
from guardian.demo.receivers import Receivers
from guardian.demo.referee import Referee
from guardian.demo.samples import Status, account_of
from guardian.demo.troupe import Actor, Troupe
from guardian.errors import GuardianError

VENUE_SECONDS = 15.0
WARM_SECONDS = 25.0
LATENCY = "8ms"


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be played: everything by chance follows from `seed`; `seconds` is what the hour becomes."""

    seed: int
    out: Path
    seconds: float = 40.0

    @property
    def title(self) -> str:
        return f"guardian demo, seed {self.seed}: the hour of 2021-05-19 in {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Stage:
    """The running cast. `daemon` is guardian's own process."""

    folder: Folder
    troupe: Troupe
    receivers: Receivers
    referee: Referee
    bot: Actor
    daemon: Actor
    eyes: Eyes


class Eyes:
    """Asks guardian for its status over its control socket."""

    def __init__(self, socket: Path) -> None:
        # A socket's path is at most 107 bytes long, and the shorter of both forms may still fit.
        path = min(str(socket), os.path.relpath(socket), key=len)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=path), timeout=aiohttp.ClientTimeout(total=2.0)
        )

    async def status(self) -> Status | None:
        """Guardian's answer, or None while it gives none."""
        try:
            async with self._session.get("http://guardian/v1/status") as answer:
                status: Status | None = await answer.json() if answer.status == 200 else None
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
            return None
        return status

    async def close(self) -> None:
        await self._session.close()


@asynccontextmanager
async def set_up(script: Script, screen: Screen) -> AsyncIterator[Stage]:
    """Everything running and guardian armed and warm; on leaving, all of it is ended and the keys removed.

    Raises GuardianError, with the last lines of the log concerned, when a part does not start.
    """
    folder = fresh(script.out / f"run-{script.seed}")
    troupe = Troupe(folder.root)
    receivers = Receivers(*_channel_secrets(script.seed))
    closing: list[Any] = []
    try:
        await receivers.start()
        venue = await _start_venue(troupe, script.seed)
        _write(folder, venue, receivers, script.seed)
        screen.say(f"simulated {venue['face']} venue at {venue['url']}, seed {venue['seed']}")
        account = venue["accounts"][0]
        referee = Referee(venue["url"], account["name"], account["bot"]["key"], account["bot"]["secret"])
        eyes = Eyes(folder.socket)
        closing += [referee, eyes]
        bot = await troupe.start("bot", _bot_arguments(venue["url"]))
        daemon = await troupe.start("guardian", ["guardian", "run", "--config", str(folder.config)])
        await _arm(troupe, folder, daemon, eyes)
        await _warm(daemon, eyes)
        screen.say("guardian is armed and warm; the bot trades")
        yield Stage(folder, troupe, receivers, referee, bot, daemon, eyes)
    finally:
        for part in closing:
            await part.close()
        await troupe.stop_all()
        await receivers.stop()
        forget_keys(folder)


def _channel_secrets(seed: int) -> tuple[str, str]:
    """A webhook path and a routing key, made up for this run."""
    draw = random.Random(f"channels {seed}")
    letters = string.ascii_letters + string.digits
    path = f"T{seed}/B{seed}/" + "".join(draw.choices(letters, k=24))
    return path, "".join(draw.choices(letters, k=32))


async def _start_venue(troupe: Troupe, seed: int) -> Mapping[str, Any]:
    arguments = ["guardian", "venue", "serve", "--face", "bybit", "--seed", str(seed), "--accounts", "1"]
    arguments += ["--positions", "5", "--limits", "on", "--latency", LATENCY]
    actor = await troupe.start("venue", arguments, pipe=True)
    assert actor.process.stdout is not None
    try:
        # This line holds the keys: it is read here and never reaches a log.
        line = await asyncio.wait_for(actor.process.stdout.readline(), VENUE_SECONDS)
        venue: Mapping[str, Any] = json.loads(line)
    except (TimeoutError, ValueError):
        raise GuardianError(
            f"the simulated venue did not start; {actor.log} ends:\n{actor.last_words()}"
        ) from None
    troupe.drain(actor)
    return venue


def _write(folder: Folder, venue: Mapping[str, Any], receivers: Receivers, seed: int) -> None:
    account = venue["accounts"][0]
    write_keys(folder, account)
    write_secret(folder.key("slack"), receivers.slack_url)
    write_secret(folder.key("pagerduty"), _channel_secrets(seed)[1])
    write_config(folder, venue["url"], account["bot"]["key"], receivers.pagerduty_base)


def _bot_arguments(url: str) -> list[str]:
    return [
        "guardian.demo.bot",
        *("--keys", "keys/bot.json"),
        *("--url", url),
        *("--pidfile", "bot.pid"),
        *("--log", "logs/bot.jsonl"),
    ]


async def _arm(troupe: Troupe, folder: Folder, daemon: Actor, eyes: Eyes) -> None:
    """Armed through the daemon, so only once it answers; the drill is waived, and the journal says why."""
    await _until(daemon, eyes, lambda account: True, "did not answer on its control socket")
    arguments = ["guardian", "arm", ACCOUNT, "--config", str(folder.config), "--confirm", ACCOUNT]
    code, output = await troupe.ask("arm", [*arguments, "--accept-undrilled", "demo"])
    if code != 0:
        words = (folder.log("arm.log").read_text(errors="replace") + output).strip()
        raise GuardianError(f"guardian arm ended with {code}:\n{words}")


async def _warm(daemon: Actor, eyes: Eyes) -> None:
    await _until(daemon, eyes, is_warm, "was not armed and warm")


def is_warm(account: Mapping[str, Any]) -> bool:
    """Whether every armed rule has a baseline and guardian may act."""
    verdicts = [rule["verdict"] for rule in account["rules"] if rule["armed"]]
    return bool(verdicts) and account["armed"] and "warming" not in verdicts


async def _until(daemon: Actor, eyes: Eyes, good: Any, complaint: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WARM_SECONDS
    while loop.time() < deadline and not daemon.ended.is_set():
        account = account_of(await eyes.status())
        if account is not None and good(account):
            return
        await asyncio.sleep(0.1)
    ended = f"ended with {daemon.code}" if daemon.ended.is_set() else complaint
    raise GuardianError(f"guardian {ended}; {daemon.log} ends:\n{daemon.last_words()}")
