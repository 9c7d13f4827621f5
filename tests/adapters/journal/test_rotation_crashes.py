"""Rotation and crashes: whenever a process dies, each record is in one place at least, and work goes on."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import guardian
from guardian.journal import Keeping, SqliteJournal, verify_file
from guardian.journal.archive import rotate, segment
from guardian.journal.store import Store
from tests.adapters.journal.filled import ORIGIN, START, events, everything, rotated, written

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(guardian.__file__).parents[1])}


class Crashed(BaseException):
    """The process is gone: nothing that would clean up runs after it."""


@contextmanager
def crash_at(step: int) -> Iterator[list[str]]:
    """Crash at the `step`-th thing done to a disk, counted before and after each; gives what was done."""
    done: list[str] = []

    def trapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            for moment in ("before", "after"):
                done.append(f"{moment} {name}")
                if len(done) == step:
                    raise Crashed(done[-1])
                if moment == "before":
                    answer = real(*args, **more)
            return answer

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (os, "replace"),
            (segment, "settle"),
            (rotate, "settle"),
            (Path, "unlink"),
            (Store, "append"),
            (Store, "release"),
            (gzip.GzipFile, "write"),
        ):
            patch.setattr(owner, name, trapped(name, getattr(owner, name)))
        yield done


async def test_a_crash_at_any_point_of_a_rotation_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step of a rotation with cuts and deletions is interrupted once; the next start goes on."""
    template = tmp_path / "template"
    template.mkdir()
    await written(template / "journal.db", records=30)
    await rotated(template / "journal.db", Keeping(template / "archive", 100), days=1.1)
    await written(template / "journal.db", records=60, begin=31)
    before = events(everything(template / "journal.db"))
    deleted = []
    monkeypatch.setattr(rotate, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(rotate, "BATCH_ROWS", 12)
    step, crashed = 0, True
    while crashed:
        step += 1
        folder = tmp_path / f"crash-{step}"
        shutil.copytree(template, folder)
        path, here = folder / "journal.db", Keeping(folder / "archive", 100, timedelta(hours=84))

        crashed = await interrupted(path, here, step)
        after_crash, story = verify_file(path), events(everything(path))
        await rotated(path, here, days=4.1)
        after, whole = verify_file(path), events(everything(path))

        assert after_crash.ok, (step, after_crash.problem)
        assert after.ok, (step, after.problem)
        assert before[-len(story) :] == story, step
        assert before[-len(whole) :] == whole, step
        assert not list(folder.glob("archive/*.part")), step
        deleted.append(after.first > 1)
        shutil.rmtree(folder)
    assert step > 30, step
    assert all(deleted)


async def interrupted(path: Path, keeping: Keeping, step: int) -> bool:
    journal = SqliteJournal(path, ORIGIN)
    await journal.restore()
    try:
        with crash_at(step):
            await journal.rotate(keeping, START + timedelta(days=4))
    except Crashed:
        return True
    finally:
        await journal.close()
    return False


@pytest.mark.process
def test_no_record_is_lost_to_kill_9_while_rotating(tmp_path: Path) -> None:
    """A process that appends and rotates without rest, killed at random moments, on one journal."""
    path, rng = tmp_path / "journal.db", random.Random(9)
    program = Path(__file__).with_name("rotator.py")
    acknowledged = 0
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, str(program), str(path)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        ) as child:
            assert child.stdout is not None
            for _ in range(rng.randrange(100, 300)):
                acknowledged = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, child.stdout.read().split("\n")[:-1])])

        verified = verify_file(path)

        assert verified.ok, verified.problem
        assert verified.first == 1
        assert verified.last >= acknowledged
    assert len(segment.segments(tmp_path / "archive")) > 3
