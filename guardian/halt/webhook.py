"""Asking a bot over HTTP: a signed JSON body that the receiver can trust and that expires.

Signature: `X-Guardian-Signature: t=<unix seconds>,v1=<hex>`, HMAC-SHA256 with the shared secret over
"<t>.<raw body>". Repeating a request is harmless: account and episode say that it is the same one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx

from guardian.config.shapes import WebhookHalt
from guardian.core.events import Outcome
from guardian.errors import ConfigError, SecretError
from guardian.ports import Report, SecretStore

TIMEOUT_SECONDS = 2.0
VALID_SECONDS = 60.0


def signature(secret: str, at: int, body: bytes) -> str:
    """The header's value for `body` sent at unix second `at`."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def utc_now() -> datetime:
    return datetime.now(UTC)


def _silence(record: logging.LogRecord) -> bool:
    return False


class WebhookControl:
    """`guardian.ports.BotControl` over HTTP. The secret is fetched for each request and not kept."""

    def __init__(
        self, config: WebhookHalt, secrets: SecretStore, now: Callable[[], datetime] = utc_now
    ) -> None:
        """Raises ConfigError when the URL is not http(s)."""
        self._url = _checked(config.url)
        # Neither user:password@ nor a token in the query belongs into a name that is journaled.
        self.name = f"webhook:{self._url.scheme}://{self._url.netloc.decode('ascii')}{self._url.path}"
        self._secret_ref = config.secret_ref
        self._secrets = secrets
        self._now = now
        # httpx logs whole addresses at INFO, and they may hold a token.
        logging.getLogger("httpx").addFilter(_silence)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)

    def __repr__(self) -> str:
        return f"WebhookControl({self.name!r})"

    async def ask(self, account: str, episode: str) -> Report:
        """POST the event "halt". DONE 2xx, REFUSED any other answer, UNKNOWN none, IMPOSSIBLE no secret."""
        return await self._post("halt", account, episode)

    async def force(self, account: str, episode: str) -> Report:
        """POST the event "kill"; reports as `ask`."""
        return await self._post("kill", account, episode)

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, event: Literal["halt", "kill"], account: str, episode: str) -> Report:
        try:
            secret = await self._secrets.fetch_text(self._secret_ref)
        except SecretError as error:
            return Report(Outcome.IMPOSSIBLE, "secret", str(error))
        body = self._body(event, account, episode)
        headers = {
            "Content-Type": "application/json",
            "X-Guardian-Signature": signature(secret, int(self._now().timestamp()), body),
        }
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._client.post(self._url, content=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException):
            return Report(Outcome.UNKNOWN, "timeout", f"{self.name}: no answer within {TIMEOUT_SECONDS:g} s")
        except (httpx.HTTPError, OSError) as error:
            return Report(Outcome.UNKNOWN, "network", f"{self.name}: {type(error).__name__}")
        code = f"http-{answer.status_code}"
        if answer.is_success:
            return Report(Outcome.DONE, code, f"{self.name} took {event}")
        return Report(Outcome.REFUSED, code, f"{self.name} answered {answer.status_code} to {event}")

    def _body(self, event: str, account: str, episode: str) -> bytes:
        at = self._now()
        return json.dumps(
            {
                "event": event,
                "account": account,
                "episode": episode,
                "at": _stamp(at),
                "expires_at": _stamp(at + timedelta(seconds=VALID_SECONDS)),
            },
            separators=(",", ":"),
        ).encode()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _checked(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError, TypeError):
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError("halt.webhook.url: is not an http(s) URL; write http://HOST:PORT/PATH")
    return url
