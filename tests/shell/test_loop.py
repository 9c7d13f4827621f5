"""The shell's own laws: no part of guardian's own may stop an action, and every failure is told."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from guardian.core.effects import ClosePosition
from guardian.core.events import Demanded, Outcome, Tick
from guardian.core.model import Level
from guardian.errors import RefusedError
from guardian.ports import Report
from guardian.runtime import commit, perform
from guardian.runtime import loop as loop_module
from guardian.runtime.control.requests import Operations
from tests.core import build
from tests.shell.fakes import Shell, open_shell

BOOK = {"positions": (build.position(build.BTC, 1, 100), build.position(build.ETH, -2, 50))}


@pytest.fixture
async def shell(tmp_path: Path) -> Shell:
    """Armed, and the book seen once."""
    made = open_shell(tmp_path)
    made.start(build.rule())
    made.see(1, **BOOK)
    await made.run()
    return made


def flatten(shell: Shell) -> None:
    shell.runtime.post(Demanded(shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "test"))


def decided(shell: Shell, what: str) -> list[dict[str, Any]]:
    found = [d for body in shell.disk.bodies for d in json.loads(body)["decisions"]]
    return [d for d in found if d["what"] == what]


@pytest.fixture
def no_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal counts as healed with its first good write."""
    monkeypatch.setattr(commit, "CALM_SECONDS", 0.0)


async def test_event_decision_and_effects_are_one_record(shell: Shell) -> None:
    flatten(shell)
    await shell.run()

    record = next(json.loads(b) for b in shell.disk.bodies if json.loads(b)["event"]["kind"] == "demanded")
    assert [d["after"] for d in record["decisions"] if d["what"] == "level"] == ["FLATTEN"]
    assert len([e for e in record["effects"] if e["kind"] == "close_position"]) == 2
    assert len(shell.hands.closes) == 2


async def test_nothing_is_sent_before_it_is_written(shell: Shell) -> None:
    shell.disk.slow = 0.1
    written: list[int] = []

    async def close(order: Any) -> Report:
        written.append(len(shell.disk.bodies))
        return Report(Outcome.DONE, "0")

    shell.hands.does = close
    before = len(shell.disk.bodies)
    flatten(shell)

    await shell.runtime.drain()
    await asyncio.sleep(0.01)

    assert len(written) == 2
    assert min(written) > before


@pytest.mark.usefixtures("no_calm")
async def test_a_disk_that_hangs_delays_an_action_by_a_quarter_second_and_is_told(shell: Shell) -> None:
    shell.disk.slow = 2.0
    begun = time.monotonic()
    flatten(shell)
    await shell.runtime.drain()
    await asyncio.sleep(0.01)

    assert len(shell.hands.closes) == 2
    assert 0.2 < time.monotonic() - begun < 1.8
    await shell.run()
    assert "journal" in shell.troubles
    shell.disk.slow = 0.0
    await asyncio.sleep(2.1)
    for _ in range(2):
        # A late backlog proves nothing about the disk; the next prompt write does.
        shell.runtime.post(Tick(shell.clock.now()))
        await shell.run()
    assert "journal" not in shell.troubles, "it heals when the disk answers again"
    assert decided(shell, "level"), "what was late is written all the same"


@pytest.mark.usefixtures("no_calm")
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), sqlite3.OperationalError("disk I/O error")]
)
async def test_a_dead_disk_stops_no_action_and_refuses_the_way_back(shell: Shell, error: Exception) -> None:
    shell.disk.error = error
    flatten(shell)
    await shell.run()

    assert len(shell.hands.closes) == 2
    assert "journal" in shell.troubles
    assert not shell.runtime.committer.ok
    assert shell.post.offered, "people are told past the journal"
    operations = Operations(shell.runtime)
    with pytest.raises(RefusedError, match="journal"):
        await operations.operate("resume", {"account": build.ACCOUNT, "reason": "x"}, "anna")

    shell.disk.error = None
    shell.see(3, **BOOK)
    await shell.run()
    assert shell.runtime.committer.ok
    assert "journal" not in shell.troubles


