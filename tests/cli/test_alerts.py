"""`guardian alerts test`: what people would have got, as the receivers of both wire formats saw it."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.demo.receivers import Receivers
from tests.cli.asking import SLACK_PATH, asked, closed_port, invoke, write_private, write_routes
from tests.integration.troupe import Desk

pytestmark = pytest.mark.process


def tried(desk: Desk, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code, document = asked(desk, "alerts", "test", *arguments)
    assert (code == 0) == document["ok"]
    return code, {row["channel"]: row for row in document["channels"]}


def actions(receivers: Receivers) -> list[tuple[str, str]]:
    return [(e.body["event_action"], e.body["dedup_key"]) for e in receivers.inbox.of("pagerduty")]


def test_everybody_gets_one_and_the_incident_ends(desk: Desk, receivers: Receivers) -> None:
    """A test that leaves an incident open has somebody on call for nothing."""
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    code, rows = tried(desk)

    assert (0, True, True) == (code, rows["ops"]["delivered"], rows["page"]["resolved"])
    assert ("CAUTION", "HALT") == (rows["ops"]["level"], rows["page"]["level"])
    assert 1 == receivers.inbox.slack_messages
    (trigger, opened), (resolve, ended) = actions(receivers)
    assert ("trigger", "resolve", opened) == (trigger, resolve, ended)
    assert "TEST" in receivers.inbox.of("pagerduty")[0].body["payload"]["summary"]
    assert "TEST" in receivers.inbox.of("slack")[0].body["text"]


def test_a_second_test_is_a_second_incident(desk: Desk, receivers: Receivers) -> None:
    """Under the same key the pager would be silent, and the test would prove nothing."""
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    tried(desk)
    tried(desk)

    assert 2 == receivers.inbox.pages


def test_only_the_named_channel_is_tried(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    _, rows = tried(desk, "--channel", "ops")

    assert ["ops"] == list(rows)
    assert 0 == receivers.inbox.pages


def test_a_level_reaches_whom_a_real_one_would(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    assert ["ops"] == list(tried(desk, "--level", "caution")[1])
    assert {"ops", "page"} == set(tried(desk, "--level", "lockout")[1])
    assert "critical" == receivers.inbox.of("pagerduty")[0].body["payload"]["severity"]


def test_slack_down_is_told_and_the_pager_is_tried_all_the_same(desk: Desk, receivers: Receivers) -> None:
    slack = f"http://127.0.0.1:{closed_port()}/services/{SLACK_PATH}"
    write_routes(desk, slack, receivers.pagerduty_base)

    code, rows = tried(desk)

    assert (3, False, True) == (code, rows["ops"]["delivered"], rows["page"]["delivered"])
    assert rows["ops"]["detail"].startswith("network")
    assert rows["ops"]["fix"]


def test_a_refused_key_is_told_with_its_fix(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)
    write_private(desk.root / "keys/pagerduty", "x" * 32)

    code, rows = tried(desk)

    assert (3, "http-400") == (code, rows["page"]["detail"])
    assert "integration key" in rows["page"]["fix"]


def test_a_missing_secret_is_told(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)
    (desk.root / "keys/slack").unlink()

    code, rows = tried(desk)

    assert (3, False) == (code, rows["ops"]["ok"])
    assert "keys/slack" in rows["ops"]["detail"]


def test_without_routes_nobody_is_told(desk: Desk) -> None:
    result = desk.command("alerts", "test", "--json")

    assert 3 == result.code
    assert "nobody is told" in result.document["error"]


def test_an_unknown_channel_is_refused_with_the_known_ones(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    result = desk.command("alerts", "test", "--channel", "opps")

    assert 3 == result.code
    assert "there is ops, page" in result.err


def test_people_read_who_got_it(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)

    result = invoke("alerts", "test", "--config", str(desk.config))

    assert [
        "ops (slack, CAUTION): delivered",
        "page (pagerduty, HALT): delivered, incident resolved",
    ] == result.stdout.splitlines()
