"""Bybit's envelope: every answer is checked for shape, code and age before anyone reads its result."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from guardian.errors import VenueError
from guardian.exchanges.bybit import codes
from guardian.exchanges.generic.calls import CallLog
from guardian.exchanges.generic.clock import VenueClock, now
from guardian.exchanges.generic.fields import Row, garbage, integer, plausible_ms, rows
from guardian.exchanges.generic.redact import redact
from guardian.exchanges.generic.venue import Endpoint
from guardian.exchanges.generic.wire import Answer, Wire
from guardian.ports import Credential

# An answer may look this much older than its question before it counts as a replay or a cache.
_STALE_MS = 2_000
_AHEAD_MS = 5_000
# The same while the venue's clock is not measured yet: wide, but an absurd time must not be remembered.
_UNMEASURED_MS = 60_000
# Two of the venue's own servers may disagree by this much.
_SKEW_MS = 100
_MOST_PAGES = 400
TOO_MANY = "pages"
_FIRST_CLOCK_S = 1.0
# What is asked in order to see, as its calls are named; acting, keys and audits are not part of a read.
_RECORDED = {
    "privateGetV5AccountWalletBalance": "wallet-balance",
    "privateGetV5PositionList": "positions",
    "privateGetV5OrderRealtime": "orders",
    "privateGetV5AccountTransactionLog": "transaction-log",
    "publicGetV5MarketInstrumentsInfo": "instruments",
    "publicGetV5MarketTime": "time",
    "publicGetV5MarketTickers": "tickers",
    "publicGetV5MarketOrderbook": "orderbook",
    "privateGetV5ExecutionList": "executions",
    "privateGetV5OrderHistory": "order-history",
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A well-formed answer: raw `code` ("0" is success), `result`, the venue's `time_ms`, its limits."""

    code: str
    message: str
    result: Row
    extra: Row
    time_ms: int
    limit: int
    reset_ms: int


@dataclass(frozen=True, slots=True)
class Pages:
    """All rows of a paged question and the venue's time of its last page."""

    rows: tuple[Row, ...]
    time_ms: int


class BybitClient:
    """Asks and sends for one role on one account."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.clock = VenueClock(endpoint.clock_seconds)
        self.calls = CallLog()
        self._wire = Wire(endpoint, "bybit")
        self._newest_ms: dict[str, int] = {}
        self._measuring: asyncio.Task[None] | None = None

    async def send(
        self, method: str, params: Mapping[str, object], credential: Credential | None
    ) -> Envelope:
        """One request of any kind; the caller reads the code. Raises VenueError when there is no envelope."""
        _, envelope = await self._exchange(method, params, credential)
        if envelope.code == codes.TIMESTAMP:
            self.clock.suspect()
        return envelope

    async def _exchange(
        self, method: str, params: Mapping[str, object], credential: Credential | None
    ) -> tuple[Answer, Envelope]:
        """One request, recorded with what it cost and how it ended."""
        with self.calls.timed(_RECORDED.get(method, "")) as asked:
            answer = await self._wire.call(method, params, credential)
            asked.budget = _budget(answer)  # A refusal, or a body that is none, tells it as well.
            envelope = _decode(answer, credential)
            asked.code = "" if envelope.code == codes.OK else envelope.code
        return answer, envelope

    async def ask(self, method: str, params: Mapping[str, object], credential: Credential | None) -> Envelope:
        """One question that must succeed and be fresh. Raises VenueError: raw code, "stale", "garbage" ..."""
        asked_at = now()
        floor = self._newest_ms.get(method, 0)
        envelope = await self.send(method, params, credential)
        if envelope.code != codes.OK:
            raise VenueError(envelope.code, envelope.message)
        self._check_age(envelope, asked_at, floor)
        self._newest_ms[method] = max(self._newest_ms.get(method, 0), envelope.time_ms)
        return envelope

    async def ask_pages(
        self, method: str, params: Mapping[str, object], credential: Credential, most: int = _MOST_PAGES
    ) -> Pages:
        """Every page of a question with a `limit`; a page missing is a failure, not a shorter list.

        Raises VenueError, its code `TOO_MANY` where there are more than `most` pages.
        """
        found: list[Row] = []
        cursors = {""}
        cursor = ""
        for _ in range(most):
            page = await self.ask(method, {**params, "cursor": cursor} if cursor else params, credential)
            listed = rows(page.result, "list")
            found += listed
            cursor = following(page.result, full=len(listed) >= integer(params, "limit"))
            if not cursor:
                return Pages(tuple(found), page.time_ms)
            if cursor in cursors:
                raise garbage("the same page cursor came twice")
            cursors.add(cursor)
        raise VenueError(TOO_MANY, f"more than {most} pages")

    async def measure_clock(self) -> None:
        """Learn the venue's clock from GET /v5/market/time. Raises VenueError."""
        answer, envelope = await self._exchange("publicGetV5MarketTime", {}, None)
        if envelope.code != codes.OK:
            raise VenueError(envelope.code, envelope.message)
        self.clock.learn(envelope.time_ms, answer.asked_ms, answer.answered_ms)
        if self.clock.offset_ms is not None:
            self._wire.set_clock_offset(self.clock.offset_ms)

    async def keep_clock(self) -> None:
        """Measure in the background when due; only the very first measurement is waited for, and briefly.

        A failed one leaves the last offset: the private requests will tell what is wrong.
        """
        if self.clock.measure_due and (self._measuring is None or self._measuring.done()):
            self._measuring = asyncio.create_task(self._measure_quietly())
        if self.clock.offset_ms is None and self._measuring is not None:
            await asyncio.wait({self._measuring}, timeout=_FIRST_CLOCK_S)

    async def touch(self) -> None:
        """Keep one connection warm through a public endpoint; a failure shows in the reads."""
        try:
            await self._wire.call("publicGetV5MarketTime", {})
        except VenueError:
            return

    async def close(self) -> None:
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
        await self._wire.close()

    async def _measure_quietly(self) -> None:
        try:
            await self.measure_clock()
        except VenueError:
            self.clock.suspect()

    def _check_age(self, envelope: Envelope, asked_at: datetime, floor: int) -> None:
        if envelope.time_ms < floor - _SKEW_MS:
            raise VenueError("stale", "the answer is older than one this endpoint gave before the question")
        latest, ahead_ms = self.clock.venue_ms(now()), _AHEAD_MS
        if latest is None:
            # Unmeasured, the two clocks are near all the same, or the venue would refuse what we sign.
            latest, ahead_ms = now().timestamp() * 1000, _UNMEASURED_MS
        if envelope.time_ms > latest + ahead_ms:
            # Believed once, it would make every true answer after it look old.
            self.clock.suspect()
            raise garbage("the answer is from the future")
        asked, late_ms = self.clock.venue_ms(asked_at), _STALE_MS
        if asked is None:
            asked, late_ms = asked_at.timestamp() * 1000, _UNMEASURED_MS
        if envelope.time_ms < asked - late_ms:
            # Either the answer is old or our own clock was set: the next measurement will tell.
            self.clock.suspect()
            seconds = (asked - envelope.time_ms) / 1000
            raise VenueError("stale", f"the answer is {seconds:.1f} s older than the question")


