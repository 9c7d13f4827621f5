"""What cannot be decided on for one account stops the judgement of no other, and is told of that one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.core import observe
from guardian.core.engine import step
from guardian.core.events import Armed, Configured, Demanded, SnapshotTaken, Started, Tick
from guardian.core.model import Level, OnUnknown
from guardian.core.state import AccountState, State
from guardian.runtime.codec import decode_step_event, encode_state, encode_step
from tests.core import build
from tests.shell.fakes import Shell, open_shell

BAD, GOOD = "bad", "good"
BLIND = build.rule(build.rung(0.05, "flatten"), on_unknown=OnUnknown.HALT)


def watched(folder: Path) -> Shell:
    """Two armed accounts that were read once; then a defect in what is known of the first.

    Its rule was past a rung for which it has no hold, so that judging it raises: a defect in a real step.
    """
    shell = open_shell(folder, names=(BAD, GOOD))
    now = shell.clock.now()
    policies = tuple(build.policy(name=name, halt_targets=()) for name in (BAD, GOOD))
    begun, _ = step(State(), Configured(now, "desk-1", "hash", policies, (BLIND,)))
    for name in (BAD, GOOD):
        begun, _ = step(begun, Armed(now, name, (), "anna", "test"))
        for second in range(-6, 0):
            seen = replace(build.read(second, positions=(build.position(),)), account=name)
            begun, _ = step(begun, SnapshotTaken(build.at(second), seen))
    shell.runtime.state = replace(begun, accounts=tuple(_spoilt(a) for a in begun.accounts))
    return shell


def _spoilt(account: AccountState) -> AccountState:
    if account.policy.name != BAD:
        return account
    return replace(account, rules=tuple(replace(own, held=(), past=(True,)) for own in account.rules))


def known(shell: Shell, name: str) -> AccountState:
    account = shell.runtime.state.account(name)
    assert account is not None
    return account


async def ticks(shell: Shell, seconds: int) -> None:
    for _ in range(seconds):
        shell.clock.at += timedelta(seconds=1)
        shell.runtime.tick()
        await shell.run(2)


async def test_blindness_of_one_account_is_judged_while_another_cannot_be(tmp_path: Path) -> None:
    """Nobody reads any more: only time itself says so, and it came in one event for all."""
    shell = watched(tmp_path)

    await ticks(shell, 20)

    assert known(shell, GOOD).level is Level.HALT
    assert known(shell, BAD).level is Level.NORMAL


async def test_it_is_told_once_and_of_the_account_that_cannot_be_judged(tmp_path: Path) -> None:
    shell = watched(tmp_path)

    await ticks(shell, 5)

    pages = [message for _, message in shell.post.offered]
    assert [page.title for page in pages] == [f"Guardian cannot decide: {BAD}"]
    assert known(shell, GOOD).troubles == ()


async def test_its_permit_runs_out_while_that_of_the_others_is_renewed(tmp_path: Path) -> None:
    shell = watched(tmp_path)
    permits = shell.runtime.parts.permits
    shell.runtime.renew_permits()
    before = permits.expires_at(BAD)

    for _ in range(5):
        await ticks(shell, 1)
        shell.runtime.renew_permits()
    later = permits.expires_at(GOOD)

    assert before is not None
    assert permits.expires_at(BAD) == before
    assert later is not None
    assert later > before


async def test_a_permit_runs_out_while_no_read_can_be_decided_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ticks and the trouble itself are decided on all the while; they are no evidence."""
    shell = open_shell(tmp_path)
    shell.start(build.rule(build.rung(0.05, "lockout"), on_unknown=OnUnknown.CAUTION))
    await seen_for(shell, 7)
    permits = shell.runtime.parts.permits
    before = permits.expires_at(build.ACCOUNT)
    with monkeypatch.context() as defect:
        defect.setattr(observe, "fold_nav", _raises)
        await seen_for(shell, 60)
        spoilt, blocked = permits.expires_at(build.ACCOUNT), shell.runtime.blocked
    await seen_for(shell, 2)
    mended = permits.expires_at(build.ACCOUNT)

    assert blocked == {build.ACCOUNT}
    assert before is not None
    assert spoilt is not None
    assert mended is not None
    assert spoilt - before < timedelta(seconds=15), "the caution of blindness wrote one more"
    assert mended - spoilt > timedelta(seconds=50)
    assert shell.runtime.blocked == set()


async def seen_for(shell: Shell, seconds: int) -> None:
    """A read, a bell of time and a bell of the leases in every second."""
    for _ in range(seconds):
        shell.see(int((shell.clock.now() - build.START).total_seconds()) + 1, positions=(build.position(),))
        await shell.run(2)
        shell.runtime.tick()
        await shell.run(2)
        shell.runtime.renew_permits()


def _raises(*_: object) -> None:
    raise ZeroDivisionError


async def test_the_start_of_a_process_is_told_to_every_account_that_can_hear_it(tmp_path: Path) -> None:
    """What was in flight would stay in flight for ever: no close would be sent again."""
    shell = watched(tmp_path)
    shell.runtime.post(Demanded(shell.clock.now(), GOOD, Level.FLATTEN, "anna", "test"))
    await shell.runtime.drain()
    incident = known(shell, GOOD).incident
    assert incident is not None
    assert any(target.in_flight for target in incident.targets if target.step == "close")

    again = open_shell(tmp_path, shell.runtime.state, names=(BAD, GOOD))
    again.clock.at = shell.clock.at
    again.runtime.post(Started(again.clock.now(), "1"))
    await again.runtime.drain()

    incident = known(again, GOOD).incident
    assert incident is not None
    assert [t.code for t in incident.targets if t.step == "close"] == ["restart"]


async def test_the_journal_holds_what_was_decided_and_replays_to_the_same_bytes(tmp_path: Path) -> None:
    shell = watched(tmp_path)
    state, replayed = shell.runtime.state, []

    await ticks(shell, 20)
    for body in shell.disk.bodies:
        event = decode_step_event(body)
        state, effects = step(state, event)
        replayed.append(encode_step(event, state.decisions, effects))

    assert replayed == shell.disk.bodies
    assert encode_state(state) == encode_state(shell.runtime.state)
    assert {json.loads(body)["event"]["account"] for body in replayed} == {GOOD}


def test_a_tick_of_an_older_journal_is_one_for_every_account() -> None:
    """Its record names none."""
    event = decode_step_event('{"event":{"kind":"tick","at":"2026-03-02T12:00:00Z"}}')

    assert event == Tick(build.START)
