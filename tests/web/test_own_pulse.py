"""Guardian watches itself: how late it is and what is free of its disk, told, judged and journaled."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.engine import step
from guardian.core.events import SnapshotTaken
from guardian.core.facts.pulse import Pulse
from guardian.core.model import Known, Level, Unknown
from guardian.runtime.codec import decode_event, decode_state, decode_step_event, encode_state
from guardian.runtime.pulse import DiskLook, PulseMeter, free_fraction
from guardian.runtime.timers import TICK_SECONDS
from tests.core import build
from tests.core.build import START, at, rule, rung
from tests.shell.fakes import Shell, open_shell

LAG = rule(rung(2.0, "caution"), rung(10.0, "halt"), id="lag", metric="loop_lag", stale_after_seconds=60.0)
DISK = rule(rung(0.1, "caution"), id="disk", metric="disk_free", direction="under", stale_after_seconds=60.0)


def opened(folder: Path, *rules: Any) -> Shell:
    shell = open_shell(folder)
    shell.start(*rules)
    return shell


async def late(shell: Shell, second: float, by: float) -> None:
    """A read comes, and `by` seconds pass before it is decided on."""
    shell.see(second)
    shell.clock.at = shell.clock.at + timedelta(seconds=by)
    await shell.run()


def measured(shell: Shell, name: str = "lag") -> Any:
    account = shell.runtime.state.account(build.ACCOUNT)
    assert account is not None
    own = account.rule(name)
    assert own is not None
    return own.measured


def reads(shell: Shell) -> list[SnapshotTaken]:
    told = map(decode_step_event, shell.disk.bodies)
    return [event for event in told if isinstance(event, SnapshotTaken)]


# --- what a rule sees ---------------------------------------------------------------------------------


async def test_a_judgement_that_comes_late_halts(tmp_path: Path) -> None:
    shell = opened(tmp_path, LAG)
    await late(shell, 1, 0)
    first = measured(shell)
    await late(shell, 2, 11)

    assert isinstance(first, Known)
    assert first.value < 0.1
    assert measured(shell) == Known(pytest.approx(11, abs=0.1))
    assert Level.HALT is shell.level


async def test_a_bell_that_rings_late_is_a_lag(tmp_path: Path) -> None:
    """Whatever holds up the loop: no event waits then, for none comes."""
    shell = opened(tmp_path, LAG)
    for second in (1.0, 1.0 + TICK_SECONDS, 4.5 + TICK_SECONDS):
        shell.clock.at = at(second)
        shell.runtime.tick()
        await shell.run()
    await late(shell, 6, 0)

    assert measured(shell) == Known(pytest.approx(3.5 - TICK_SECONDS, abs=0.1))
    assert Level.CAUTION is shell.level


async def test_it_is_over_after_a_minute(tmp_path: Path) -> None:
    shell = opened(tmp_path, LAG)
    await late(shell, 1, 5)
    await late(shell, 50, 0)
    still = measured(shell)
    await late(shell, 70, 0)

    assert still.value == pytest.approx(5, abs=0.1)
    assert measured(shell).value < 0.1


async def test_a_full_disk_is_told_and_one_that_nobody_sees_is_unknown(tmp_path: Path) -> None:
    shell = opened(tmp_path, DISK)
    await late(shell, 1, 0)
    unseen = measured(shell, "disk")
    shell.runtime.has_free(0.05)
    await late(shell, 2, 0)
    full = measured(shell, "disk")
    await late(shell, 70, 0)

    assert isinstance(unseen, Unknown)
    assert Known(0.05) == full
    assert isinstance(measured(shell, "disk"), Unknown), "an hour-old look is no room"


async def test_where_no_rule_asks_no_read_bears_it(tmp_path: Path) -> None:
    """Nothing is journaled, and nothing decided, that is of no use."""
    shell = opened(tmp_path, build.rule())
    await late(shell, 1, 5)

    assert [None] == [event.snapshot.pulse for event in reads(shell)]


async def test_a_replay_of_the_journal_decides_the_same(tmp_path: Path) -> None:
    shell = opened(tmp_path, LAG, DISK)
    for second, by in ((1, 0.0), (2, 3.0), (10, 12.0), (40, 0.0)):
        shell.runtime.has_free(1 / (second + 1))
        await late(shell, second, by)

    state = type(shell.runtime.state)()
    for body in shell.disk.bodies:
        state, _ = step(state, decode_event(json.loads(body)["event"]))

    mine, theirs = (encode_state(replace(each, decisions=())) for each in (shell.runtime.state, state))
    assert mine == theirs
    assert shell.runtime.state == decode_state(encode_state(shell.runtime.state))


def test_a_read_of_an_earlier_journal_has_none_and_the_rule_waits() -> None:
    desk = build.Desk(LAG).warm()
    told = desk.account.rules[0].measured
    desk.see(replace(build.read(0), pulse=Pulse(3.0)))
    desk.see(build.read(1))

    assert isinstance(told, Unknown)
    assert Known(3.0) == desk.account.rules[0].measured
    for second in range(2, 65):
        desk.see(build.read(second))
    assert isinstance(desk.account.rules[0].measured, Unknown)
    assert desk.account.rules[0].stale


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf")])
def test_nonsense_is_not_taken(nonsense: float) -> None:
    desk = build.Desk(LAG).warm()
    desk.see(replace(build.read(0), pulse=Pulse(1.0)))
    desk.see(replace(build.read(1), pulse=Pulse(nonsense)))

    assert Known(1.0) == desk.account.rules[0].measured


# --- how it is measured -------------------------------------------------------------------------------

WAITS = st.lists(st.tuples(st.integers(0, 300), st.floats(0, 50)), max_size=40)


@given(WAITS)
def test_it_is_the_longest_of_the_last_minute(waits: list[tuple[int, float]]) -> None:
    """Against all of them, kept in a list: it may look five seconds less far back, never further."""
    meter, now = PulseMeter(0.5), 300
    for second, seconds in sorted(waits):
        meter.waited(at(second - seconds), at(second))
    got = meter.taken(at(now)).lag_seconds

    certain = [seconds for second, seconds in waits if second > now - 55]
    possible = [seconds for second, seconds in waits if second > now - 60]
    assert max(certain, default=0.0) - 0.001 <= got <= max(possible, default=0.0) + 0.001


@given(WAITS)
def test_its_memory_is_bounded(waits: list[tuple[int, float]]) -> None:
    meter = PulseMeter(0.5)
    for second, seconds in sorted(waits):
        meter.waited(at(second - seconds), at(second))

    assert len(meter._late) <= 12


def test_a_punctual_bell_and_one_that_is_early_are_no_lag() -> None:
    meter = PulseMeter(0.5)
    for tenths in (0, 5, 9, 15):
        meter.rang(START + timedelta(seconds=tenths / 10))

    assert meter.taken(at(2)).lag_seconds == pytest.approx(0.1)


async def test_the_disk_is_looked_at_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs holds up nothing, and no second look is begun."""
    told: list[float] = []
    begun: list[float] = []

    def slow(folder: Path) -> float:
        begun.append(time.monotonic())
        time.sleep(0.2)
        return 0.5

    monkeypatch.setattr("guardian.runtime.pulse.free_fraction", slow)
    disk, before = DiskLook(tmp_path, told.append), time.monotonic()
    for _ in range(5):
        disk.look()
        await asyncio.sleep(0.01)
    waited = time.monotonic() - before

    assert waited < 0.19
    assert 1 == len(begun)
    await asyncio.sleep(0.3)
    assert [0.5] == told


async def test_a_folder_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    told: list[float] = []
    disk = DiskLook(tmp_path / "gone", told.append)
    disk.look()
    await asyncio.sleep(0.1)

    assert [] == told


def test_the_fraction_is_that_of_the_file_system(tmp_path: Path) -> None:
    seen = shutil.disk_usage(tmp_path)

    assert free_fraction(tmp_path) == pytest.approx(seen.free / seen.total, abs=0.01)


async def test_those_who_scrape_see_it_without_any_rule(tmp_path: Path) -> None:
    shell = opened(tmp_path, build.rule())
    await late(shell, 1, 4)
    meter = shell.runtime.pulse
    unseen = meter.taken(shell.clock.now()).disk_free
    shell.runtime.has_free(0.25)
    seen = meter.taken(shell.clock.now())

    assert None is unseen
    assert (pytest.approx(4, abs=0.1), 0.25) == (seen.lag_seconds, seen.disk_free)
