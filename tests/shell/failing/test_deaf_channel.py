"""A channel whose secret cannot be fetched at the start is told until it works; every message tries again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from guardian.runtime.start.daemon import Opened
from tests.integration.troupe import Desk
from tests.shell.whole import running, until

OPS = "channel:ops"


@pytest.fixture
async def hook() -> AsyncIterator[tuple[str, list[bytes]]]:
    """The address of a receiver that takes everything, and what it has got."""
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/hook", got
    server.close()


def troubles(guardian: Opened) -> list[str]:
    return [subject for account in guardian.runtime.state.accounts for subject in account.troubles]


async def test_a_channel_that_was_deaf_at_the_start_is_told_until_it_hears(
    desk: Desk, hook: tuple[str, list[bytes]]
) -> None:
    """What tells of the trouble is itself a message to the channel: it arrives once the secret is there."""
    address, got = hook
    desk.configure(
        routes="channels:\n  ops: {slack: {url: file:keys/slack}}\nroutes:\n  - {level: caution, to: [ops]}\n"
    )
    async with running(desk) as guardian:
        at_first = troubles(guardian)
        courier = asyncio.create_task(guardian.runtime.courier.run())
        secret = desk.root / "keys/slack"
        secret.touch(0o600)
        secret.write_text(address)
        await until(lambda: got and OPS not in troubles(guardian))
        await guardian.runtime.courier.stop()
        await courier

    assert OPS in at_first
