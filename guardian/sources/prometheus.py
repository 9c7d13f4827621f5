"""Numbers from a Prometheus server: each gauge is one PromQL query, asked as an instant query.

    GET /api/v1/query?query=timestamp((PROMQL))    when the sample was taken
    GET /api/v1/query?query=PROMQL                 its value

Only an instant vector with exactly one finite, fresh sample is a number. None, several, NaN, an error or an
answer too late is silence with a reason: nothing is told then, and a rule that needs it does not know.

The instant in an answer is that of the question. `timestamp()` of a plain selector gives the sample's own, up
to five minutes older; of any other expression it is that of the question again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import aiohttp
import orjson
import yarl

from guardian.config.shapes import PrometheusConfig
from guardian.errors import SecretError
from guardian.ports import SecretStore
from guardian.sources.answer import Reading, Readings, Silence
from guardian.sources.names import OwnThread

DEADLINE_SECONDS = 5.0
MOST_AT_ONCE = 4
LARGEST_ANSWER = 256 * 1024
STALE_TURNS = 3
STALE_AT_LEAST = timedelta(seconds=60)
AHEAD = timedelta(seconds=5)
LARGEST_VALUE = 1e18
LONGEST_REASON = 160
TIMESTAMP = "timestamp((\n{}\n))"
"""Lines of its own, so that a comment at the query's end does not swallow the brackets."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf|NaN)", re.ASCII)


class NoNumber(Exception):
    """Why there is no number, in a few words."""


class PrometheusSource:
    """One server, asked about one account. Implements what `guardian.runtime.stack.asking` needs."""

    def __init__(self, config: PrometheusConfig, secrets: SecretStore) -> None:
        self.name = f"prometheus:{yarl.URL(config.url).host_port_subcomponent}"
        self.account = config.account
        self.every_seconds = config.every_seconds
        self._address = f"{config.url.rstrip('/')}/api/v1/query"
        self._gauges = config.gauges
        self._token_ref = config.token_ref
        self._secrets = secrets
        self._deadline = min(DEADLINE_SECONDS, config.every_seconds)
        self._stale = max(STALE_AT_LEAST, timedelta(seconds=STALE_TURNS * config.every_seconds))
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"PrometheusSource({self.name!r}, {self.account!r})"

    @property
    def gauges(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._gauges)

    async def ask(self, now: Callable[[], datetime]) -> Readings:
        """Every gauge, a few at a time, each within the deadline; never raises for what the server does."""
        try:
            async with asyncio.timeout(self._deadline):
                headers = await self._headers()
        except SecretError as error:
            return self._silent(str(error))
        except TimeoutError:
            return self._silent(f"the token did not come within {self._deadline:g} s")
        answers = (self._gauge(gauge, query, headers, now) for gauge, query in self._gauges)
        return tuple(await asyncio.gather(*answers))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _headers(self) -> dict[str, str]:
        if self._token_ref is None:
            return {}
        token = await self._secrets.fetch_text(self._token_ref)
        if not token.isascii() or not token.isprintable():
            raise SecretError(f"{self._token_ref}: is no bearer token; write it in printable ASCII")
        return {"Authorization": f"Bearer {token}"}

    def _silent(self, why: str) -> Readings:
        return tuple(Silence(gauge, why) for gauge, _ in self._gauges)

    async def _gauge(
        self, gauge: str, query: str, headers: dict[str, str], now: Callable[[], datetime]
    ) -> Reading | Silence:
        try:
            async with self._turns, asyncio.timeout(self._deadline):
                at = _instant(await self._query(TIMESTAMP.format(query), headers))
                # The older of the two: a value that is newer than its instant only looks older than it is.
                value = await self._query(query, headers)
        except NoNumber as problem:
            return Silence(gauge, str(problem)[:LONGEST_REASON])
        except TimeoutError:
            return Silence(gauge, f"no answer within {self._deadline:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Silence(gauge, f"cannot be asked ({type(error).__name__})")
        return self._judged(gauge, at, value, now())

    def _judged(self, gauge: str, at: datetime, value: float, now: datetime) -> Reading | Silence:
        age = now - at
        if age > self._stale:
            return Silence(gauge, f"stale: sampled {age.total_seconds():.0f} s ago")
        if age < -AHEAD:
            ahead = -age.total_seconds()
            return Silence(gauge, f"its instant is {ahead:.0f} s ahead of guardian's clock")
        return Reading(gauge, min(at, now), value)

    async def _query(self, query: str, headers: dict[str, str]) -> float:
        """The number that a query gives. Raises NoNumber, and what aiohttp raises."""
        if self._session is None:
            self._session = _open_session()
        # A redirect would carry the token to another machine.
        async with self._session.get(
            self._address, params={"query": query}, headers=headers, allow_redirects=False
        ) as answer:
            return number(answer.status, await _whole(answer))


def _open_session() -> aiohttp.ClientSession:
    """Nothing is unpacked: a few kilobytes may hold gigabytes. No proxy of the environment sees the token."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=OwnThread()),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
    )


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """The body as it came. Raises NoNumber for one that is packed or too large."""
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise NoNumber("the answer is packed, which was not asked for")
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise NoNumber("the answer is too large: ask for one number")
    return bytes(body)


def number(status: int, body: bytes) -> float:
    """The one finite sample of an answer. Raises NoNumber for everything else."""
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or document.get("status") not in ("success", "error"):
        raise NoNumber(f"http {status}, and no answer of a Prometheus")
    if document["status"] == "error" or status != 200:
        raise NoNumber(f"refused: {_printable(document.get('error'))}")
    told = document.get("data")
    kind, result = (told.get("resultType"), told.get("result")) if isinstance(told, dict) else (None, None)
    if kind != "vector" or not isinstance(result, list):
        raise NoNumber(f"answers a {_printable(kind)}, not an instant vector")
    if len(result) != 1:
        raise NoNumber("no sample" if not result else f"{len(result)} samples where one is needed: aggregate")
    return _sample(result[0])


def _sample(sample: Any) -> float:
    pair = sample.get("value") if isinstance(sample, dict) else None
    text = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        raise NoNumber("the sample is no number")
    value = float(text)
    if not isfinite(value) or abs(value) > LARGEST_VALUE:
        raise NoNumber(f"the sample is {text[:20]}: not a finite number")
    return value


def _instant(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise NoNumber("the sample's instant is none") from None


def _printable(text: object) -> str:
    """Words of the other side: one line."""
    words = " ".join(str(text).split())
    return "".join(each for each in words if each.isprintable())[:LONGEST_REASON]
