"""POST /v1/telemetry: what the trading stack tells about itself, as far as it shows the token.

202 taken · 400 no JSON · 401 no or another token · 404 not configured · 408 too slow · 413 too large
422 not the schema, or no such account · 429 too often · 503 the token cannot be fetched

Law: it never delays a decision. Who shows no token is refused before anything is read, a body is bounded in
bytes and in seconds, a sender in its pace, and what is taken goes into a bounded queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Protocol

import orjson
from aiohttp import web

from guardian.core.facts.telemetry import Telemetry
from guardian.web.clean import UNCACHED, USAGE, refusal
from guardian.web.message import MessageError, Mistake, read_message
from guardian.web.pace import Bucket, Buckets

LARGEST_MESSAGE = 64 * 1024
BODY_SECONDS = 5.0
SOURCE_PER_SECOND, SOURCE_BURST = 1.0, 20.0
MOST_SOURCES = 32
"""Senders whose pace is counted at once, over all accounts."""

PORT_PER_SECOND, PORT_BURST = 100.0, 200.0
"""For all senders together: reading a body takes the loop's own time."""

BEARER = "bearer "
NO_TOKEN = "the token is missing or wrong: send `Authorization: Bearer TOKEN`"
NOT_CONFIGURED = (
    "telemetry is not configured: add `telemetry: {token: file:keys/telemetry}` to guardian.yaml and restart"
)


class Listener(Protocol):
    """Who takes what is told; implemented by the runtime."""

    @property
    def deaf(self) -> str:
        """Why nothing can be told now, in one sentence; "" where it can."""
        ...

    def admits(self, token: str) -> bool:
        """Whether this is the token, in a time that does not depend on how much of it is right."""
        ...

    def now(self) -> datetime: ...

    def take(self, told: Telemetry) -> str:
        """Queue it; returns why it is refused, "" when it is taken."""
        ...

    def affords(self, told: Telemetry, size: int) -> bool:
        """Whether the account's share of the disk has room for so many bytes; then they are used."""
        ...

    def refused(self, why: str) -> None:
        """Count one refusal under a short word."""
        ...


class Refused(Exception):
    """The message is not taken: `why` is the word that it is counted under."""

    def __init__(self, status: int, why: str, answer: web.Response) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.answer = answer


def telling(listener: Listener | None) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The route's function; without a listener it says how to configure one."""
    if listener is None:
        return _not_configured
    door = Door(listener)

    async def tell(request: web.Request) -> web.Response:
        try:
            await door.let_in(request)
        except Refused as refused:
            listener.refused(refused.why)
            return refused.answer
        return web.Response(
            body=b'{"taken":true}', status=202, content_type="application/json", headers=UNCACHED
        )

    return tell


async def _not_configured(_: web.Request) -> web.Response:
    return refusal(NOT_CONFIGURED, 404, USAGE)


class Door:
    """Asks what is cheapest first."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._port = Bucket(PORT_PER_SECOND, PORT_BURST)
        self._sources = Buckets(SOURCE_PER_SECOND, SOURCE_BURST, MOST_SOURCES)

    async def let_in(self, request: web.Request) -> None:
        """Take one message. Raises Refused."""
        self._judge_sender(request)
        body = await _body(request)
        try:
            told = read_message(body, self._listener.now())
        except MessageError as error:
            raise _wrong(error) from None
        if not self._sources.take((told.account, told.source)):
            raise _too_often(
                f"{SOURCE_PER_SECOND:g} a second from one source, {MOST_SOURCES} sources at once"
            )
        if not self._listener.affords(told, len(body)):
            raise _too_often("so many bytes of one account; tell less, or less often", "bytes")
        if problem := self._listener.take(told):
            raise _unfit(problem)

    def _judge_sender(self, request: web.Request) -> None:
        if self._listener.deaf:
            raise _refused(503, "deaf", self._listener.deaf)
        shown = request.headers.get("Authorization", "")
        if not shown.lower().startswith(BEARER) or not self._listener.admits(shown[len(BEARER) :].strip()):
            refused = _refused(
                401, "token", "the token is missing or wrong: send `Authorization: Bearer TOKEN`"
            )
            refused.answer.headers["WWW-Authenticate"] = "Bearer"
            raise refused
        if not self._port.take():
            raise _too_often(f"{PORT_PER_SECOND:g} a second in all")
        if (request.content_length or 0) > LARGEST_MESSAGE:
            raise _too_large()


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise _refused(408, "slow", f"the body did not come within {BODY_SECONDS:g} s") from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None


def _too_large() -> Refused:
    return _refused(413, "size", f"more than {LARGEST_MESSAGE} bytes: tell less in one message")


def _too_often(pace: str, why: str = "pace") -> Refused:
    refused = _refused(429, why, f"too often: at most {pace}")
    refused.answer.headers["Retry-After"] = "1"
    return refused


def _wrong(error: MessageError) -> Refused:
    """Every mistake with its path and its fix; what is no JSON has no path."""
    broken = any(mistake.message.startswith("Invalid JSON") for mistake in error.mistakes)
    return _found(str(error), (400, "json") if broken else (422, "schema"), error.mistakes)


def _unfit(problem: str) -> Refused:
    """By the schema, and yet not to be taken: `problem` is "FIELD: what is wrong; the fix"."""
    field, _, rest = problem.partition(": ")
    message, _, fix = rest.partition("; ")
    mistake = Mistake(field, message, fix or "Name an account of guardian.yaml.")
    return _found(problem, (422, "account"), (mistake,))


def _found(error: str, refused: tuple[int, str], mistakes: Sequence[Mistake]) -> Refused:
    status, why = refused
    document = {"error": error, "exit_code": USAGE, "findings": [asdict(mistake) for mistake in mistakes]}
    answer = web.Response(
        body=orjson.dumps(document), status=status, content_type="application/json", headers=UNCACHED
    )
    return Refused(status, why, answer)


def _refused(status: int, why: str, message: str) -> Refused:
    return Refused(status, why, refusal(message, status, USAGE))
