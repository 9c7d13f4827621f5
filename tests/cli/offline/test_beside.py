"""What status says of a source: each gauge by itself."""

from __future__ import annotations

from typing import Any

from guardian.cli.see.status_beside import stack_lines

STACK: dict[str, Any] = {
    "listening": False,
    "heartbeat_at": None,
    "gauges": [{"name": "queue", "value": 7.0, "age_s": 0.1}, {"name": "lag", "value": 3.0, "age_s": 600.0}],
    "signals": 0,
    "twins": [],
    "dropped": 0,
    "sources": [
        {
            "name": "prometheus:127.0.0.1:9090",
            "told_age_s": 0.1,
            "silent": [{"gauge": "lag", "why": "no sample"}, {"gauge": "errors", "why": "no sample"}],
        }
    ],
}


def test_a_silent_gauge_is_as_old_as_its_own_last_number() -> None:
    """Another gauge of the same source was told just now: that makes this one no younger."""
    said = stack_lines({"stack": STACK})

    assert "  prometheus:127.0.0.1:9090: lag unknown, no sample (last number: 10 min old)" in said
    assert "  prometheus:127.0.0.1:9090: errors unknown, no sample (last number: never)" in said
