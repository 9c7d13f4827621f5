"""The halt webhook: signed, expiring, two seconds, and honest about silence."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardian.config.shapes import ProcessHalt, WebhookHalt
from guardian.core.events import Outcome
from guardian.errors import ConfigError, SecretError
from guardian.halt import ProcessControl, WebhookControl, open_halt
from guardian.ports import Credential, Report

SECRET = "canary-hook-secret"
NOW = datetime(2026, 11, 21, 9, 0, 1, 500_000, tzinfo=UTC)


@dataclass
class Texts:
    """A secret store with one text, or none."""

    text: str | None = SECRET

    async def fetch(self, ref: str) -> Credential:
        raise SecretError(f"{ref}: no pair here")

    async def fetch_text(self, ref: str) -> str:
        if self.text is None:
            raise SecretError(f"{ref}: is empty")
        return self.text

    async def destroy(self, ref: str) -> Report:
        return Report(Outcome.IMPOSSIBLE)


@dataclass
class Hook:
    """A bot's endpoint on loopback: keeps requests, answers `status`, or nothing while `silent`."""

    status: int = 200
    silent: bool = False
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((headers, body))
        if self.silent:
            await reader.read()
        else:
            writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(hook: Hook) -> AsyncIterator[str]:
    server = await asyncio.start_server(hook.answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/halt?token=canary-token"


def control(url: str, texts: Texts | None = None) -> WebhookControl:
    return WebhookControl(WebhookHalt(url, "file:hook", 1.0), texts or Texts(), now=lambda: NOW)


async def test_the_body_is_signed_and_expires() -> None:
    """The receiver recomputes the HMAC over "t.body" and refuses what is old."""
    hook = Hook()
    async with serving(hook) as url:
        stop = control(url)
        reports = [await stop.ask("acc", "e1"), await stop.force("acc", "e1")]
        await stop.close()

    assert [report.outcome for report in reports] == [Outcome.DONE, Outcome.DONE]
    for (headers, body), event in zip(hook.requests, ("halt", "kill"), strict=True):
        parts = dict(part.split("=", 1) for part in headers["x-guardian-signature"].split(","))
        mac = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert parts == {"t": str(int(NOW.timestamp())), "v1": mac}
        assert json.loads(body) == {
            "event": event,
            "account": "acc",
            "episode": "e1",
            "at": "2026-11-21T09:00:01.500Z",
            "expires_at": "2026-11-21T09:01:01.500Z",
        }


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500, 503])
async def test_anything_but_2xx_is_refused(status: int) -> None:
    async with serving(Hook(status)) as url:
        stop = control(url)
        report = await stop.ask("acc", "e1")
        await stop.close()

    assert (report.outcome, report.code) == (Outcome.REFUSED, f"http-{status}")


async def test_silence_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot may have stopped and not said so."""
    monkeypatch.setattr("guardian.halt.webhook.TIMEOUT_SECONDS", 0.1)
    async with serving(Hook(silent=True)) as url:
        stop = control(url)
        report = await stop.ask("acc", "e1")
        await stop.close()

    assert (report.outcome, report.code) == (Outcome.UNKNOWN, "timeout")


async def test_a_closed_port_is_unknown() -> None:
    async with serving(Hook()) as url:
        pass
    stop = control(url)
    report = await stop.ask("acc", "e1")
    await stop.close()

    assert (report.outcome, report.code) == (Outcome.UNKNOWN, "network")


async def test_without_the_secret_nothing_is_sent() -> None:
    """An unsigned halt would teach the receiver to accept unsigned halts."""
    hook = Hook()
    async with serving(hook) as url:
        stop = control(url, Texts(None))
        report = await stop.ask("acc", "e1")
        await stop.close()

    assert (report.outcome, report.code) == (Outcome.IMPOSSIBLE, "secret")
    assert hook.requests == []


async def test_neither_secret_nor_token_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(Hook(500)) as url:
        stop = control(url)
        report = await stop.ask("acc", "e1")
        await stop.close()

    shown = f"{stop!r} {stop.name} {report!r} {caplog.text}"
    assert "canary" not in shown


def test_the_configuration_chooses_the_control(tmp_path: Path) -> None:
    assert isinstance(open_halt(ProcessHalt(tmp_path / "p", 1.0), Texts()), ProcessControl)
    assert isinstance(open_halt(WebhookHalt("http://127.0.0.1:9/h", "file:x", 1.0), Texts()), WebhookControl)
    with pytest.raises(ConfigError, match=r"halt\.webhook\.url"):
        open_halt(WebhookHalt("ftp://127.0.0.1", "file:x", 1.0), Texts())
