"""A small company of real processes: one simulated venue, one guardian, and the means to tease both.

Law: it ends only what it started, and judges by the venue's own books, never by guardian's.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from guardian.sim.launch import LaunchedVenue, start_venue
from tests.integration.commands import Said, as_process, environment, in_process

ACCOUNT = "desk"
ROLES = ("watch", "hands", "admin", "bot")

FAST_RULES = """\
- id: dd
  title: Lost 5 % within an hour
  why: A stop that fires at the first confirmed read, so that a test waits for nothing.
  metric: drawdown
  window: 1h
  scope: account
  ladder:
    - {over: 0.025, level: caution}
    - {over: 0.05, level: lockout}
  hold: 0s
  stale_after: 10s
  on_unknown: caution
  clears: operator
  mode: armed
"""

CONFIG = """\
instance: test
state_dir: state
rules: [%(rules)s]
%(routes)saccounts:
  - name: desk
    venue: bybit
    url: %(url)s
    currency: USDT
    keys: {watch: file:keys/watch.json, hands: file:keys/hands.json, admin: file:keys/admin.json}
    bot: {keys: [%(bot)s], secret_ref: file:keys/bot.json, order_prefix: [bot-]}
    poll: {snapshot: 200ms}
%(more)s"""


class Venue:
    """The simulated venue's process, its books and its control."""

    def __init__(self, *arguments: str) -> None:
        self.launched: LaunchedVenue = start_venue(arguments)
        self.url = self.launched.url
        self.account = self.launched.accounts[0]

    def truth(self, since: int = 0) -> dict[str, Any]:
        return self.ask("GET", f"/_sim/truth?since={since}")

    def books(self) -> dict[str, Any]:
        """The first account as the venue keeps it."""
        books: dict[str, Any] = self.truth(10**9)["accounts"][0]
        return books

    def fault(self, **rule: Any) -> None:
        self.ask("POST", "/_sim/faults", rule)

    def clear(self) -> None:
        self.ask("DELETE", "/_sim/faults")

    def flow(self, amount: Decimal) -> None:
        self.ask("POST", "/_sim/flow", {"account": self.account["name"], "amount": str(amount)})

    def crash(self, loss: float) -> None:
        """Move every mark against the account, in one instant, so that equity falls by this fraction."""
        books = self.books()
        gross = sum(abs(Decimal(p["notional"])) for p in books["positions"])
        move = Decimal(str(loss)) * Decimal(books["equity"]) / gross
        prices = {}
        for leg in books["positions"]:
            side = 1 if Decimal(leg["size"]) > 0 else -1
            prices[leg["symbol"]] = str(Decimal(leg["mark"]) * (1 - side * move))
        self.ask("POST", "/_sim/price", {"prices": prices})

    def sizes(self) -> dict[str, Decimal]:
        return {p["symbol"]: Decimal(p["size"]) for p in self.books()["positions"]}

    def bot_key(self) -> dict[str, Any]:
        row: dict[str, Any] = next(k for k in self.books()["keys"] if k["role"] == "bot")
        return row

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, sent, dict(headers or {}), method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def signed(self, role: str, method: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        """One request signed with the key of this role by nothing but the venue's documented rule."""
        pair, stamp = self.account[role], str(int(time.time() * 1000))
        query = "&".join(f"{name}={value}" for name, value in params.items())
        payload = query if method == "GET" else json.dumps(params)
        text = stamp + pair["key"] + "5000" + payload
        sign = hmac.new(pair["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {
            "X-BAPI-API-KEY": pair["key"],
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": sign,
            "Content-Type": "application/json",
        }
        if method == "GET":
            answer: dict[str, Any] = self.ask("GET", f"{path}?{query}", None, headers)
        else:
            answer = self.ask("POST", path, params, headers)
        return answer

    def probe(self) -> int:
        """The raw code that a signed read with the bot's key gets: 0 alive, 10003 dead."""
        return int(
            self.signed("bot", "GET", "/v5/account/wallet-balance", {"accountType": "UNIFIED"})["retCode"]
        )

    def close(self) -> None:
        if self.launched.process.poll() is None:
            self.launched.stop()


@dataclass
class Desk:
    """A folder with keys, configuration and rules, and the guardian that runs in it."""

    root: Path
    venue: Venue
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0

    def write_keys(self) -> None:
        keys = self.root / "keys"
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        for role in ROLES:
            self.write_key(role, self.venue.account[role])

    def write_key(self, role: str, pair: Mapping[str, str]) -> None:
        file = self.root / "keys" / f"{role}.json"
        file.unlink(missing_ok=True)
        file.touch(0o600)
        file.write_text(json.dumps({"key": pair["key"], "secret": pair["secret"]}))

    def configure(self, rules: str = "./rules", more: str = "", url: str = "", routes: str = "") -> None:
        (self.root / "rules").mkdir(exist_ok=True)
        (self.root / "rules" / "fast.yaml").write_text(FAST_RULES)
        (self.root / "routes.yaml").write_text(routes)
        facts = {
            "rules": rules,
            "routes": "routes: routes.yaml\n" if routes else "",
            "url": url or self.venue.url,
            "bot": self.venue.account["bot"]["key"],
            "more": more,
        }
        self.config.write_text(CONFIG % facts)

    @property
    def config(self) -> Path:
        return self.root / "guardian.yaml"

    @property
    def socket(self) -> Path:
        return self.root / "state" / "control.sock"

    @property
    def log(self) -> str:
        return "\n".join(f.read_text() for f in sorted(self.root.glob("run-*.log")))

    @property
    def process(self) -> subprocess.Popen[bytes]:
        return self.processes[-1]

    def run(self, seconds: float = 60.0) -> float:
        """Start `guardian run` and wait until it listens; returns when it did, in epoch seconds."""
        process = self.spawn()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"guardian ended with {process.returncode}:\n{self.log}")
            if self.status() is not None:
                return time.time()
            time.sleep(0.02)
        raise AssertionError(f"guardian does not listen:\n{self.log}")

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start `guardian run` without waiting; its output goes to run-N.log."""
        self.started += 1
        with (self.root / f"run-{self.started}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "guardian", "run", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.root,
                env=environment(),
            )
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def status(self) -> dict[str, Any] | None:
        """The whole document from the control socket, None while nobody answers."""
        return self.request("GET", "/v1/status")

    def operate(self, verb: str, **body: Any) -> dict[str, Any] | None:
        """What a command asks the daemon, without starting a process for it."""
        return self.request("POST", f"/v1/{verb}", {"account": ACCOUNT, **body})

    def request(self, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        connection = http.client.HTTPConnection("guardian", timeout=3)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(3)
        try:
            connection.sock.connect(
                os.path.relpath(self.socket) if len(str(self.socket)) > 100 else str(self.socket)
            )
            connection.request(method, path, None if body is None else json.dumps(body))
            document: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return document

    def account(self) -> dict[str, Any]:
        """This desk's account in the status document; empty while guardian does not answer."""
        document = self.status()
        return document["accounts"][0] if document and document["accounts"] else {}

    def incident(self) -> dict[str, Any]:
        """The open incident, or the last one."""
        account = self.account()
        return account.get("incident") or account.get("last_incident") or {}

    def cli(self, *arguments: str, timeout: float = 60.0, config: bool = True) -> Said:
        """One command of guardian's as a process of its own, to its end."""
        return as_process([*arguments, *(self._named if config else ())], self.root, timeout)

    def command(self, *arguments: str) -> Said:
        """What `cli` does but for the start of a process, which costs more than most commands."""
        return in_process([*arguments, *self._named])

    @property
    def _named(self) -> tuple[str, str]:
        return "--config", str(self.config)

    def arm(self) -> None:
        assert self.operate("arm", accept_undrilled="test") == {"account": ACCOUNT, "armed": True}

    def warm(self, rule: str = "dd", seconds: float = 30.0) -> None:
        """Wait until this rule has a baseline."""
        self.until(lambda: self.verdict(rule) not in ("", "warming"), seconds, f"{rule} is warm")

    def verdict(self, rule: str = "dd") -> str:
        return str(self.rule(rule).get("verdict", ""))

    def rule(self, rule: str) -> dict[str, Any]:
        return next((r for r in self.account().get("rules", ()) if r["id"] == rule), {})

    def level(self) -> str:
        return str(self.account().get("level", ""))

    def until(self, good: Callable[[], bool], seconds: float = 20.0, what: str = "it") -> float:
        """Wait until `good`; returns the seconds that it took, fails with the log and the status."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if good():
                return time.monotonic() - begun
            time.sleep(0.03)
        books = {k: v for k, v in self.venue.books().items() if k in ("equity", "positions", "orders")}
        told = json.dumps({"account": self.account(), "books": books}, indent=1)
        raise AssertionError(f"not within {seconds} s: {what}\n{self.log}\n{told}")

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()


def instant(text: str) -> float:
    """Epoch seconds of an ISO 8601 instant."""
    return datetime.fromisoformat(text).timestamp()


def executed(books: Mapping[str, Any]) -> dict[str, Decimal]:
    """What guardian's own orders executed, signed, by symbol."""
    totals: dict[str, Decimal] = {}
    for row in books["executions"]:
        if row["order_link_id"].startswith("gdn-"):
            signed = Decimal(row["qty"]) * (1 if row["side"] == "Buy" else -1)
            totals[row["symbol"]] = totals.get(row["symbol"], Decimal(0)) + signed
    return totals


def crossings(books: Mapping[str, Any]) -> list[str]:
    """Guardian's executions that made a position larger or carried it through zero, in the venue's order."""
    held: dict[str, Decimal] = {}
    wrong = []
    for row in books["executions"]:
        was = held.get(row["symbol"], Decimal(0))
        now = was + Decimal(row["qty"]) * (1 if row["side"] == "Buy" else -1)
        if row["order_link_id"].startswith("gdn-") and (was * now < 0 or abs(now) > abs(was)):
            wrong.append(f"{row['symbol']}: {was} -> {now} by {row['order_link_id']}")
        held[row["symbol"]] = now
    return wrong


def orders_of(rows: Sequence[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """Requests for new orders that this key signed, in the order of their arrival."""
    return [r for r in rows if r["key"] == key and r["path"].startswith("/v5/order/create")]
