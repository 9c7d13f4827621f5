"""A small valid desk, and the real command asked about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner, Result

from guardian.cli import root

RULE = """\
- id: dd
  title: Lost 5 % within an hour
  why: The stop.
  metric: drawdown
  window: 1h
  ladder:
    - {over: 0.025, level: caution}
    - {over: 0.05, level: lockout}
  mode: armed
  runbook: alerts/runbooks/drawdown.md
"""

CONFIG = """\
instance: desk-1
state_dir: state
listen: 127.0.0.1:8787
rules: [pack]
routes: routes.yaml
accounts:
  - name: main
    venue: bybit
    currency: USDT
    keys:
      watch: file:keys/watch.json
      hands: file:keys/hands.json
      hold: incident
    bot: {keys: [pub-1], order_prefix: [ft-]}
    halt:
      - process: {pidfile: bot.pid, grace: 10s}
      - webhook: {url: http://127.0.0.1:9000/halt, secret: file:keys/hook}
    flatten: {deadline: 60s, slippage: 0.02, spot: keep}
    poll: {snapshot: 1s, flows: 10s, clock: 60s}
"""

ROUTES = """\
channels:
  ops: {slack: {url: file:keys/slack}}
  page: {pagerduty: {routing_key: file:keys/pagerduty}}
routes:
  - {level: caution, to: [ops]}
  - {level: halt, to: [ops, page], repeat: 5m}
"""


@dataclass(frozen=True)
class Bad:
    """Replace `old` by `new` in a valid file: the finding stands in `line`, names `field` and `nearest`."""

    name: str
    old: str
    new: str
    line: int
    field: str
    says: str
    nearest: str = ""


def check(*arguments: str) -> Result:
    result = CliRunner().invoke(root, ["check", *arguments], prog_name="guardian")
    assert isinstance(result.exception, SystemExit | None), repr(result.exception)
    return result


def findings(*arguments: str) -> list[dict[str, Any]]:
    """The findings of a check that must fail, as its JSON tells them."""
    result = check(*arguments, "--json")
    document = json.loads(result.stdout)

    assert (3, False) == (result.exit_code, document["ok"])
    assert "SECRETSECRET" not in result.output + check(*arguments).output
    return list(document["findings"])


def assert_told(bad: Bad, file: str, told: list[dict[str, Any]]) -> None:
    assert (file, bad.line, bad.field, bad.nearest) in [
        (each["file"], each["line"], each["field"], each["nearest"]) for each in told
    ], told
    assert any(bad.says in each["message"] and each["field"] == bad.field for each in told), told
    assert all(each["fix"] for each in told), "a finding without a fix leaves its reader alone"
