"""A client of the control socket knows whether its request was sent: only then may it still take effect."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardian.web.client import AbsentError, ControlClient, SilentError

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LATE = "may still take effect"


@asynccontextmanager
async def listening(path: Path, answer: Answer) -> AsyncIterator[ControlClient]:
    server = await asyncio.start_unix_server(answer, path)
    yield ControlClient(path, 0.2)
    server.close()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_where_nobody_listens_nothing_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with pytest.raises(AbsentError):
        await ControlClient(path).operate("disarm", {})
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))

    with pytest.raises(AbsentError):
        await ControlClient(path).operate("disarm", {})


@pytest.mark.parametrize("answer", [hang, die])
async def test_what_was_sent_and_not_answered_may_still_take_effect(tmp_path: Path, answer: Answer) -> None:
    async with listening(tmp_path / "control.sock", answer) as client:
        with pytest.raises(SilentError, match=LATE) as raised:
            await client.operate("disarm", {})
        with pytest.raises(SilentError) as looked:
            await client.status()
        with pytest.raises(SilentError) as previewed:
            await client.operate("preview", {})

    assert raised.value.exit_code == 7
    assert LATE not in str(looked.value)
    assert LATE not in str(previewed.value)


async def test_when_it_was_asked_goes_with_it(tmp_path: Path) -> None:
    bodies: list[dict[str, object]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with listening(tmp_path / "control.sock", answer) as client:
        await client.operate("arm", {"account": "desk"})

    (body,) = bodies
    assert (body["account"], body["patience_s"]) == ("desk", 0.2)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(str(body["asked_at"]))).total_seconds() < 20
