"""Telemetry as a Prometheus, a kubelet and a bot see it: a real guardian, a real port, a venue that fails."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening(desk: Desk) -> int:
    """Add `listen` to this desk's configuration; the port."""
    port = free_port()
    with desk.config.open("a") as config:
        config.write(f"listen: 127.0.0.1:{port}\n")
    return port


def get(port: int, path: str, timeout: float = 3.0) -> tuple[int, str]:
    """(status, body); status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def ask(port: int, path: str) -> tuple[int, dict[str, Any]]:
    code, body = get(port, path)
    return code, json.loads(body) if body else {}


def samples(port: int) -> dict[str, list[tuple[Mapping[str, str], float]]]:
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(get(port, "/metrics")[1]):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_a_venue_that_is_down_ends_readiness_but_never_liveness(open_desk: OpenDesk) -> None:
    """A probe that restarts the safety system when the venue fails makes two outages of one."""
    desk = open_desk()
    port = listening(desk)
    desk.venue.fault(effect="status", code=503, match="/v5/")
    desk.run()

    code, answer = ask(port, "/readyz")
    assert 503 == code
    assert any("never read" in reason for reason in answer["reasons"]), answer
    assert 200 == get(port, "/livez")[0]
    assert "guardian_account_equity{" not in get(port, "/metrics")[1], "unknown is absent, never zero"
    assert "reduce_only" == ask(port, f"/v1/permit/{ACCOUNT}")[1]["mode"]

    desk.venue.clear()
    desk.until(lambda: "never read" not in get(port, "/readyz")[1], 20, "read once the venue is back")


def test_the_figures_are_those_of_the_account(open_desk: OpenDesk) -> None:
    desk = open_desk()
    port = listening(desk)
    desk.run()
    desk.warm()
    desk.until(lambda: 200 == get(port, "/readyz")[0], 20, "ready")
    time.sleep(1.1)

    found, books = samples(port), desk.venue.books()

    (equity,) = found["guardian_account_equity"]
    assert {"account": ACCOUNT, "currency": "USDT"} == equity[0]
    assert equity[1] == pytest.approx(float(books["equity"]), rel=0.05)
    assert float(len(books["positions"])) == found["guardian_account_open_positions"][0][1]
    assert ["normal"] == [labels["level"] for labels, value in found["guardian_level"] if value]
    assert found["guardian_evaluations_total"][0][1] >= 5
    assert abs(found["guardian_permit_expiry_timestamp_seconds"][0][1] - time.time()) < 35
    assert {"watch": 1.0, "hands": 1.0, "admin": 1.0} == {
        labels["role"]: value for labels, value in found["guardian_key_audit_ok"]
    }


def test_a_permit_over_http_follows_the_level(open_desk: OpenDesk) -> None:
    desk = open_desk()
    port = listening(desk)
    desk.run()
    desk.warm()
    permitted = f"/v1/permit/{ACCOUNT}"
    desk.until(lambda: bool(ask(port, permitted)[1]["trade"]), 20, "the first read has become a permit")

    desk.operate("demand", level="halt", reason="test")

    desk.until(lambda: not ask(port, permitted)[1]["trade"], 20, "revoked")
    code, permit = ask(port, permitted)
    file = json.loads((desk.root / "state" / f"permit-{ACCOUNT}.json").read_text())
    assert (200, "reduce_only", 0.0) == (code, permit["mode"], permit["size_cap"])
    assert set(file) == set(permit)
    assert 404 == get(port, "/v1/permit/nobody")[0]


def test_a_guardian_that_is_stopped_answers_nothing_and_healthcheck_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk()
    port = listening(desk)
    desk.run()
    assert 0 == desk.command("healthcheck").code

    desk.process.send_signal(signal.SIGSTOP)
    assert 0 == get(port, "/livez", timeout=1.0)[0]
    said = desk.command("healthcheck", "--json")
    desk.process.send_signal(signal.SIGCONT)

    assert 7 == said.code
    assert False is said.document["alive"]
    desk.until(lambda: 0 == desk.command("healthcheck").code, 20, "alive again")


def test_healthcheck_without_listen_asks_the_control_socket(open_desk: OpenDesk) -> None:
    desk = open_desk()
    assert 7 == desk.command("healthcheck").code
    desk.run()

    said = desk.command("healthcheck", "--json")

    assert (0, True) == (said.code, said.document["alive"])
    assert said.document["asked"].endswith("control.sock")


def test_a_taken_port_ends_the_start_with_a_sentence(open_desk: OpenDesk) -> None:
    """Guardian that runs without the port that its bot asks would look dead to it for ever."""
    desk = open_desk()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with desk.config.open("a") as config:
            config.write(f"listen: {address}\n")

        code = desk.spawn().wait(60)

    assert 1 == code
    assert f"field listen: cannot listen on {address} (address already in use)" in desk.log
    assert "watching" not in desk.log, "it never said that it was ready"
    assert "Traceback" not in desk.log


def test_a_port_taken_at_a_restart_ends_no_incident_and_opens_when_it_is_free(
    open_desk: OpenDesk,
) -> None:
    """Guardian died of it in the middle of an incident, and again at every restart."""
    desk = open_desk()
    port = listening(desk)
    desk.run()
    desk.warm()
    desk.operate("demand", level="halt", reason="test")
    desk.kill()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()

        desk.run()

        assert "HALT" == desk.level()
        desk.until(lambda: "web" in desk.account()["troubles"], 20, "told")
        assert 0 == desk.command("healthcheck").code, "it is alive, and its socket says so"
    desk.until(lambda: 200 == get(port, "/livez")[0], 20, "open again")
    desk.until(lambda: "web" not in desk.account()["troubles"], 20, "healed")
    assert "Traceback" not in desk.log
