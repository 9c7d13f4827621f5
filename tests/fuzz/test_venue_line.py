"""Whatever bytes come back over the socket, the real transport gives an answer or a `VenueError`.

What happens on the line must never be told as a request that could not be built: that would say that an
order was not sent when it was.
"""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import VenueError
from guardian.exchanges.generic.wire import Answer, Wire
from guardian.ports import Credential
from tests.fuzz.booth import ENDPOINT
from tests.fuzz.effort import examples
from tests.fuzz.sound import assert_untold

CREDENTIAL = Credential("WATCHKEY0123456789", "watchsecretABCDEFGHIJKLMNOPQRSTUV")
HONEST = b'{"retCode":0,"retMsg":"OK","result":{},"retExtInfo":{},"time":1767225600000}'
REQUEST_END = b"\r\n\r\n"


@asynccontextmanager
async def saying(raw: bytes) -> AsyncIterator[str]:
    """A server that answers every request with these bytes and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(REQUEST_END)
            writer.write(raw)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def outcome(raw: bytes) -> Answer | VenueError:
    async with saying(raw) as url:
        wire = Wire(replace(ENDPOINT, url=url, timeout_s=1.0), "bybit")
        try:
            return await wire.call("privateGetV5PositionList", {"category": "linear"}, CREDENTIAL)
        except VenueError as error:
            return error
        finally:
            await wire.close()


def response(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    told = [f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([f"HTTP/1.1 {status}", *told, "", ""]).encode("utf-8", "surrogateescape") + body


HEADERS = st.sampled_from([
    "Content-Type: text/html; charset=klingon", "Content-Type: \x7f", "Content-Encoding: gzip",
    "Content-Encoding: deflate", "Content-Encoding: br", "Content-Encoding: x",
    "Transfer-Encoding: chunked", "Set-Cookie: \x00=;;=", "Set-Cookie: a=b; expires=never",
    "Location: http://[", "Link: <;", "X: " + "y" * 9000, "no colon at all", ": empty",
    "X-Bapi-Limit: 9999999999999999999", "X-Bapi-Limit: -1", "Connection: upgrade", "Content-Length: 5",
    "Date: \u00e9", "Content-Type: application/json", "X-Bapi-Limit-Reset-Timestamp: NaN",
])  # fmt: skip
STATUSES = st.sampled_from(
    [
        "200 OK",
        "204 No Content",
        "301 Moved",
        "100 Continue",
        "200",
        "999 x",
        "abc",
        "-1 x",
        "502 Bad",
        "401 no",
    ]
)
BODIES = st.sampled_from(
    [
        HONEST,
        b"",
        HONEST[:30],
        gzip.compress(HONEST),
        gzip.compress(HONEST)[:-9],
        zlib.compress(HONEST),
        b"5\r\nabc",
        b"\xff" * 99,
    ]
)
RAW = st.one_of(
    st.builds(
        lambda body, headers, status, off: response(
            body, *headers, status=status, length=max(0, len(body) + off)
        ),
        BODIES,
        st.lists(HEADERS, max_size=4),
        STATUSES,
        st.sampled_from([0, 0, 0, -5, 7]),
    ),
    st.binary(max_size=60),
    st.integers(0, 120).map(lambda keep: response(HONEST)[:keep]),
)


@examples(100)
@given(RAW)
def test_any_bytes_are_an_answer_or_a_failure_of_the_line(raw: bytes) -> None:
    found = asyncio.run(outcome(raw))

    if isinstance(found, VenueError):
        assert found.code in {"network", "timeout", "garbage"}
        assert_untold([found.detail], [CREDENTIAL.secret, CREDENTIAL.key])
    else:
        assert isinstance(found.body, bytes)


async def test_an_answer_without_end_is_given_up_before_it_fills_the_memory() -> None:
    """Sixty-four megabytes, for which a few kilobytes on the line are enough."""
    squeezed = gzip.compress(b" " * (64 << 20), 1)

    tracemalloc.start()
    found = await outcome(response(squeezed, "Content-Encoding: gzip"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert isinstance(found, VenueError)
    assert "garbage" == found.code
    assert peak < 48 << 20
