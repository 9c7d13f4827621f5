"""A daemon that hangs and goes on: what was asked of it meanwhile, and what an operator did without it."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.commands import Said, environment
from tests.integration.conftest import OpenDesk
from tests.integration.troupe import ACCOUNT, Desk

pytestmark = pytest.mark.process

CONFIRM = ("--confirm", ACCOUNT)
RISKIER = {
    "arm": ("--accept-undrilled", "test"),
    "disarm": ("--until", "4h"),
    "resume": ("--reason", "test"),
}


def hung(open_desk: OpenDesk) -> Desk:
    desk = open_desk()
    desk.run()
    desk.warm()
    desk.process.send_signal(signal.SIGSTOP)
    return desk


def test_a_flatten_that_was_not_answered_is_not_said_to_be_undone(open_desk: OpenDesk) -> None:
    desk = hung(open_desk)

    said = desk.cli("flatten", ACCOUNT, *CONFIRM, "--json")
    desk.process.send_signal(signal.SIGCONT)

    assert said.code == 7, said.err
    assert said.document["exit_code"] == 7
    assert "nothing was done" not in said.err
    assert "carries the flatten out should it go on" in said.err
    desk.until(lambda: desk.level() == "FLATTEN", 20, "it goes on, and flattens")


def test_nothing_riskier_is_done_for_somebody_who_has_stopped_waiting(open_desk: OpenDesk) -> None:
    desk = hung(open_desk)

    def ask(verb: str) -> Said:
        return desk.cli(verb, ACCOUNT, *CONFIRM, *RISKIER[verb])

    with ThreadPoolExecutor() as operators:
        said = dict(zip(RISKIER, operators.map(ask, RISKIER), strict=True))
    desk.process.send_signal(signal.SIGCONT)
    # Whoever waits longest is answered first: behind this one's answer nothing is left in the socket.
    desk.until(lambda: bool((desk.operate("demand", level="halt", reason="x") or {}).get("level")), 20, "it")

    assert {verb: one.code for verb, one in said.items()} == dict.fromkeys(RISKIER, 7), said
    assert "may still take effect" in said["disarm"].err
    shown = desk.cli("journal", "show", "--json").out
    assert not [kind for kind in ("armed", "disarmed", "resumed") if f'"kind":"{kind}"' in shown], shown
    assert "Traceback" not in desk.log


def test_a_direct_demand_is_over_with_the_resume(open_desk: OpenDesk) -> None:
    """It is taken over as soon as its process has ended, so that no later start executes it again."""
    desk = hung(open_desk)
    said = desk.cli("flatten", ACCOUNT, *CONFIRM, "--direct", "--json")
    desk.process.send_signal(signal.SIGCONT)
    desk.until(lambda: taken_over(desk), 30, "the running daemon has taken it over")
    desk.until(lambda: desk.level() == "FLATTEN", 20, "flatten")

    back = desk.cli("resume", ACCOUNT, *CONFIRM, "--reason", "the daemon is back", "--json")
    desk.stop()
    desk.run()

    assert said.code == 0, said.err
    assert back.document["level"] == "NORMAL"
    assert desk.level() == "NORMAL"


def taken_over(desk: Desk) -> bool:
    left = [f.name for f in (desk.root / "state").glob("direct-*")]
    return bool(left) and all(".imported" in name for name in left)


def test_what_a_killed_direct_process_demanded_is_taken_over_too(open_desk: OpenDesk) -> None:
    desk = hung(open_desk)
    desk.venue.fault(effect="ret_code", match="order/create", code=10016, count=1000)
    command = [sys.executable, "-m", "guardian", "flatten", ACCOUNT, *CONFIRM, "--direct"]
    operator = subprocess.Popen(
        [*command, "--config", str(desk.config)],
        cwd=desk.root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        desk.until(lambda: bool(list((desk.root / "state").glob("direct-*.lock"))), 30, "it works")
        desk.until(lambda: desk.venue.bot_key()["read_only"], 30, "it has fenced")
    finally:
        operator.kill()
        operator.wait()
    desk.process.kill()
    desk.process.wait()
    desk.venue.clear()
    desk.run()

    desk.until(lambda: desk.level() == "FLATTEN" and taken_over(desk), 30, "taken over")
    assert list((desk.root / "state").glob("direct-*.lock")) == []
