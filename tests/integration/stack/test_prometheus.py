"""A real Prometheus beside a real guardian: it scrapes, its alerts fire, and it is asked for a number."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.secrets.openbao import free_port
from tests.debian import binary
from tests.integration.conftest import OpenDesk
from tests.integration.stack.test_telemetry import listening
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process

ALERTS = Path(__file__).resolve().parents[3] / "alerts/prometheus.yaml"
SETTINGS = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
- job_name: guardian
  static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""
POSITIONS = f'guardian_account_open_positions{{account="{ACCOUNT}"}}'


class Prometheus:
    """The server, on a free port, with the shipped alerts; ended by its own process id."""

    def __init__(self, folder: Path, scraped: int) -> None:
        self.port = free_port()
        folder.mkdir()
        settings = folder / "prometheus.yaml"
        settings.write_text(SETTINGS.format(rules=ALERTS, port=scraped))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    str(binary("prometheus", "prometheus")),
                    f"--config.file={settings}",
                    f"--storage.tsdb.path={folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ask(self, path: str) -> Any:
        """The `data` of an answer of its API; None while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=10) as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, OSError):
            return None

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in (self.ask("rules") or {"groups": []})["groups"] for rule in group["rules"]]

    def firing(self) -> set[str]:
        alerts = (self.ask("alerts") or {"alerts": []})["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def watched(open_desk: OpenDesk, tmp_path: Path) -> Iterator[tuple[Desk, Prometheus]]:
    """A desk that Prometheus scrapes, and that asks the same server how many positions there are."""
    desk = open_desk()
    server = Prometheus(tmp_path / "prometheus", listening(desk))
    try:
        with desk.config.open("a") as config:
            source = {
                "url": f"http://127.0.0.1:{server.port}",
                "account": ACCOUNT,
                "every": "1s",
                "gauges": {"legs": POSITIONS},
            }
            config.write(f"sources:\n- prometheus: {json.dumps(source)}\n")
        desk.run()
        desk.warm()
        yield desk, server
    finally:
        server.close()


def test_it_scrapes_its_alerts_fire_and_it_tells_a_number(watched: tuple[Desk, Prometheus]) -> None:
    desk, server = watched

    desk.until(lambda: bool(desk.account()["stack"]["gauges"]), 60, "a number that Prometheus holds")
    desk.until(lambda: {"ok"} == {rule["health"] for rule in server.rules()}, 60, "every alert is evaluated")
    before = server.firing()
    (gauge,) = desk.account()["stack"]["gauges"]
    desk.operate("demand", level="halt", reason="test")
    desk.until(lambda: "GuardianTripped" in server.firing(), 60, "the alert of a tripped account")

    assert {"GuardianWatchdog"} == before, "nothing else fires beside a healthy guardian"
    assert ("legs", float(len(desk.venue.books()["positions"]))) == (gauge["name"], gauge["value"])
    assert len(server.rules()) == ALERTS.read_text(encoding="utf-8").count("- alert:")
