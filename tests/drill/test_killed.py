"""A live drill that is killed cleans nothing up: what it had fenced is named, and restored by the next."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.drill.conftest import Drilled, outcomes, whole

pytestmark = pytest.mark.process

MEND = "mend an earlier drill"


def killed(drilled: Drilled, settle: float) -> None:
    """A drill that dies `settle` seconds after the venue shows its canary key fenced."""
    drill: subprocess.Popen[str] = drilled.begin("--no-page")
    drilled.until(lambda: drilled.key["read_only"], "a fenced canary key")
    time.sleep(settle)
    drill.send_signal(signal.SIGKILL)
    drill.wait()
    assert drilled.key["read_only"], "nobody has restored it"


def told(drilled: Drilled) -> bool:
    return "drill-canary" in drilled.desk.account()["troubles"]


def test_the_next_drill_restores_it_first_and_the_daemon_says_so_until_then(drilled: Drilled) -> None:
    drilled.desk.venue.fault(match="sub-apikeys", effect="hang", seconds=1.5, key="admin")
    killed(drilled, settle=0.5)
    drilled.until(lambda: told(drilled), "the running daemon says so", 30)
    drilled.desk.kill()
    drilled.desk.run()
    drilled.until(lambda: told(drilled), "so does the next one", 30)
    drilled.desk.venue.clear()

    code, document = drilled.finish(drilled.begin("--no-page"))

    assert (0, "ok") == (code, outcomes(document)[MEND])
    whole(drilled)
    drilled.until(lambda: not told(drilled), "healed", 30)
    again, document = drilled.finish(drilled.begin("--no-page"))
    assert 0 == again
    assert MEND not in outcomes(document), "there is nothing to mend"


def test_killed_before_the_answer_it_is_named_and_a_person_must_open_it(drilled: Drilled) -> None:
    """What the key could do before is in the answer that died with the drill."""
    key = drilled.desk.venue.account["canary"]["key"]
    drilled.desk.venue.fault(match="update-sub-api", effect="timeout_after_effect", count=9)
    killed(drilled, settle=0.0)
    drilled.desk.venue.clear()

    code, document = drilled.finish(drilled.begin("--no-page"))

    why = next(step["why"] for step in document["steps"] if step["name"] == MEND)
    assert (4, "failed") == (code, outcomes(document)[MEND])
    assert key in why
    assert "by hand" in why


def test_two_live_drills_of_one_account_are_refused(drilled: Drilled) -> None:
    """The second would take the first one's fence for what a killed one left behind."""
    drilled.desk.venue.fault(match="sub-apikeys", effect="hang", seconds=1.5, key="admin")
    first = drilled.begin("--no-page")
    drilled.until(lambda: drilled.key["read_only"], "a fenced canary key")

    second = drilled.desk.command("drill", "live", "desk", "--confirm", "desk", "--no-page", "--json")

    assert 6 == second.code
    assert "a live drill of desk is running" in second.err
    assert not told(drilled)
    code, _ = drilled.finish(first)
    assert code in (0, 4)
    whole(drilled)
