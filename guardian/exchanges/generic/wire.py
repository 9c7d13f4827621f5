"""The one place that touches ccxt and the sockets: ccxt signs, our own transport carries.

ccxt's implicit methods build and sign the request; its parsing, error classes, throttler and market loading
are never used, because guardian decides on the venue's raw body. Credentials live inside the ccxt object only
while one request is being signed, so two credentials never mix and nothing is left to leak.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from guardian.errors import ConfigError, VenueError
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential

_KEEPALIVE_S = 300
# A thousand instruments are about one megabyte, and no answer that guardian asks for is longer.
_LARGEST_ANSWER = 16 << 20
# ccxt marks its users with a broker id in this header; guardian is nobody's affiliate.
_BROKER_HEADER = "Referer"


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """One HTTP answer as it came. Instants are epoch milliseconds of our clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked_ms: float
    answered_ms: float

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, {len(self.body)} bytes)"


def localise(urls: dict[str, Any], url: str) -> None:
    """Point every host in a ccxt `urls['api']` table at `url`, keeping the paths; websockets follow."""
    base = url.rstrip("/")
    websocket = re.sub(r"^http", "ws", base)
    for name, value in list(urls.items()):
        if isinstance(value, dict):
            localise(value, url)
        elif isinstance(value, str):
            value = re.sub(r"^wss?://[^/]+", websocket, value)
            urls[name] = re.sub(r"^https?://[^/]+", base, value)


class Wire:
    """One client: a ccxt signer and its own connection pool. One per role, so no role waits for another."""

    def __init__(self, endpoint: Endpoint, ccxt_id: str) -> None:
        # Importing ccxt takes a second and much memory, so only what speaks to a venue pays for it.
        ccxt = importlib.import_module("ccxt.async_support")
        self._signer: Any = getattr(ccxt, ccxt_id)({"enableRateLimit": False, "fetchHistoryCacheSize": 0})
        self._unsignable = (ccxt.BaseError, ValueError, TypeError, AttributeError)
        self._signer.fetch = self._carry
        if endpoint.url is not None:
            localise(self._signer.urls["api"], endpoint.url)
        self._timeout_s = endpoint.timeout_s
        self._egress = endpoint.egress
        self._session: aiohttp.ClientSession | None = None

    def set_clock_offset(self, offset_ms: float) -> None:
        """Sign with the venue's clock (venue minus ours)."""
        self._signer.options["timeDifference"] = -round(offset_ms)

    async def call(
        self, method: str, params: Mapping[str, object], credential: Credential | None = None
    ) -> Answer:
        """Perform one implicit ccxt method, such as "privateGetV5PositionList".

        Raises VenueError("timeout" | "network" | "garbage" | "unsignable") without any part of the URL or the
        headers; only "unsignable" means that nothing was sent. Cancellation by the caller's own deadline
        passes through.
        """
        signer = self._signer
        try:
            if credential is not None:
                signer.apiKey, signer.secret = credential.key, credential.secret
            # Up to the transport below everything is synchronous: no other call can see these keys.
            answer: Answer = await getattr(signer, method)(dict(params))
        except VenueError:
            raise
        except self._unsignable as error:
            # Signing failed (an empty secret, one that is no key): never show what was to be signed.
            why = f"the request could not be built: {type(error).__name__}"
            raise VenueError("unsignable", why) from None
        finally:
            self._forget()
        return answer

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _forget(self) -> None:
        signer = self._signer
        signer.apiKey = signer.secret = ""
        signer.last_request_headers = signer.last_request_body = signer.last_request_url = None

    async def _carry(
        self, url: str, method: str = "GET", headers: dict[str, str] | None = None, body: str | None = None
    ) -> Answer:
        """Stands in for ccxt's `fetch`: returns the answer whatever its status, follows no redirect.

        From here on the request may be on its way: no failure may say that it could not be built.
        """
        self._forget()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(url, method, headers, body)
        except TimeoutError:
            raise VenueError("timeout", f"no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise VenueError("network", _told(error)) from None
        except ValueError as error:
            raise VenueError("garbage", f"no HTTP answer: {type(error).__name__}") from None

    async def _exchange(
        self, url: str, method: str, headers: dict[str, str] | None, body: str | None
    ) -> Answer:
        sent = dict(headers or {})
        sent.pop(_BROKER_HEADER, None)
        if self._session is None:
            self._session = self._open_session()
        asked_ms = time.time() * 1000
        async with self._session.request(
            method,
            yarl.URL(url, encoded=True),
            data=None if body is None else body.encode(),
            headers=sent,
            proxy=self._egress if "://" in self._egress else None,
            allow_redirects=False,
        ) as response:
            raw = await _whole(response)
            return Answer(response.status, response.headers, raw, asked_ms, time.time() * 1000)

    def _open_session(self) -> aiohttp.ClientSession:
        source = (self._egress, 0) if self._egress and "://" not in self._egress else None
        connector = aiohttp.TCPConnector(
            limit=0, limit_per_host=0, keepalive_timeout=_KEEPALIVE_S, local_addr=source
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, unpacked. Raises VenueError before an answer without end fills the memory."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise VenueError("garbage", f"the answer is larger than {_LARGEST_ANSWER >> 20} MB")
        chunks.append(chunk)
    return b"".join(chunks)


def _told(error: BaseException) -> str:
    """The kind of a transport failure and the operating system's words for it, without the address."""
    kind = type(error).__name__
    number = getattr(error.__cause__ or error, "errno", None)
    # Not `strerror`: asyncio writes the address into it.
    return f"{kind}: {os.strerror(number)}" if isinstance(number, int) and number > 0 else kind


def check_egress(egress: str) -> None:
    """Raises ConfigError unless `egress` is empty, an IP address or an http(s) proxy URL."""
    if egress and not re.fullmatch(r"https?://\S+|[0-9a-fA-F:.]+", egress):
        raise ConfigError(
            "egress must be a source IP address or an http:// proxy (omit it for the default route)"
        )
