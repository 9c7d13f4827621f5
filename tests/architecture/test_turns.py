"""Tests with real processes share the machine; one that measures time has it for itself, and in time."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

from tests.turns import NAME, Turns

SOON_SECONDS = 0.1
LATEST_SECONDS = 20.0


def taking(turns: Turns, alone: bool) -> threading.Event:
    """Take a turn on a thread; the event says that it has come."""
    come = threading.Event()

    def take() -> None:
        turns.take(alone)
        come.set()

    threading.Thread(target=take, daemon=True).start()
    return come


def wait_for_the_gate(folder: Path) -> None:
    """Until somebody who waits for a turn holds the gate."""
    pause = threading.Event()
    with (folder / f"{NAME}.gate").open("w") as gate:
        for _ in range(int(LATEST_SECONDS / 0.01)):
            try:
                fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(gate, fcntl.LOCK_UN)
            pause.wait(0.01)
    raise AssertionError("nobody holds the gate")


def test_those_who_need_not_be_alone_run_side_by_side(tmp_path: Path) -> None:
    first, second = Turns(tmp_path), Turns(tmp_path)
    first.take(alone=False)

    assert taking(second, alone=False).wait(LATEST_SECONDS)


def test_who_is_alone_waits_for_the_others_and_they_for_it(tmp_path: Path) -> None:
    first, second, third = Turns(tmp_path), Turns(tmp_path), Turns(tmp_path)
    first.take(alone=False)
    alone = taking(second, alone=True)
    wait_for_the_gate(tmp_path)
    late = taking(third, alone=False)

    too_soon = (alone.wait(SOON_SECONDS), late.wait(SOON_SECONDS))
    first.end()
    came = alone.wait(LATEST_SECONDS)
    overtaken = late.wait(SOON_SECONDS)
    second.end()

    assert too_soon == (False, False)
    assert came
    assert not overtaken, "a later one runs beside it"
    assert late.wait(LATEST_SECONDS)


def test_a_turn_that_is_kept_is_not_taken_again(tmp_path: Path) -> None:
    """From one test of a file to the next: whoever waits holds the gate, so asking again would never end."""
    mine, other = Turns(tmp_path), Turns(tmp_path)
    mine.take(alone=True)
    waiting = taking(other, alone=True)
    wait_for_the_gate(tmp_path)

    assert taking(mine, alone=True).wait(LATEST_SECONDS)
    assert not waiting.is_set()
    mine.end()
    assert waiting.wait(LATEST_SECONDS)
