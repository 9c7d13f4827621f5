"""Stopping a process: only the bot, really dead when it says so, never another one with its number."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guardian.config.shapes import ProcessHalt
from guardian.core.events import Outcome
from guardian.halt import ProcessControl
from guardian.halt.pidfile import ancestry

STUBBORN = (
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
)
WILLING = "import time; print(1, flush=True); time.sleep(60)"


@contextmanager
def bot(program: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            yield child
        finally:
            child.kill()


def control(tmp_path: Path, content: object) -> ProcessControl:
    (tmp_path / "bot.pid").write_text(f"{content}\n")
    return ProcessControl(ProcessHalt(tmp_path / "bot.pid", 1.0))


async def test_asking_terminates_a_willing_bot(tmp_path: Path) -> None:
    with bot(WILLING) as child:
        asked = await control(tmp_path, child.pid).ask("acc", "e1")

        assert asked.outcome is Outcome.DONE
        assert dict(asked.facts) == {"pid": str(child.pid)}
        assert child.wait(5) == -signal.SIGTERM


async def test_forcing_a_stubborn_bot_is_done_only_when_it_is_dead(tmp_path: Path) -> None:
    """SIGTERM is ignored; the report of the force is about death, not about a signal that was sent."""
    with bot(STUBBORN) as child:
        stop = control(tmp_path, child.pid)

        asked = await stop.ask("acc", "e1")
        await asyncio.sleep(0.05)
        alive = child.poll() is None
        forced = await stop.force("acc", "e1")

        assert (asked.outcome, alive) == (Outcome.DONE, True)
        assert forced.outcome is Outcome.DONE
        assert child.wait(0.5) == -signal.SIGKILL


async def test_force_hits_the_process_that_was_asked(tmp_path: Path) -> None:
    """The pidfile now names another process: the one that was asked and lives is still the bot."""
    with bot(STUBBORN) as first, bot(WILLING) as bystander:
        stop = control(tmp_path, first.pid)
        await stop.ask("acc", "e1")
        (tmp_path / "bot.pid").write_text(str(bystander.pid))

        forced = await stop.force("acc", "e1")

        assert forced.outcome is Outcome.DONE
        assert first.wait(0.5) == -signal.SIGKILL
        assert bystander.poll() is None


async def test_a_restarted_bot_is_found_by_its_new_pidfile(tmp_path: Path) -> None:
    """A supervisor restarts what was terminated; forcing must reach the new process."""
    with bot(WILLING) as first:
        stop = control(tmp_path, first.pid)
        await stop.ask("acc", "e1")
        first.wait(5)
    with bot(WILLING) as second:
        (tmp_path / "bot.pid").write_text(str(second.pid))

        forced = await stop.force("acc", "e1")

        assert forced.outcome is Outcome.DONE
        assert second.wait(0.5) == -signal.SIGKILL


async def test_a_reused_pid_is_refused(tmp_path: Path) -> None:
    """A process younger than its pidfile got a dead bot's number: killing it would be an accident."""
    with bot(WILLING) as innocent:
        stop = control(tmp_path, innocent.pid)
        old = (tmp_path / "bot.pid").stat().st_mtime - 60
        os.utime(tmp_path / "bot.pid", (old, old))

        reports = [await stop.ask("acc", "e1"), await stop.force("acc", "e1")]

        assert [(r.outcome, r.code) for r in reports] == [(Outcome.REFUSED, "pid-reused")] * 2
        assert innocent.poll() is None


async def test_a_dead_bot_is_gone(tmp_path: Path) -> None:
    """Reaped, or ended and not yet reaped by its parent."""
    with bot(WILLING) as child:
        stop = control(tmp_path, child.pid)
        child.kill()
        await asyncio.to_thread(os.waitid, os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        zombie = await stop.ask("acc", "e1")
        child.wait()

        assert zombie.outcome is Outcome.GONE
        assert (await stop.force("acc", "e1")).outcome is Outcome.GONE


async def test_guardian_never_aims_at_itself_or_its_parents(tmp_path: Path) -> None:
    for pid in {1, os.getpid(), os.getppid()}:
        stop = control(tmp_path, pid)

        assert (await stop.ask("acc", "e1")).code == "self"
        assert (await stop.force("acc", "e1")).outcome is Outcome.REFUSED
    assert {os.getpid(), os.getppid()} <= ancestry()


@pytest.mark.parametrize("content", ["", "bot", "-1", "0", "12 34", "99999999999", "٣٤"])
async def test_garbage_is_impossible(tmp_path: Path, content: str) -> None:
    """A negative number would mean a whole process group to kill(2)."""
    report = await control(tmp_path, content).force("acc", "e1")

    assert (report.outcome, report.code) == (Outcome.IMPOSSIBLE, "garbage")


async def test_a_missing_pidfile_is_impossible(tmp_path: Path) -> None:
    stop = ProcessControl(ProcessHalt(tmp_path / "none.pid", 1.0))

    assert (await stop.ask("acc", "e1")).code == "no-pidfile"


async def test_no_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(fd: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with bot(WILLING) as child:
        monkeypatch.setattr(signal, "pidfd_send_signal", denied)

        report = await control(tmp_path, child.pid).ask("acc", "e1")

    assert (report.outcome, report.code) == (Outcome.REFUSED, "permission")


async def test_a_process_that_survives_is_not_reported_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process stuck in the kernel does not die of SIGKILL; here the signal is swallowed."""
    monkeypatch.setattr("guardian.halt.process.DEATH_SECONDS", 0.05)
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda fd, number: None)
    with bot(WILLING) as child:
        report = await control(tmp_path, child.pid).force("acc", "e1")

    assert (report.outcome, report.code) == (Outcome.UNKNOWN, "alive")
