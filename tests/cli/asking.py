"""The real command line, asked in this process; no answer may hold a secret."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from guardian.cli import root
from tests.integration.troupe import ROLES, Desk

SLACK_PATH = "T0TEST/B0TEST/slacksecretslacksecret"
ROUTING_KEY = "routingkeyroutingkeyroutingkey12"

ROUTES = """\
channels:
  ops: {slack: {url: file:keys/slack}}
  page: {pagerduty: {routing_key: file:keys/pagerduty, base_url: "%s"}}
routes:
  - {level: caution, to: [ops]}
  - {level: halt, to: [ops, page], repeat: 5m}
"""


def invoke(*arguments: str) -> Result:
    result = CliRunner().invoke(root, list(arguments), prog_name="guardian")
    for secret in (SLACK_PATH, ROUTING_KEY):
        assert secret not in result.output
    return result


def asked(desk: Desk, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the one JSON document."""
    result = invoke(*arguments, "--json", "--config", str(desk.config))
    for role in ROLES:
        assert desk.venue.account[role]["secret"] not in result.output
    assert isinstance(result.exception, SystemExit | None), repr(result.exception)
    return result.exit_code, json.loads(result.stdout)


def online(desk: Desk) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """`check --online`: its exit code, and its lines by the name of the check."""
    code, document = asked(desk, "check", "--online")
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in document["online"]:
        lines.setdefault(line["check"], []).append(line)
    failed = [line for line in document["online"] if line["level"] == "fail"]
    assert (code == 3, not document["ok"]) == (bool(failed), bool(failed))
    assert all(line["fix"] for line in document["online"] if line["level"] != "ok")
    return code, lines


def write_routes(desk: Desk, slack: str, pagerduty: str) -> None:
    """Routes to both, their secrets in files of mode 0600."""
    desk.configure(routes=ROUTES % pagerduty)
    for name, secret in (("slack", slack), ("pagerduty", ROUTING_KEY)):
        write_private(desk.root / "keys" / name, secret)


def write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.touch(0o600)
    file.write_text(text)


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