def following(result: Row, full: bool = True) -> str:
    """The cursor of the next page, "" after the last. Raises VenueError where the page does not say.

    A quiet account's empty page may come without a cursor, or with null. A page that is not `full` is the
    last one then; a full one may have been cut.
    """
    cursor = result.get("nextPageCursor")
    if cursor is None and not full:
        return ""
    if not isinstance(cursor, str):
        raise garbage("the list does not say whether it goes on")
    return cursor


def _decode(answer: Answer, credential: Credential | None) -> Envelope:
    """Raises VenueError: "http-NNN" for a failed answer without a raw code, else "garbage"."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    code = raw_code(body.get("retCode")) if isinstance(body, dict) else None
    if answer.status != 200 and code in (None, codes.OK):
        raise VenueError(f"http-{answer.status}", f"HTTP status {answer.status} without a raw code")
    if code is None or not isinstance(body, dict):
        raise garbage("the body is not an answer of this venue")
    secrets = () if credential is None else (credential.secret, credential.key)
    message = body.get("retMsg")
    result, extra, time_ms = body.get("result"), body.get("retExtInfo"), body.get("time")
    if code == codes.OK and not (isinstance(result, dict) and plausible_ms(time_ms)):
        raise garbage("a successful answer without result or time")
    return Envelope(
        code=code,
        message=redact(message if isinstance(message, str) else "", secrets),
        result=result if isinstance(result, dict) else {},
        extra=extra if isinstance(extra, dict) else {},
        time_ms=time_ms if type(time_ms) is int else 0,
        limit=_header(answer, "X-Bapi-Limit") or 0,
        reset_ms=_header(answer, "X-Bapi-Limit-Reset-Timestamp") or 0,
    )


def raw_code(raw: object) -> str | None:
    """The venue's code as text, or None for what is none: it must not be taken for a verdict, or told."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        return None
    text = str(raw)
    return text if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 12 else None


def _budget(answer: Answer) -> tuple[int, int] | None:
    """(requests left, allowed) of the endpoint and account; None where it is not told, or as nonsense."""
    left, limit = _header(answer, "X-Bapi-Limit-Status"), _header(answer, "X-Bapi-Limit")
    return (left, limit) if left is not None and limit and left <= limit else None


def _header(answer: Answer, name: str) -> int | None:
    """A whole number from a header, None when absent or nonsense."""
    raw = answer.headers.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
