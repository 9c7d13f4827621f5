"""An incident in which every adapter fails, then a search for the secrets in all that it left behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import Desk

pytestmark = pytest.mark.process

SLACK_PATH = "T0GUARD/B0GUARD/aVerySecretWebhookPath42"
ROUTING_KEY = "R0UT1NGKEYthatNobodyMayEverSee42"
HOOK_SECRET = "a-hook-secret-of-thirty-two-chars"

ENDPOINTS = (
    "account/wallet-balance",
    "position/list",
    "order/realtime",
    "account/transaction-log",
    "order/create",
    "order/cancel",
    "user/update-sub-api",
    "user/sub-apikeys",
    "user/delete-sub-api",
    "market/time",
)
WEATHER = (
    {"effect": "status", "code": 500, "body": "<html>oops</html>"},
    {"effect": "garbage"},
    {"effect": "drop_before"},
    {"effect": "ret_code", "code": 10016},
)


class Receiver:
    """Answers every POST with one status, and counts them; `close` makes the port refuse connections."""

    def __init__(self, status: int) -> None:
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                receiver.count += 1
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"no")

            def log_message(self, *_: object) -> None:
                return

        self.count = 0
        self.closed = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._server.shutdown()
            self._server.server_close()


@pytest.fixture
def receivers() -> Iterator[dict[str, Receiver]]:
    made = {"slack": Receiver(500), "pagerduty": Receiver(400), "hook": Receiver(500)}
    yield made
    for receiver in made.values():
        receiver.close()


def configured(desk: Desk, receivers: dict[str, Receiver]) -> None:
    keys = desk.root / "keys"
    for name, text in (
        ("slack", f"{receivers['slack'].url}/services/{SLACK_PATH}"),
        ("pagerduty", ROUTING_KEY),
        ("hook", HOOK_SECRET),
    ):
        (keys / name).touch(0o600)
        (keys / name).write_text(text)
    base = receivers["pagerduty"].url
    desk.configure(
        more=f"    halt:\n      - webhook: {{url: {receivers['hook'].url}/halt, secret: file:keys/hook}}\n",
        routes=(
            "channels:\n"
            "  ops: {slack: {url: file:keys/slack}}\n"
            f"  page: {{pagerduty: {{routing_key: file:keys/pagerduty, base_url: {base}}}}}\n"
            "routes:\n"
            "  - {level: caution, to: [ops, page]}\n"
        ),
    )


def in_processes(desk: Desk) -> dict[str, bytes]:
    """What anybody on the machine may read about guardian's own process."""
    pid = desk.process.pid
    return {
        f"/proc/{pid}/{name}": Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")
    }


def in_files(desk: Desk) -> dict[str, bytes]:
    """Every file of the desk's folder but the key files themselves; the journal with its write-ahead log."""
    found = (f for f in desk.root.rglob("*") if f.is_file() and f.parent.name != "keys")
    return {str(f.relative_to(desk.root)): f.read_bytes() for f in found}


def test_no_secret_is_anywhere_after_every_adapter_has_failed(
    open_desk: OpenDesk, receivers: dict[str, Receiver]
) -> None:
    desk = open_desk("--latency", "5ms")
    secrets = {role: desk.venue.account[role]["secret"] for role in ("watch", "hands", "admin", "bot")}
    secrets |= {"slack": SLACK_PATH, "pagerduty": ROUTING_KEY, "hook": HOOK_SECRET}
    configured(desk, receivers)
    desk.run()
    desk.arm()
    desk.warm()
    desk.stop()
    desk.run()  # a second run, so that what the first one flushed at its end is searched too
    desk.warm()

    for endpoint in ENDPOINTS:
        for weather in WEATHER:
            desk.venue.fault(**weather, match=endpoint, count=1)
    desk.venue.fault(effect="hang", match="order/create", seconds=6.0, count=1)
    broken = {role: json.dumps({"key": "k", "secrets": secrets[role]}) for role in ("hands", "admin")}
    for role, text in broken.items():
        (desk.root / "keys" / f"{role}.json").write_text(text)  # unusable, and the secret is in it
    desk.venue.crash(0.07)
    desk.until(lambda: desk.level() == "LOCKOUT", 20, "the breach is seen through the weather")
    desk.until(
        lambda: receivers["slack"].count > 0 and receivers["hook"].count > 0, 15, "channels were tried"
    )
    receivers["slack"].close()
    told = {"status of the failing incident": json.dumps(desk.status()).encode()}
    desk.until(lambda: "REFUSED" in str(desk.incident()).upper(), 20, "the unusable keys were refused")
    for role in broken:
        desk.write_key(role, desk.venue.account[role])
    desk.until(lambda: bool(desk.incident().get("key_dead_at")), 60, "dead in the end")
    told |= {"status": json.dumps(desk.status()).encode(), **in_processes(desk)}
    for command in (["status", "--json"], ["status"], ["journal", "show", "--json"], ["journal", "verify"]):
        said = desk.command(*command)
        told[" ".join(command)] = (said.out + said.err).encode()
    desk.stop()
    told |= in_files(desk)

    changed = {f["rule"].get("match", "") for f in desk.venue.truth(10**9)["faults"] if f["changed"]}
    assert set(ENDPOINTS) <= changed | {"market/time", "account/transaction-log"}, (
        "the injected failures happened"
    )
    assert receivers["pagerduty"].count > 0
    assert told["state/journal.db"].count(b"LOCKOUT") > 0, "the search reads what the journal says"
    leaks = [
        f"{name} in {where}"
        for where, raw in told.items()
        for name, s in secrets.items()
        if s.encode() in raw
    ]
    assert leaks == []
    assert "Traceback" not in desk.log
