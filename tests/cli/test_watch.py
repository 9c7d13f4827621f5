"""guardian watch and status: every number with its age, and a silent daemon that looks silent."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from guardian.cli.see.screen import bar, screen
from guardian.cli.see.status import step_line
from tests.integration.conftest import OpenDesk, open_desk
from tests.integration.troupe import ACCOUNT, Desk, environment

__all__ = ["open_desk"]


@pytest.mark.process
def test_without_a_terminal_it_is_one_json_line_a_refresh(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()

    said = desk.command("watch", "--count", "3", "--every", "0.2")
    looks = [json.loads(line) for line in said.out.splitlines()]

    assert said.code == 0, said.err
    assert [True] * 3 == [look["reachable"] for look in looks]
    account = looks[-1]["status"]["accounts"][0]
    assert account["equity_age_s"] < 5
    assert all(rule["age_s"] is not None for rule in account["rules"])


@pytest.mark.process
def test_a_silent_daemon_is_told_with_the_last_picture_and_its_age(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    with _watching(desk, "--json", "--count", "15") as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        first = watching.stdout.readline()
        desk.kill()
        out, err = watching.stdout.read(), watching.stderr.read()
        code = watching.wait(20)

    looks = [json.loads(line) for line in [first, *out.splitlines()]]
    assert code == 7
    assert b"Traceback" not in err
    assert looks[0]["reachable"]
    assert not looks[-1]["reachable"]
    assert looks[-1]["status"]["accounts"][0]["name"] == ACCOUNT
    assert looks[-1]["age_s"] > looks[-2]["age_s"] > 0
    assert looks[-1]["silent_since"]


@contextmanager
def _watching(desk: Desk, *arguments: str, terminal: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`guardian watch` on this terminal, or into pipes; ended with the block, however that ends."""
    command = [sys.executable, "-m", "guardian", "watch", "--every", "0.2", "--config", str(desk.config)]
    env = {**environment(), "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    out = subprocess.PIPE if terminal is None else terminal
    with subprocess.Popen(
        [*command, *arguments], cwd=desk.root, env=env, stdin=terminal, stdout=out, stderr=out
    ) as watching:
        try:
            yield watching
        finally:
            watching.kill()


@pytest.mark.process
@pytest.mark.parametrize("leave", ["q", "ctrl-c"])
def test_on_a_terminal_it_draws_and_q_or_ctrl_c_leaves(open_desk: OpenDesk, leave: str) -> None:
    desk = open_desk()
    desk.run()
    desk.warm()
    ours, theirs = pty.openpty()
    with _watching(desk, terminal=theirs) as watching:
        os.close(theirs)
        drawn = _drawn(ours, "q quits")
        if leave == "q":
            os.write(ours, b"q")
        else:
            os.kill(watching.pid, signal.SIGINT)
        rest = _drawn(ours, "\x1b[?1049l")
        code = watching.wait(10)
    os.close(ours)

    assert "desk (bybit)" in drawn
    assert code == 0
    assert "Traceback" not in drawn + rest


def _drawn(terminal: int, until: str) -> str:
    """What has been written to the terminal until these words came."""
    text, deadline = "", time.monotonic() + 15
    while until not in text and time.monotonic() < deadline:
        try:
            text += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    assert until in text, text
    return text


@pytest.mark.process
def test_status_puts_an_age_beside_each_number_and_names_bots_shortly(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.configure(more="    halt: [{process: {pidfile: bot.pid}}]\n")
    desk.run()
    desk.warm()
    desk.operate("demand", level="halt", reason="test")
    desk.until(lambda: desk.level() == "HALT", 5, "halted")

    said = desk.command("status")

    rule = next(line for line in said.out.splitlines() if " dd: " in line)
    assert "s old)" in rule
    assert "ask bot bot to stop" in said.out
    assert "prepare" not in said.out
    assert str(desk.root) not in said.out


ACCOUNT_DOCUMENT = {
    "name": "desk",
    "venue": "bybit",
    "level": "NORMAL",
    "armed": True,
    "armed_rules": [],
    "disarmed_until": None,
    "equity": 10_000.0,
    "equity_age_s": 0.5,
    "failures": [],
    "troubles": [],
    "incident": None,
    "rules": [
        {
            "id": "dd",
            "verdict": "clear",
            "value": 0.01,
            "bound": "known",
            "limit": 0.05,
            "level": "HALT",
            "armed": True,
            "age_s": 0.5,
            "stale_after_s": 10.0,
            "direction": "over",
        }
    ],
}
DOCUMENT = {
    "at": "2026-03-02T12:00:00.000Z",
    "accounts": [ACCOUNT_DOCUMENT],
    "journal": {"ok": True, "records": 7},
}


def _text(age_s: float, silent_since: str) -> str:
    console = Console(
        width=120, record=True, force_terminal=True, color_system="standard", file=io.StringIO()
    )
    console.print(screen(DOCUMENT, age_s, silent_since))
    return console.export_text(styles=True)


def test_a_silent_daemon_looks_stale() -> None:
    """A green picture of a minute ago is the most dangerous one."""
    fresh, stale = _text(0.1, ""), _text(61.0, "2026-03-02T12:00:01.000Z")

    assert "no daemon answers since 12:00:01 UTC" in stale
    assert "STALE" in stale
    assert "61.5 s old" in stale
    assert "\x1b[1;31m61.5 s old" in stale, "the age is bold red"
    assert "\x1b[32mNORMAL" in fresh
    assert "\x1b[32mNORMAL" not in stale


@pytest.mark.parametrize(
    ("value", "direction", "full"),
    [(0.0, "over", 0), (0.025, "over", 10), (0.5, "over", 20), (0.1, "under", 10)],
)
def test_the_bar_is_the_way_to_the_limit(value: float, direction: str, full: int) -> None:
    assert full == bar({"value": value, "limit": 0.05, "direction": direction}).count("\u2588")


def test_not_knowing_draws_no_empty_bar() -> None:
    """An empty bar would say: far from the limit."""
    assert set(bar({"value": None, "limit": 0.05})) == {"?"}


def test_what_guardian_only_prepares_for_itself_is_no_step() -> None:
    step = {"step": "prepare", "target": "True", "at": "2026-03-02T12:00:00.000Z"}

    assert "" == step_line(step)
