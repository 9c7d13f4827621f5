"""The one HTTP client that all channels share, and what an answer means before a channel reads it.

Law: nothing that this file returns or raises carries an address or a key: webhook addresses are secrets.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from guardian.errors import ConfigError
from guardian.ports import Delivery

TIMEOUT_SECONDS = 5.0
LONGEST_RETRY_AFTER_SECONDS = 3600.0
# A proxy from the environment never stands between guardian and its own machine.
_LOOPBACK_MOUNTS = ("all://127.0.0.1", "all://localhost", "all://[::1]")


def _silence(record: logging.LogRecord) -> bool:
    return False


def open_client() -> httpx.AsyncClient:
    """A client for the life of the process (building its TLS context takes some 25 ms). Caller closes it."""
    # httpx logs every request's whole address at INFO, and a Slack address is the secret itself.
    logging.getLogger("httpx").addFilter(_silence)
    return httpx.AsyncClient(
        timeout=TIMEOUT_SECONDS, follow_redirects=False, mounts=dict.fromkeys(_LOOPBACK_MOUNTS)
    )


class SharedClient:
    """Counts the channels that use one client; the last to close it closes it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self._users = 0

    def join(self) -> SharedClient:
        self._users += 1
        return self

    async def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            await self.client.aclose()


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, or why there is none: `status` 0 with a `failure` word."""

    status: int
    text: str = ""
    retry_after_s: float | None = None
    failure: str = ""

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later: no answer, 408, 429, any 5xx."""
        return self.status in (0, 408, 429) or self.status >= 500

    def refused(self, word: str = "") -> Delivery:
        """The delivery that this answer means when it is not a success."""
        said = self.failure or f"http-{self.status}"
        detail = f"{said} {word}".strip()
        return Delivery(False, self.temporary, self.retry_after_s, detail)


async def post(shared: SharedClient, url: str, body: Mapping[str, Any]) -> Answer:
    """POST JSON within 5 s in all; never raises for what the network does."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            response = await shared.client.post(url, json=body)
    except (TimeoutError, httpx.TimeoutException):
        return Answer(0, failure="timeout")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # Only the class: the text of some of these errors quotes the address.
        return Answer(0, failure=f"network: {type(error).__name__}")
    return Answer(response.status_code, response.text[:2000], retry_after(response.headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or from a date relative to the answer's own; capped at one hour."""
    told = headers.get("retry-after", "").strip()
    if not told:
        return None
    try:
        seconds = float(told) if told[:1].isdigit() else _until(told, headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def _until(told: str, date: str) -> float:
    gap: timedelta = parsedate_to_datetime(told) - parsedate_to_datetime(date)
    return gap.total_seconds()


def checked_url(url: str, channel: str) -> str:
    """The address if it is https, or http to this machine; ConfigError names the channel only."""
    text = url.strip()
    try:
        parsed = httpx.URL(text)
        scheme, host = parsed.scheme, parsed.host
    except (httpx.InvalidURL, ValueError, TypeError):
        scheme, host = "", ""
    if not host or scheme not in ("http", "https"):
        raise ConfigError(f"channel {channel}: its address is not an http(s) URL; write https://HOST/PATH")
    if scheme == "http" and not _is_loopback(host):
        raise ConfigError(
            f"channel {channel}: plain http would send alerts and keys readable over the network; "
            "use https (http is allowed to 127.0.0.1, ::1 and localhost only)"
        )
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
