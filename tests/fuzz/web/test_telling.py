"""Whatever is posted as telemetry: a clean answer, never a 500, and what is taken is decided and shown."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import Tick
from guardian.runtime.control.status import document
from guardian.runtime.stack import listening
from guardian.web import telling
from tests.core import build
from tests.core.build import START, rung
from tests.fuzz.effort import examples
from tests.fuzz.spoilt import Edit, edited, edits
from tests.fuzz.test_control import BYTES, Complaints, thrown
from tests.web.stack import HELLO, TOKEN, heard
from tests.web.told import get

WHOLE: dict[str, Any] = {
    **HELLO,
    "gauges": [{"name": "queue", "value": 12.5, "at": START.isoformat()}, {"name": "lag", "value": 3}],
    "signals": [
        {
            "id": "s1", "symbol": build.BTC, "side": "buy", "price": "101.5", "client_id": "ft-1",
            "predicted": 1.5, "sigma": 0.5, "at": START.isoformat(),
        }
    ],
    "twins": [
        {
            "kind": "paper", "equity": "1000.5", "holdings": {build.BTC: -1, build.ETH: "2.5"},
            "multiplier": 1, "transferred": "-250",
        }
    ],
}  # fmt: skip
RULES = (
    build.rule(rung(10, "halt"), id="queue", metric="gauge", of="queue"),
    build.rule(rung(60, "halt"), id="alive", metric="heartbeat_age"),
)
CLEAN = {202, 400, 422}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every body is read, however fast they come."""
    for name in ("SOURCE_PER_SECOND", "SOURCE_BURST", "PORT_PER_SECOND", "PORT_BURST", "MOST_SOURCES"):
        monkeypatch.setattr(telling, name, 1_000_000)
    monkeypatch.setattr(listening, "ACCOUNT_BURST_BYTES", 1e12)


async def told(bodies: list[bytes]) -> None:
    """Each body over the real port, decided by the real loop, and then shown in every place."""
    complaints = Complaints()
    logging.getLogger("aiohttp").addHandler(complaints)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with heard(Path(folder), *RULES) as bot:
            for body in bodies:
                assert_clean(*await bot.tell(body))
            await bot.decided()
            await asyncio.wait_for(bot.shell.runtime.submit(Tick(START)), 5)
            orjson.dumps(document(bot.shell.runtime))
            assert 200 == (await get(bot.server, "/metrics")).code
    logging.getLogger("aiohttp").removeHandler(complaints)
    assert not complaints.told, complaints.told


def assert_clean(status: int, answer: dict[str, Any]) -> None:
    assert status in CLEAN, (status, answer)
    assert "Traceback" not in json.dumps(answer)
    assert status == 202 or answer["error"]
    assert all(each["fix"] for each in answer.get("findings", ()))


@examples(60)
@given(st.lists(edits(most=2, large=True), min_size=1, max_size=6))
def test_a_message_that_was_tampered_with(changes: list[list[Edit]]) -> None:
    bodies = [json.dumps(edited(WHOLE, each)).encode("utf-8", "surrogatepass") for each in changes]
    asyncio.run(told([json.dumps(WHOLE).encode(), *bodies]))


@examples(30)
@given(st.lists(BYTES | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(
    lambda value: json.dumps(value).encode()), min_size=1, max_size=6))  # fmt: skip
def test_anything_that_is_no_message(bodies: list[bytes]) -> None:
    # Past the bound it is refused unread, which tests/web/test_telling.py shows.
    asyncio.run(told([body[: telling.LARGEST_MESSAGE] for body in bodies]))


HEAD = f"POST /v1/telemetry HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
LINES = st.sampled_from([
    HEAD, HEAD + b"\r\n", HEAD + b"Content-Length: 99999999\r\n\r\n{", HEAD + b"Content-Length: -1\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", HEAD + b"Expect: 100-continue\r\n\r\n",
    HEAD + b"Authorization: Bearer \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    b"POST /v1/telemetry HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xed\xa0\x80\r\n\r\n",
    b"POST /v1/telemetry HTTP/1.1\r\nAuthorization: " + b"B" * 20_000 + b"\r\n\r\n", b"\x00\r\n",
    b"PUT /v1/telemetry HTTP/1.1\r\nHost: a\r\n\r\n",
])  # fmt: skip


@examples(40)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_what_is_not_even_http(lines: list[bytes]) -> None:
    async def ask() -> None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            async with heard(Path(folder)) as bot:
                said = await thrown(*await asyncio.open_connection("127.0.0.1", bot.server.port), lines)
                assert b" 500 " not in said
                assert b"Traceback" not in said
                assert 202 == (await bot.tell(HELLO))[0]

    asyncio.run(ask())
