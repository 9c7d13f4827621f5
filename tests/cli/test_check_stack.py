"""`guardian check --online` asks each source once, and fetches the token that the stack must show."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.adapters.sources.server import Prometheus, serving, vector
from tests.cli.asking import closed_port, online
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process


@contextmanager
def answering(server: Prometheus) -> Iterator[str]:
    """On a loop of its own: the command under test runs one too."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    served = serving(server)
    asyncio.run_coroutine_threadsafe(served.__aenter__(), loop).result(10)
    yield server.url
    asyncio.run_coroutine_threadsafe(served.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def configure(desk: Desk, url: str, token: str = "0123456789abcdef") -> str:
    """Telemetry and one source with two gauges; the name of the source's check."""
    (desk.root / "token").write_text(token)
    with desk.config.open("a") as config:
        config.write("listen: 127.0.0.1:0\ntelemetry: {token: file:token}\n")
        config.write(
            f"sources:\n  - prometheus: {{url: '{url}', account: {ACCOUNT}, gauges: {{a: up, b: down}}}}\n"
        )
    return f"prometheus:{url.split('/')[2]}"


def test_a_source_that_answers_passes(desk: Desk) -> None:
    now = datetime.now(UTC)
    with answering(Prometheus(now, {"up": vector(now, "1"), "down": vector(now, "0")})) as url:
        name = configure(desk, url)

        code, lines = online(desk)

    assert 0 == code
    assert {("ok", "2 of 2 gauges give a number")} == {
        (each["level"], each["message"]) for each in lines[name]
    }
    assert "ok" == lines["telemetry"][0]["level"]


def test_a_gauge_without_a_number_fails_with_its_reason(desk: Desk) -> None:
    now = datetime.now(UTC)
    with answering(Prometheus(now, {"up": vector(now, "1")})) as url:
        name = configure(desk, url)

        code, lines = online(desk)

    assert 3 == code
    assert ["b: no sample"] == [each["message"] for each in lines[name]]


def test_a_source_that_is_gone_and_a_short_token_fail(desk: Desk) -> None:
    name = configure(desk, f"http://127.0.0.1:{closed_port()}", token="SHORTSECRET")

    code, lines = online(desk)

    assert 3 == code
    assert {"fail"} == {each["level"] for each in (*lines[name], *lines["telemetry"])}
    assert "openssl rand" in lines["telemetry"][0]["fix"]
    assert "SHORTSECRET" not in str(lines)
