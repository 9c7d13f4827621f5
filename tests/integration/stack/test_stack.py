"""A real guardian is told by a bot and asks a server: what came stands in status, in words and as JSON."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.stack.test_telemetry import get, listening
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process

TOKEN = "TOPSECRET-0123456789abcdef"


def told(port: int, message: dict[str, Any], token: str = TOKEN) -> int:
    ask = urllib.request.Request(f"http://127.0.0.1:{port}/v1/telemetry", json.dumps(message).encode())
    ask.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(ask, timeout=3) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def open_ears(desk: Desk) -> int:
    """Add `listen`, `telemetry` and a source that nobody answers for; the port."""
    port = listening(desk)
    (desk.root / "token").write_text(TOKEN + "\n")
    with desk.config.open("a") as config:
        config.write("telemetry: {token: file:token}\n")
        config.write(
            f"sources:\n  - prometheus: {{url: 'http://127.0.0.1:1', account: {ACCOUNT}, every: 1s, "
        )
        config.write("gauges: {lag: max(lag)}}\n")
    return port


def test_a_bot_tells_and_status_says_what_and_when(open_desk: OpenDesk) -> None:
    desk = open_desk()
    port = open_ears(desk)
    assert 0 == desk.command("check").code
    desk.run()
    silent = desk.command("status")
    desk.until(
        lambda: 202 == told(port, {"account": ACCOUNT, "source": "bot", "heartbeat": True}), 10, "told"
    )

    gauge = {"account": ACCOUNT, "source": "bot", "gauges": [{"name": "queue_depth", "value": 7}]}
    assert 202 == told(port, gauge)
    desk.until(lambda: bool(desk.account()["stack"]["gauges"]), 20, "decided")

    (account,) = desk.command("status", "--json").document["accounts"]
    words = desk.command("status").out
    assert account["stack"]["heartbeat_age_s"] < 5
    assert [("queue_depth", 7.0)] == [(each["name"], each["value"]) for each in account["stack"]["gauges"]]
    assert "stack: nothing was ever told: unknown, not zero" in silent.out
    assert "  stack: heartbeat (" in words
    assert "queue_depth 7 (" in words
    assert "prometheus:127.0.0.1:1: lag unknown, cannot be asked (ClientConnectorError) (last" in words
    assert 'guardian_telemetry_accepted_total{account="' in get(port, "/metrics")[1]
    assert 401 == told(port, {}, token="wrong")
    assert TOKEN not in desk.log + words + json.dumps(account)
    assert 0 == desk.stop()


def test_without_configuration_the_port_says_what_to_add(open_desk: OpenDesk) -> None:
    desk = open_desk()
    port = listening(desk)
    desk.run()

    assert 404 == told(port, {"account": ACCOUNT, "source": "bot", "heartbeat": True})
    assert "stack" not in desk.command("status").out
