"""Guardian's own parts fail: disk full, journal torn or tampered, nobody to be told. It acts all the same."""

from __future__ import annotations

import json
import resource
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process

CONFIRM = ("--confirm", ACCOUNT)
ROUTES = """\
channels:
  ops: {slack: {url: file:keys/slack}}
  page: {pagerduty: {routing_key: file:keys/pagerduty, base_url: "%(url)s"}}
routes:
  - {level: caution, to: [ops, page]}
"""


class People(ThreadingHTTPServer):
    """Whoever is on call; `got` is what reached them."""

    down = True
    got: list[dict[str, Any]]


class Desks(BaseHTTPRequestHandler):
    """Slack and PagerDuty in one: 503 while `server.down`, otherwise what was said is kept."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, People)
        down = self.server.down
        if not down:
            self.server.got.append(body)
        code, answer = (503, b"down") if down else (202, b"{}") if "routing_key" in body else (200, b"ok")
        self.send_response(code)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def people() -> Iterator[People]:
    server = People(("127.0.0.1", 0), Desks)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_with_slack_and_pagerduty_down_it_flattens_and_tells_them_later(
    open_desk: OpenDesk, people: People
) -> None:
    url = f"http://127.0.0.1:{people.server_port}"
    desk = open_desk()
    for name, text in (("slack", url + "/services/T0/B0/x"), ("pagerduty", "0" * 32)):
        file = desk.root / "keys" / name
        file.touch(0o600)
        file.write_text(text)
    desk.configure(routes=ROUTES % {"url": url})
    desk.run()
    desk.warm()

    flat = desk.command("flatten", ACCOUNT, *CONFIRM, "--json")
    queued = (desk.status() or {})["notifications"]["queued"]
    desk.kill()
    people.down = False
    desk.run()
    desk.until(lambda: bool(people.got), 40, "told after the channels and guardian are back")

    assert flat.code == 0, flat.err
    assert queued > 0, "what nobody took is kept"
    assert "FLATTEN" in json.dumps(people.got)
    assert "Traceback" not in desk.log


def limit_files(desk: Desk, bytes_: int) -> None:
    """A disk that is full for this process: no file may grow past this."""
    _, hard = resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (bytes_, hard))


def test_a_full_disk_stops_no_flatten_and_is_paged(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    limit_files(desk, 4096)
    desk.until(lambda: not (desk.status() or {})["journal"]["ok"], 20, "the journal fails")

    flat = desk.command("flatten", ACCOUNT, *CONFIRM, "--json")
    resumed = desk.command("resume", ACCOUNT, *CONFIRM, "--reason", "test")
    positions = desk.venue.books()["positions"]
    troubles = desk.account()["troubles"]
    limit_files(desk, resource.RLIM_INFINITY)
    desk.until(lambda: (desk.status() or {})["journal"]["ok"], 20, "writes again")
    desk.stop()

    assert flat.code == 0, flat.err
    assert positions == []
    assert "journal" in troubles
    assert resumed.code == 6, "with the journal down, de-escalation is refused"
    assert desk.command("journal", "verify").code == 0, "the gap is declared and the chain is whole"


def journal_of(desk: Desk) -> Path:
    return desk.root / "state" / "journal.db"


def tamper(desk: Desk) -> None:
    """Somebody changes the past: the body of one old record."""
    with sqlite3.connect(journal_of(desk)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        name = next(t for t in tables if t in ("records", "journal", "record"))
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{trigger}"')
        changed = db.execute(f"UPDATE \"{name}\" SET body = body || ' ' WHERE seq = 2")  # noqa: S608
        assert changed.rowcount == 1
    db.close()


def test_a_tampered_journal_halts_and_pages_and_goes_on_watching(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.stop()
    tamper(desk)

    desk.run()
    desk.until(lambda: desk.level() == "HALT", 20, "halted")

    assert "journal-tampered" in desk.account()["troubles"]
    desk.until(lambda: desk.account()["data_age_s"] is not None, 20, "sees")
    assert desk.command("flatten", ACCOUNT, *CONFIRM, "--json").code == 0
    assert desk.command("journal", "verify").code == 3
    assert "Traceback" not in desk.log


def test_a_torn_tail_is_cut_and_told(open_desk: OpenDesk) -> None:
    """A power cut tears the newest pages off the write-ahead log; what stood before is in force."""
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.arm()
    desk.kill()
    wal = journal_of(desk).with_name("journal.db-wal")
    if wal.exists() and wal.stat().st_size > 8192:
        with wal.open("r+b") as file:
            file.truncate(wal.stat().st_size - 3000)

    desk.run()
    desk.until(lambda: desk.account().get("data_age_s") is not None, 20, "sees")
    desk.stop()

    assert desk.command("journal", "verify").code == 0
    assert "Traceback" not in desk.log


def test_a_state_folder_that_turns_into_a_file_is_a_sentence(open_desk: OpenDesk) -> None:
    desk = open_desk()
    (desk.root / "state").write_text("not a folder")

    said = desk.cli("run")

    assert said.code in (1, 3), said.err
    assert "state" in said.err
    assert "Traceback" not in said.err
