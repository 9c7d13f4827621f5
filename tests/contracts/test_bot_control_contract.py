"""What every BotControl promises: a report for everything, safe to repeat, and honest about not knowing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from guardian.config.shapes import ProcessHalt, WebhookHalt
from guardian.core.events import Outcome
from guardian.halt import open_halt
from guardian.ports import BotControl
from guardian.secrets import SecretReferences
from guardian.sim.ports.outside import SimBotControl
from guardian.sim.world.seed import Seeding, seed_world
from tests.contracts.simulated import Seeded, Told, stand_of

Bot = Callable[[Path, bool], AbstractAsyncContextManager[BotControl]]
"""A control and its bot, which is there (True) or was never started (False)."""

STOPPED = {Outcome.DONE, Outcome.GONE}


async def stops_a_bot_that_is_there(bot: Bot, folder: Path) -> None:
    async with bot(folder, True) as control:
        asked = await control.ask("acc", "episode-1")
        forced = await control.force("acc", "episode-1")

    assert asked.outcome is Outcome.DONE
    assert forced.outcome in STOPPED


async def may_be_repeated(bot: Bot, folder: Path) -> None:
    """Plans are made anew from each snapshot: the same goal is asked for again and again."""
    async with bot(folder, True) as control:
        reports = [await control.ask("acc", "episode-1") for _ in range(3)]
        reports += [await control.force("acc", "episode-1") for _ in range(2)]

    assert {report.outcome for report in reports} <= STOPPED


async def never_claims_to_have_reached_a_bot_that_is_not_there(bot: Bot, folder: Path) -> None:
    async with bot(folder, False) as control:
        reports = [await control.ask("acc", "episode-1"), await control.force("acc", "episode-1")]

    assert all(report.outcome is not Outcome.DONE for report in reports)
    assert all(report.code and report.detail for report in reports)


async def has_a_stable_name(bot: Bot, folder: Path) -> None:
    async with bot(folder, True) as control:
        name = control.name
        await control.ask("acc", "episode-1")

        assert name
        assert control.name == name


PROMISES: list[Callable[[Bot, Path], Awaitable[None]]] = [
    stops_a_bot_that_is_there,
    may_be_repeated,
    never_claims_to_have_reached_a_bot_that_is_not_there,
    has_a_stable_name,
]


@asynccontextmanager
async def process(folder: Path, there: bool) -> AsyncIterator[BotControl]:
    config = ProcessHalt(folder / "bot.pid", 1.0)
    program = "import signal,time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    control = open_halt(config, SecretReferences(folder))
    if not there:
        yield control
        return
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    await child.stdout.readline()
    config.pidfile.write_text(str(child.pid))
    try:
        yield control
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        await control.close()


@asynccontextmanager
async def webhook(folder: Path, there: bool) -> AsyncIterator[BotControl]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    (folder / "hook").write_text("secret")
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if not there:
        server.close()
        await server.wait_closed()
    config = WebhookHalt(f"http://127.0.0.1:{port}/halt", "file:hook", 1.0)
    control = open_halt(config, SecretReferences(folder))
    try:
        yield control
    finally:
        await control.close()
        server.close()


@asynccontextmanager
async def simulator(folder: Path, there: bool) -> AsyncIterator[BotControl]:
    if not there:
        pytest.skip("the simulator's bot always hears its switch: see docs/safety.md, what is not covered")
    yield SimBotControl(stand_of(Seeded(*seed_world(7, Seeding(), 1_767_225_600_000)), Told()))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("bot", [process, webhook, simulator])
async def test_bot_controls_keep(
    promise: Callable[[Bot, Path], Awaitable[None]], bot: Bot, tmp_path: Path
) -> None:
    await promise(bot, tmp_path)
