"""A flood of telemetry delays no decision, wherever it gets in; what is lost is the oldest, and counted."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from guardian.core.events import Tick
from guardian.core.facts.telemetry import Gauge, Telemetry
from tests.core import build
from tests.core.build import START
from tests.web.stack import HELLO, TOKEN, Heard, heard


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Heard]:
    async with heard(tmp_path) as open_:
        yield open_


async def test_a_flood_delays_no_decision_and_loses_the_oldest_first(bot: Heard) -> None:
    """Straight into the inbox, past every pace: what a defect of ours in front of it would let through."""

    async def flood() -> None:
        for number in range(20_000):
            bot.listening.take(bot_says(number))
            if number % 100 == 0:
                await asyncio.sleep(0)

    flooding, waits = asyncio.create_task(flood()), []
    while not flooding.done() or len(waits) < 20:
        begun = time.perf_counter()
        await bot.shell.runtime.submit(Tick(START))
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.005)
    stack = (await bot.decided()).stack

    counts = bot.shell.runtime.counters.stack
    assert 20_000 == counts.accepted[build.ACCOUNT]
    assert counts.dropped[build.ACCOUNT] > 19_000
    assert 19_999.0 == stack.gauges[0][1][-1].value
    assert sorted(waits)[len(waits) * 9 // 10] < 0.5


def bot_says(number: int) -> Telemetry:
    at = START + timedelta(microseconds=number)
    return Telemetry(build.ACCOUNT, "bot-1", gauges=(Gauge("queue", at, float(number)),))


async def test_a_flood_over_the_port_delays_no_decision(bot: Heard) -> None:
    """As fast as eight connections can, for a second, with and without the token."""
    stop = asyncio.get_running_loop().time() + 1.0

    async def flood(token: str, source: str) -> None:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{bot.server.port}/v1/telemetry"
            headers, body = {"Authorization": f"Bearer {token}"}, json.dumps({**HELLO, "source": source})
            while asyncio.get_running_loop().time() < stop:
                async with session.post(url, data=body, headers=headers) as answer:
                    assert answer.status in (202, 401, 429)

    floods = [asyncio.create_task(flood(TOKEN if n % 2 else "wrong", f"s{n}")) for n in range(8)]
    waits = []
    while asyncio.get_running_loop().time() < stop:
        begun = time.perf_counter()
        await bot.shell.runtime.submit(Tick(START))
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.01)
    await asyncio.gather(*floods)

    assert bot.refused["token"] > 0
    assert sorted(waits)[len(waits) * 9 // 10] < 0.5
