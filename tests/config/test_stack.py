"""`telemetry:` and `sources:` of guardian.yaml: what they become, and every mistake where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import load_config
from guardian.config.shapes import PrometheusConfig, TelemetryConfig
from guardian.runtime.start.lastgood import recall, remember
from tests.config.desk import CONFIG, Bad, assert_told, check, findings

STACK = (
    CONFIG
    + """\
telemetry: {token: file:keys/telemetry}
sources:
  - prometheus:
      url: http://127.0.0.1:9090
      every: 15s
      account: main
      token: file:keys/prometheus
      gauges:
        queue_depth: 'sum(queue{bot="a"})'
        lag: max(lag)
  - prometheus: {url: https://prom.example.com/x, account: main, gauges: {other: up}}
"""
)


def test_it_becomes_references_seconds_and_pairs(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(STACK)

    config = load_config(desk / "guardian.yaml")

    gauges = (("queue_depth", 'sum(queue{bot="a"})'), ("lag", "max(lag)"))
    assert TelemetryConfig(f"file:{desk}/keys/telemetry") == config.telemetry
    assert config.sources == (
        PrometheusConfig("http://127.0.0.1:9090", "main", gauges, 15.0, f"file:{desk}/keys/prometheus"),
        PrometheusConfig("https://prom.example.com/x", "main", (("other", "up"),), 15.0, None),
    )
    assert 0 == check().exit_code


def test_without_them_nobody_tells_and_nobody_is_asked(desk: Path) -> None:
    config = load_config(desk / "guardian.yaml")

    assert (None, ()) == (config.telemetry, config.sources)


def test_the_last_good_configuration_keeps_them(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(STACK)
    (desk / "state").mkdir()
    config = load_config(desk / "guardian.yaml")

    remember(config)

    assert config == recall(desk / "guardian.yaml")


SOURCE = "sources[0].prometheus"
TWENTY = ", ".join(f"g{n}: up" for n in range(20))
BAD = [
    Bad("a literal token", "file:keys/telemetry", "SECRETSECRET", 20, "telemetry.token", "not a reference"),
    Bad("no token", "{token: file:keys/telemetry}", "{}", 20, "telemetry.token", "is missing"),
    Bad("unknown field", "{token:", "{tokn:", 20, "telemetry.tokn", "unknown field", "token"),
    Bad("nothing listens", "listen: 127.0.0.1:8787\n", "", 19, "telemetry", "nothing listens"),
    Bad("vault without vault", "file:keys/telemetry", "vault:a/b", 20, "telemetry.token", "without a vault"),
    Bad("a source's vault", "file:keys/prometheus", "vault:a/b", 26, f"{SOURCE}.token", "without a vault"),
    Bad("kind", "  - prometheus:\n", "  - promethius:\n", 22, "sources[0].promethius",
        "unknown kind of source", "prometheus"),
    Bad("plain http", "http://127.0.0.1:9090", "http://prom.example.com", 23, f"{SOURCE}.url", "plain http"),
    Bad("password", "http://127.0.0.1:9090", "https://a:SECRETSECRET@h", 23, f"{SOURCE}.url", "password in"),
    Bad("every", "every: 15s", "every: 15", 24, f"{SOURCE}.every", "no unit", "15s"),
    Bad("too often", "every: 15s", "every: 100ms", 24, f"{SOURCE}.every", "outside"),
    Bad("no such account", "account: main\n", "account: mian\n", 25, f"{SOURCE}.account", "no account mian",
        "main"),
    Bad("no account", "      account: main\n", "", 23, f"{SOURCE}.account", "is missing"),
    Bad("a gauge's name", "        lag:", "        'a lag':", 29, f"{SOURCE}.gauges.a lag", "not a name"),
    Bad("a query that is a number", "max(lag)", "7", 29, f"{SOURCE}.gauges.lag", "text is needed"),
    Bad("no query", "max(lag)", "", 29, f"{SOURCE}.gauges.lag", "has no value"),
    Bad("a long query", "max(lag)", "x" * 2001, 29, f"{SOURCE}.gauges.lag", "more than 2000"),
    Bad("no gauges", "{other: up}", "{}", 30, "sources[1].prometheus.gauges", "0 gauges"),
    Bad("told twice", "{other: up}", "{lag: up}", 30, "sources[1].prometheus.gauges.lag", "another source"),
    Bad("too many", "{other: up}", f"{{{TWENTY}}}", 30, "sources[1].prometheus.gauges.g18", "too many"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_mistake_is_told_where_it_is(bad: Bad, desk: Path) -> None:
    assert bad.old in STACK
    (desk / "guardian.yaml").write_text(STACK.replace(bad.old, bad.new, 1))

    assert_told(bad, "guardian.yaml", findings())