async def test_a_disk_that_flaps_is_told_once(shell: Shell) -> None:
    """Each trouble and each healing is itself written down: told each time, they feed themselves."""
    for second in range(6):
        shell.disk.error = None if second % 2 else OSError(5, "Input/output error")
        shell.see(second, **BOOK)
        await shell.run()
    shell.disk.error = None
    await shell.run()

    told = [body for body in shell.disk.bodies if '"kind":"troubled"' in body]
    assert len(told) <= 1
    assert "journal" in shell.troubles, "it is not healed before it has been calm for a while"


async def test_a_defect_in_an_adapter_is_an_unknown_outcome_and_the_loop_lives(shell: Shell) -> None:
    async def broken(_: object) -> Report:
        raise ZeroDivisionError("with a secret in it")

    shell.hands.does = broken
    flatten(shell)
    await shell.run()

    account = shell.runtime.state.account(build.ACCOUNT)
    assert account is not None
    assert account.incident is not None
    closes = [t for t in account.incident.targets if t.step == "close"]
    assert {(t.outcome, t.code) for t in closes} == {(Outcome.UNKNOWN, "bug")}
    assert not any("with a secret in it" in body for body in shell.disk.bodies)
    shell.hands.does = None
    shell.see(3, **BOOK)
    await shell.run()
    assert len(shell.hands.closes) == 4, "newer evidence, and both are tried again"


async def test_one_slow_answer_holds_up_nobody(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = asyncio.Event()

    async def slow_for_btc(order: Any) -> Report:
        if order.symbol == build.BTC:
            await answered.wait()
        return Report(Outcome.DONE)

    monkeypatch.setitem(perform.DEADLINE_SECONDS, ClosePosition, 1.0)
    shell.hands.does = slow_for_btc
    flatten(shell)
    await shell.run()

    assert outcomes(shell) == {build.BTC: None, build.ETH: Outcome.DONE}
    await asyncio.sleep(1.1)
    await shell.run()
    assert outcomes(shell)[build.BTC] is Outcome.UNKNOWN, "past its deadline it may have happened"


def outcomes(shell: Shell) -> dict[str, Outcome | None]:
    account = shell.runtime.state.account(build.ACCOUNT)
    assert account is not None
    assert account.incident is not None
    found = (t for t in account.incident.targets if t.step == "close")
    return {t.key.removeprefix("close:").split("#")[0]: t.outcome for t in found}


async def test_a_defect_in_deciding_keeps_the_old_state_and_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shell.runtime.state
    real, given = loop_module.step, []

    def step(state: Any, event: Any) -> Any:
        if isinstance(event, Tick):
            raise ArithmeticError("a defect")
        given.append(state)
        return real(state, event)

    monkeypatch.setattr(loop_module, "step", step)
    shell.runtime.post(Tick(shell.clock.now()))
    await shell.run()

    assert given[0] is before, "the next event finds the state of before the defect"
    assert "engine" in shell.troubles
    flatten(shell)
    await shell.run()
    assert shell.level is Level.FLATTEN, "the loop goes on"


async def test_it_ticks_only_where_nothing_was_judged_for_a_second(shell: Shell) -> None:
    shell.runtime.tick()
    await shell.run()
    quiet = len([b for b in shell.disk.bodies if json.loads(b)["event"]["kind"] == "tick"])

    shell.clock.at = build.at(2.5)
    shell.runtime.tick()
    await shell.run()
    late = len([b for b in shell.disk.bodies if json.loads(b)["event"]["kind"] == "tick"])

    assert (quiet, late) == (0, 1)


async def test_events_carry_the_shells_time_in_their_order(shell: Shell) -> None:
    """An adapter's own stamp may be late or wrong; the journal's times never run backwards."""
    shell.runtime.post(Tick(build.at(-500)))
    shell.runtime.post(Tick(build.at(500)))
    await shell.run()

    times = [json.loads(body)["event"]["at"] for body in shell.disk.bodies]
    assert times == sorted(times)


async def test_a_submitted_event_is_answered_only_when_it_is_decided(shell: Shell) -> None:
    running = asyncio.create_task(shell.runtime.run())
    event = Demanded(shell.clock.now(), build.ACCOUNT, Level.HALT, "anna", "test")

    state = await shell.runtime.submit(event)

    account = state.account(build.ACCOUNT)
    assert account is not None
    assert account.level is Level.HALT
    running.cancel()
