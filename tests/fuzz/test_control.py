"""Whatever comes in over control.sock or `listen`, the answer is clean and guardian goes on deciding."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest import mock

import aiohttp
import orjson
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import Tick
from guardian.core.metrics import METRICS
from guardian.core.model import Level
from guardian.notify.outbox import Courier
from guardian.runtime.control import requests
from guardian.runtime.control.requests import Operations
from guardian.web.control import ControlSocket
from guardian.web.server import TelemetryServer
from tests.core import build
from tests.fuzz.effort import examples
from tests.fuzz.spoilt import ANY_VALUE
from tests.shell.fakes import Post, Shell, open_shell
from tests.web.told import Told, get, serving

VERBS = (
    "arm",
    "disarm",
    "demand",
    "drilled",
    "resume",
    "preview",
    "plan",
    "status",
    "nonsense",
    "..",
    "%00",
    "",
)
FIELDS = (
    "account", "rules", "accept_undrilled", "seconds", "reason", "level", "report", "as_if",
    "orders_per_second", "rebase", "extra",
)  # fmt: skip
CLEAN = {200, 400, 404, 405, 409, 413}


@dataclass
class Delivered(Post):
    """A courier that has counted something: the status tells it."""

    sent: int = 3
    failed: int = 0
    late: int = 0


class Complaints(logging.Handler):
    """What aiohttp logs when a request's code raises: a traceback that nobody should ever see."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(self.format(record))


@asynccontextmanager
async def commanded() -> AsyncIterator[tuple[Shell, Path]]:
    """A running shell with its control socket; nothing may be logged while it is used."""
    complaints = Complaints()
    logging.getLogger("aiohttp").addHandler(complaints)
    # No read comes here, and a plan would wait two seconds for one.
    unread = mock.patch.object(requests, "READ_WAIT_SECONDS", 0.0)
    with unread, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        shell = open_shell(Path(folder))
        shell.runtime.courier = cast(Courier, Delivered())
        shell.start(build.rule(build.rung(0.05, "halt")))
        shell.see(0, positions=(build.position(),), orders=(build.stop(),))
        await shell.run()
        socket = Path(folder) / "control.sock"
        control = ControlSocket(socket, Operations(shell.runtime), Told())
        await control.open()
        loop = asyncio.create_task(shell.runtime.run())
        try:
            yield shell, socket
            assert not loop.done(), "the loop died"
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
            await control.close()
            await shell.runtime.performer.drain(1.0)
            logging.getLogger("aiohttp").removeHandler(complaints)
    assert not complaints.told, complaints.told


async def still_serves(shell: Shell, socket: Path) -> None:
    """The socket answers, an event is decided, and nothing was decided that could not be written."""
    session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket)))
    async with session, session.get("http://guardian/v1/status") as answer:
        assert 200 == answer.status
        assert [build.ACCOUNT] == [each["name"] for each in (await answer.json())["accounts"]]
    before = shell.runtime.state.now
    state = await asyncio.wait_for(shell.runtime.submit(Tick(shell.clock.now())), 5)
    assert state.now is not None
    assert before is None or state.now > before
    assert 0 == shell.runtime.counters.defects


# --- well-formed HTTP, hostile contents ---------------------------------------------------------

METRIC_NAMES = st.sampled_from([*(metric.name for metric in METRICS), "", "x"])
VALUES = st.one_of(
    st.sampled_from(ANY_VALUE),
    st.sampled_from(
        [*[level.name.lower() for level in Level], build.ACCOUNT, "dd", "1h", 3600, 1e308, -(10**30)]
    ),
    st.dictionaries(
        METRIC_NAMES, st.sampled_from([0.06, 1e308, -1, "nan", "-inf", None, [], "6%", 10**300]), max_size=3
    ),
    st.lists(st.sampled_from(["dd", "none", 1, None, [], "integrity"]), max_size=3),
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6).map(
    lambda fields: json.dumps({"account": build.ACCOUNT, **fields}).encode()
)
BYTES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff\xfe", b"[" * 9000, b" " * 70_000),
            *(b'{"account":"main","seconds":1e400}', b'{"account":"main","reason":"\\ud800"}'),
        ]
    ),
)
REQUESTS = st.tuples(
    st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS"]),
    st.sampled_from(VERBS),
    st.one_of(OBJECTS, OBJECTS, BYTES),
)


