"""`guardian sanity`, status and metrics: one report of a real daemon, however it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import threading
import time

import pytest

from guardian.demo.receivers import Receivers
from guardian.web.client import ControlClient, RefusalError, UnreachableError
from tests.cli.asking import asked, closed_port, invoke, write_routes
from tests.integration.troupe import Desk

pytestmark = pytest.mark.process


def sound(desk: Desk, more: str = "") -> None:
    """No rule goes to LOCKOUT, so that no drill is due; flows every second, so that balances agree soon."""
    rules = desk.root / "rules" / "fast.yaml"
    rules.write_text(rules.read_text().replace("level: lockout", "level: halt"))
    text = desk.config.read_text().replace("{snapshot: 200ms}", "{snapshot: 200ms, flows: 1s}")
    desk.config.write_text(text.replace("accounts:", f"{more}accounts:", 1))


def scraped(port: int) -> dict[str, float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("guardian_sanity")}


def test_it_runs_now_and_status_metrics_and_the_last_report_agree(desk: Desk) -> None:
    port = closed_port()
    sound(desk, f"listen: 127.0.0.1:{port}\n")
    desk.run()
    desk.until(lambda: desk.account().get("equity") is not None)
    assert "daily checks: never run" in desk.command("status").out
    assert {} == scraped(port), "what is not known has no series"

    code, report = asked(desk, "sanity")

    assert (0, True, 0) == (code, report["ok"], report["failed"]), report
    assert report["by"].startswith("uid ")
    assert {"read path", "balances", "journal", "rules"} <= {item["check"] for item in report["items"]}
    desk.until(lambda: bool((desk.status() or {})["sanity"]["ok"]))
    assert f"daily checks: all {len(report['items'])} passed" in desk.command("status").out
    assert asked(desk, "sanity", "--last") == (0, report)

    (desk.root / "keys/hands.json").unlink()
    code, worse = asked(desk, "sanity")

    assert (3, 1) == (code, worse["failed"]), worse
    assert "hands key" == worse["items"][0]["check"], "worst first"
    assert "daily checks: FAILED 1 of" in desk.command("status").out
    desk.until(lambda: "sanity hands key" in desk.account()["troubles"])
    desk.until(lambda: scraped(port).get("guardian_sanity_failed") == 1)
    passed = scraped(port)["guardian_sanity_last_success_timestamp_seconds"]

    desk.kill()
    desk.run()

    desk.until(lambda: "sanity hands key" in desk.account().get("troubles", ()), what="known after a crash")
    assert {"guardian_sanity_failed": 1.0, "guardian_sanity_last_success_timestamp_seconds": passed} == {
        name: pytest.approx(value, abs=0.001) for name, value in scraped(port).items()
    }


def test_each_report_goes_to_who_wants_it(desk: Desk, receivers: Receivers) -> None:
    write_routes(desk, receivers.slack_url, receivers.pagerduty_base)
    sound(desk, 'sanity: {at: "06:00", to: [ops, page]}\n')
    desk.run()
    desk.until(lambda: desk.account().get("equity") is not None)

    code, report = asked(desk, "sanity")

    assert 0 == code, report
    desk.until(lambda: receivers.inbox.slack_messages > 0 and bool(receivers.inbox.of("pagerduty")))
    assert "Daily checks: all" in json.dumps(receivers.inbox.of("slack")[0].body)
    assert ["resolve"] == [event.body["event_action"] for event in receivers.inbox.of("pagerduty")]


def test_in_a_young_incident_the_machine_is_left_alone(desk: Desk) -> None:
    sound(desk)
    desk.run()
    desk.until(lambda: desk.account().get("equity") is not None)
    desk.operate("demand", level="halt", reason="test")
    desk.until(lambda: desk.level() == "HALT")

    result = invoke("sanity", "--config", str(desk.config))

    assert 6 == getattr(result.exception, "exit_code", result.exit_code)
    assert "an incident is 0 min old" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "says"), [((), "no guardian answers"), (("--last",), "the checks have never run")]
)
def test_without_a_daemon_or_a_report_it_is_stale(desk: Desk, arguments: tuple[str, ...], says: str) -> None:
    result = invoke("sanity", *arguments, "--config", str(desk.config))

    assert 7 == getattr(result.exception, "exit_code", None)
    assert says in str(result.exception)


def test_the_text_has_a_line_an_item_and_its_fix(desk: Desk) -> None:
    sound(desk)
    desk.run()
    desk.until(lambda: desk.account().get("equity") is not None)
    (desk.root / "keys/hands.json").unlink()

    result = invoke("sanity", "--config", str(desk.config))

    lines = result.stdout.splitlines()
    assert 3 == result.exit_code
    assert lines[0].startswith("fail  desk  hands key: ")
    assert lines[1].startswith("        ")
    assert lines[-1].startswith("sanity: 1 of ")


def test_a_stop_waits_for_no_report(desk: Desk) -> None:
    """Also while an operator waits for checks that the venue lets hang."""
    sound(desk)
    desk.run()
    desk.until(lambda: desk.account().get("equity") is not None)
    desk.venue.fault(effect="hang", match="/v5/market", seconds=60)
    patient = ControlClient(desk.socket, 60.0)

    def ask() -> None:
        with contextlib.suppress(UnreachableError, RefusalError):
            asyncio.run(patient.operate("sanity", {}))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    desk.until(lambda: bool((desk.status() or {})["sanity"]["running"]))

    begun = time.monotonic()
    desk.stop()

    assert time.monotonic() - begun < 4.0
    asking.join(10)
