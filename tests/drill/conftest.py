"""A desk that can be drilled: a canary key and process, local receivers, and a drill to talk to."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from guardian.demo.receivers import Receivers
from tests.integration.troupe import Desk, Venue, environment

ROUTING_KEY = "k" * 32
ROUTES = """\
channels:
  ops: {slack: {url: file:keys/slack}}
  page: {pagerduty: {routing_key: file:keys/pagerduty, base_url: %s}}
routes:
  - {level: halt, to: [ops, page]}
"""
CANARY = """\
import os, pathlib, time
here = pathlib.Path("canary.pid")
fresh = here.with_suffix(".new")
fresh.write_text(str(os.getpid()))
fresh.replace(here)
time.sleep(120)
"""


class Pagers:
    """The receivers on a thread of their own, so that tests stay plain functions."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.receivers = Receivers("T1/B1/secret", ROUTING_KEY)
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self.receivers.start())

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def events(self, action: str) -> list[dict[str, Any]]:
        pages = self.receivers.inbox.of("pagerduty")
        return [dict(page.body) for page in pages if page.body["event_action"] == action]

    def word(self) -> str | None:
        """The code word as a person would read it in the page."""
        for event in self.events("trigger"):
            found = re.search(r"Code word: (\S+)", "\n".join(event["payload"]["custom_details"]["lines"]))
            if found:
                return found[1]
        return None

    def close(self) -> None:
        self._do(self.receivers.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@dataclass
class Drilled:
    """A desk with its canary; `process` is the canary that the test itself has started."""

    desk: Desk
    pagers: Pagers
    process: subprocess.Popen[bytes]
    drills: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def key(self) -> dict[str, Any]:
        return next(key for key in self.desk.venue.books()["keys"] if key["role"] == "canary")

    @property
    def pid(self) -> int:
        return int((self.desk.root / "canary.pid").read_text())

    def runs(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def canary_orders(self) -> list[dict[str, Any]]:
        books = self.desk.venue.books()
        return [o for o in books["orders"] if str(o["link_id"]).startswith("gdn-")]

    def begin(self, *more: str) -> subprocess.Popen[str]:
        """Start `guardian drill live` with a stdin that the test holds."""
        command = [sys.executable, "-m", "guardian", "drill", "live", "desk", "--confirm", "desk", "--json"]
        drill = subprocess.Popen(
            [*command, *more, "--config", str(self.desk.config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.desk.root,
            env=environment(),
        )
        self.drills.append(drill)
        return drill

    def finish(self, drill: subprocess.Popen[str], typed: str | None = None) -> tuple[int, dict[str, Any]]:
        out, err = drill.communicate(typed, timeout=90)
        assert "Traceback" not in err, err
        document: dict[str, Any] = json.loads(out)
        assert "steps" in document, err
        return drill.returncode, document

    def acknowledge(self, drill: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
        """Type the word that came with the page."""
        self.until(lambda: self.pagers.word() is not None or drill.poll() is not None, "a page")
        return self.finish(drill, f"{self.pagers.word()}\n")

    def until(self, good: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if good():
                return
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s: {what}")

    def close(self) -> None:
        for drill in self.drills:
            if drill.poll() is None:
                drill.kill()
                drill.communicate()
        if self.runs():
            os.kill(self.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.pagers.close()
        self.desk.close()
        self.desk.venue.close()


@pytest.fixture
def drilled(tmp_path: Path) -> Iterator[Drilled]:
    """A desk whose guardian has run once, so that there is a journal; guardian does not run now."""
    desk, pagers = Desk(tmp_path, Venue("--seed", "11")), Pagers()
    desk.write_keys()
    for name, secret in (("slack", pagers.receivers.slack_url), ("pagerduty", ROUTING_KEY)):
        file = desk.root / "keys" / name
        file.touch(0o600)
        file.write_text(secret)
    (desk.root / "canary.py").write_text(CANARY)
    process = subprocess.Popen([sys.executable, "canary.py"], cwd=desk.root)
    configure(desk, pagers)
    made = Drilled(desk, pagers, process)
    try:
        made.until((desk.root / "canary.pid").exists, "the canary's pidfile")
        desk.run()
        desk.warm()
        yield made
    finally:
        made.close()


def configure(desk: Desk, pagers: Pagers, canary: str | None = None) -> None:
    key = canary or desk.venue.account["canary"]["key"]
    argv = json.dumps([sys.executable, "canary.py"])
    more = f"    drill: {{canary_key: {key}, process: {{pidfile: canary.pid, start: {argv}}}}}\n"
    desk.configure(more=more, routes=ROUTES % pagers.receivers.pagerduty_base)


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in document["steps"]}


def whole(drilled: Drilled) -> None:
    """Nothing of the drill is left: key open, no order, a canary that runs, no new position."""
    assert not drilled.key["read_only"]
    assert drilled.canary_orders() == []
    assert drilled.runs()