async def sent(socket: Path, method: str, verb: str, body: bytes) -> None:
    """One request, whose answer must be clean whatever it says."""
    session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket)))
    async with session, session.request(method, f"http://guardian/v1/{verb}", data=body) as answer:
        _assert_clean(answer.status, await answer.read())


@examples(50)
@given(st.lists(REQUESTS, min_size=1, max_size=5))
def test_any_command_gets_a_clean_answer_and_the_loop_goes_on(asked: list[tuple[str, str, bytes]]) -> None:
    async def ask() -> None:
        async with commanded() as (shell, socket):
            for method, verb, body in asked:
                await sent(socket, method, verb, body)
            await still_serves(shell, socket)

    asyncio.run(ask())


def _assert_clean(status: int, body: bytes) -> None:
    assert status in CLEAN, (status, body)
    assert b"Traceback" not in body
    document = orjson.loads(body)
    assert isinstance(document, dict)
    if status != 200:
        assert document["error"]
        assert isinstance(document["exit_code"], int)


@examples(30)
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4))
def test_no_command_makes_guardian_less_careful_than_it_was(fields: dict[str, Any]) -> None:
    """An operator's demand goes up; what goes down is resume and disarm, and says so in its name."""
    body = json.dumps({"account": build.ACCOUNT, "level": "normal", **fields}).encode()

    halt = orjson.dumps({"account": build.ACCOUNT, "level": "halt"})

    async def ask() -> None:
        async with commanded() as (shell, socket):
            await sent(socket, "POST", "demand", halt)
            assert Level.HALT is shell.level
            await sent(socket, "POST", "demand", body)
            assert shell.level >= Level.HALT

    asyncio.run(ask())


# --- what is not even HTTP ----------------------------------------------------------------------

STATUS = b"GET /v1/status HTTP/1.1\r\nHost: guardian\r\n\r\n"
LINES = st.sampled_from([
    STATUS, STATUS * 20, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 20, b"\xff\xfe\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\n\r\n",
    b"GET /v1/status HTTP/1.1\r\nHost: \xff\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"POST /v1/demand HTTP/1.1\r\n",
    b"POST /v1/demand HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n{", b"\r\n" * 50,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /v1/demand HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}",
    b"GET " + b"/a" * 9000 + b" HTTP/1.1\r\n\r\n",
    b"POST /v1/demand HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/demand HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: \xc3\x28\r\nUpgrade: websocket\r\n\r\n",
    b"GET /v1/permit/%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /v1/permit/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
])  # fmt: skip


async def thrown(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lines: list[bytes]) -> bytes:
    """Send these bytes, leave without a word, and return what came back meanwhile."""
    with suppress(OSError):
        for line in lines:
            writer.write(line)
            await writer.drain()
    said = b""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(0.02):
            said = await reader.read(65536)
    writer.transport.abort()
    return said


@examples(30)
@given(st.lists(st.one_of(LINES, LINES, st.binary(max_size=60)), min_size=1, max_size=4))
def test_any_bytes_on_the_control_socket_leave_it_serving(lines: list[bytes]) -> None:
    async def throw() -> None:
        async with commanded() as (shell, socket):
            said = await thrown(*await asyncio.open_unix_connection(str(socket)), lines)
            assert b"Traceback" not in said
            assert b"500 Internal" not in said
            await still_serves(shell, socket)

    asyncio.run(throw())


@examples(30)
@given(st.lists(st.one_of(LINES, LINES, st.binary(max_size=60)), min_size=1, max_size=4))
def test_any_bytes_on_the_open_port_leave_it_serving(lines: list[bytes]) -> None:
    async def throw() -> None:
        async with serving(Told()) as server:
            said = await thrown(*await asyncio.open_connection("127.0.0.1", server.port), lines)
            assert b"Traceback" not in said
            assert b"500 Internal" not in said
            await _still_live(server)

    asyncio.run(throw())


async def _still_live(server: TelemetryServer) -> None:
    assert 200 == (await get(server, "/livez")).code


async def test_clients_that_never_finish_their_request_keep_nobody_else_waiting() -> None:
    async with serving(Told()) as server:
        slow = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(60)]
        for _, writer in slow:
            writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")

        async with asyncio.timeout(5):
            await _still_live(server)

        for _, writer in slow:
            writer.transport.abort()
