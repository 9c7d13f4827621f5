"""A whole runtime on the simulated venue, without a socket, and its daily checks by their names."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from guardian.config import load_config
from guardian.runtime.checkup.line import Level as Mark
from guardian.runtime.checkup.line import Line
from guardian.runtime.sanity.look import look_over
from guardian.runtime.start.daemon import Opened, announce, opened, set_timers
from guardian.runtime.start.lookout import look_around
from guardian.runtime.timers import Timers
from tests.integration.troupe import Desk

Lines = dict[str, list[Line]]


@contextlib.asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Opened]:
    """As `serve` runs it, without a socket, until the account has been read."""
    config = load_config(desk.config)
    config.state_dir.mkdir(exist_ok=True)
    async with opened(config) as guardian:
        runtime, timers = guardian.runtime, Timers()
        announce(guardian)
        await runtime.drain()
        set_timers(guardian, timers)
        lookouts = look_around(guardian, timers)
        timers.start()
        loop = asyncio.create_task(runtime.run())
        try:
            await until(lambda: runtime.state.accounts[0].nav is not None)
            runtime.renew_permits()
            await asyncio.sleep(0.05)
            yield guardian
        finally:
            timers.stop()
            await asyncio.sleep(0.02)  # Reads that were only just asked begin, so that they can be ended.
            for each in (*runtime.watches.values(), *lookouts):
                each.stop()
            loop.cancel()
            await runtime.committer.settle()


async def until(good: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not good():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def looked(guardian: Opened) -> Lines:
    found: Lines = {}
    for line in await look_over(guardian):
        found.setdefault(line.check, []).append(line)
    assert all(line.fix for lines in found.values() for line in lines if line.level is not Mark.OK)
    return found


def failed(lines: Lines) -> list[str]:
    return [check for check, each in lines.items() if any(line.level is Mark.FAIL for line in each)]


def said(lines: Lines, check: str) -> str:
    return "; ".join(line.message for line in lines[check] if line.level is not Mark.OK)
