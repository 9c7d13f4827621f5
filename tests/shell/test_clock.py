"""The shell's clock: a machine whose time is set back must not make guardian blind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from guardian.runtime.clock import SystemClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Machine:
    """A machine whose wall clock and monotonic clock the test moves."""

    def __init__(self) -> None:
        self.wall = NOON
        self.tick = 100.0

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.tick, lambda: self.wall)

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.tick += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_time_goes_on_after_the_machine_was_set_back(machine: Machine) -> None:
    """Standing still would make every new read look old, and age nothing."""
    clock = machine.clock()
    before = clock.now()

    machine.wall -= timedelta(hours=1)
    machine.passes(5)

    assert before + timedelta(seconds=5) == clock.now()
    assert timedelta(hours=1) == clock.ahead


def test_a_jump_forwards_is_followed(machine: Machine) -> None:
    clock = machine.clock()
    clock.now()

    machine.wall += timedelta(hours=8)

    assert NOON + timedelta(hours=8) == clock.now()
    assert timedelta(0) == clock.ahead


def test_a_restart_goes_on_from_what_the_journal_had_reached(machine: Machine) -> None:
    """Evidence asked after the restart must be newer than what was journaled before it."""
    clock = machine.clock()

    clock.raise_to(NOON + timedelta(minutes=30))
    machine.passes(1)

    assert NOON + timedelta(minutes=30, seconds=1) == clock.now()
