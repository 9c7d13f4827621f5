"""The exposition is what Prometheus' own parsers read, with the names that others rely on."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from guardian.web.metrics import exposition
from tests.web.told import BLIND, FIGURES, Told, get, serving

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"

EXPECTED = {
    "guardian_build_info": 1.0,
    "guardian_evaluations_total": 7.0,
    "guardian_evaluation_defects_total": 1.0,
    "guardian_evaluation_seconds_count": 3.0,
    "guardian_evaluation_seconds_sum": 5.25,
    "guardian_account_equity": 1000.5,
    "guardian_account_gross_exposure": 2000.0,
    "guardian_account_leverage_ratio": 2.0,
    "guardian_account_open_orders": 0.0,
    "guardian_account_open_positions": 3.0,
    "guardian_account_armed": 1.0,
    "guardian_account_evidence_timestamp_seconds": 1_700_000_000.0,
    "guardian_permit_expiry_timestamp_seconds": 1_700_000_030.0,
    "guardian_exchange_clock_offset_seconds": -0.25,
    "guardian_exchange_request_seconds_count": 3.0,
    "guardian_troubles": 2.0,
    "guardian_drill_last_success_timestamp_seconds": 1_690_000_000.0,
    "guardian_rule_value": 0.02,
    "guardian_rule_limit": 0.025,
    "guardian_rule_distance_ratio": 0.8,
    "guardian_effects_total": 1.0,
    "guardian_journal_records_total": 9.0,
    "guardian_journal_ok": 0.0,
    "guardian_journal_gap_records": 4.0,
    "guardian_notifications_sent_total": 5.0,
    "guardian_notifications_failed_total": 6.0,
    "guardian_notifications_queue_length": 3.0,
    "guardian_tasks": 12.0,
    "guardian_loop_lag_seconds": 0.375,
    "guardian_disk_free_ratio": 0.625,
    "guardian_stack_heartbeat_timestamp_seconds": 1_700_000_010.0,
    "guardian_telemetry_accepted_total": 21.0,
    "guardian_telemetry_dropped_total": 22.0,
    "guardian_telemetry_refused_total": 23.0,
    "guardian_source_last_success_timestamp_seconds": 1_700_000_011.0,
    "guardian_source_silent_gauges": 24.0,
    "guardian_sanity_last_success_timestamp_seconds": 1_700_000_020.0,
    "guardian_sanity_failed": 25.0,
}


def families(accept: str = "", told: Told | None = None) -> list[Metric]:
    body, content_type = exposition((told or Told()).figures)(accept)
    read = read_openmetrics if "openmetrics" in content_type else read_text
    return list(read(body.decode()))


def values(found: list[Metric], name: str) -> dict[tuple[str, ...], float]:
    """Label values in the order of the labels' names -> value."""
    return {
        tuple(s.labels[k] for k in sorted(s.labels)): s.value
        for family in found
        for s in family.samples
        if s.name == name
    }


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_every_figure_is_told_under_its_name(name: str, expected: float, accept: str) -> None:
    assert [expected] == list(values(families(accept), name).values())


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_a_state_is_one_series_a_state_and_one_of_them_holds(accept: str) -> None:
    found = families(accept)

    levels = values(found, "guardian_level")
    verdicts = values(found, "guardian_rule_verdict")

    assert {"normal", "caution", "halt", "reduce", "flatten", "lockout"} == {level for _, level in levels}
    assert [("main", "halt")] == [key for key, value in levels.items() if value]
    assert {"clear", "pending", "breached", "unknown", "warming"} == {verdict for _, _, verdict in verdicts}
    assert [("main", "dd", "pending")] == [key for key, value in verdicts.items() if value]


def test_requests_are_told_by_endpoint_and_class_of_answer() -> None:
    found = values(families(), "guardian_exchange_requests_total")

    assert {("main", "ok", "orders", "bybit"): 2.0, ("main", "timeout", "orders", "bybit"): 1.0} == found
    assert {("main", "hands"): 0.0, ("main", "watch"): 1.0} == values(families(), "guardian_key_audit_ok")


def test_what_is_unknown_has_no_series_and_is_never_zero() -> None:
    """An equity of 0 on a graph is a catastrophe; an equity that nobody read is a gap."""
    found = families(told=Told(known=replace(FIGURES, accounts=(BLIND,))))

    told = {sample.name for family in found for sample in family.samples if "blind" in sample.labels.values()}

    assert {
        "guardian_level",
        "guardian_account_armed",
        "guardian_troubles",
        "guardian_key_audit_ok",
        "guardian_rule_limit",
        "guardian_rule_verdict",
    } == told


def test_names_follow_the_conventions() -> None:
    """Application prefix, base units, `_total` for counters and only for them, help for each."""
    own = [family for family in families(OPENMETRICS) if not family.name.startswith("process_")]

    assert [] == [f.name for f in own if not re.fullmatch(r"guardian_[a-z_]+", f.name)]
    assert [] == [f.name for f in own if re.search(r"_(ms|minutes|hours|percent|total)$", f.name)]
    assert [] == [f.name for f in own if not f.documentation.endswith(".")]
    assert len(own) == len({f.name for f in own})
    counters = [s.name for f in own if f.type == "counter" for s in f.samples]
    assert counters
    assert all(name.endswith("_total") for name in counters)


async def test_openmetrics_is_given_to_who_asks_for_it() -> None:
    async with serving(Told()) as server:
        plain = await get(server, "/metrics")
        modern = await get(server, "/metrics", Accept=OPENMETRICS)

    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert modern.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert modern.body.endswith("# EOF\n")
    assert list(read_openmetrics(modern.body))
    assert list(read_text(plain.body))
