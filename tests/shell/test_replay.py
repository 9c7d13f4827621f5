"""The journal re-creates every decision: a replay gives the same bytes and the same state."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import pytest

from guardian.core.engine import step
from guardian.core.events import Demanded
from guardian.core.model import Level
from guardian.core.state import SCHEMA, State
from guardian.journal.sqlite import SqliteJournal
from guardian.journal.store import Origin
from guardian.runtime.codec import decode_state, decode_step_event, encode_state, encode_step
from guardian.runtime.start.restore import fold, resume
from guardian.runtime.takeover import Takeover
from tests.core import build
from tests.shell.fakes import Shell, open_shell

ORIGIN = Origin("desk-1", str(SCHEMA))
LADDER = (build.rung(0.025, "caution"), build.rung(0.05, "lockout"))


def folded(checkpoint: str | None, bodies: tuple[str, ...]) -> State:
    """The state of a journal in which every record makes sense."""
    state, problem = fold(checkpoint, bodies)
    assert not problem
    return state


async def an_incident(folder: Path) -> Shell:
    """Calm, a crash to LOCKOUT, refusals, a flat book: every kind of event that matters."""
    shell = open_shell(folder)
    shell.start(build.rule(*LADDER))
    for second in range(1, 8):
        shell.see(second, positions=(build.position(mark=100),), orders=(build.order(), build.stop()))
        await shell.run(2)
    for second in range(8, 12):
        shell.see(second, positions=(build.position(mark=40, entry=100),), orders=(build.stop(),))
        await shell.run(3)
    for second in range(12, 18):
        shell.see(second, cash=940)
        await shell.run(3)
    assert shell.level is Level.LOCKOUT
    return shell


async def test_a_replay_is_the_live_run_byte_for_byte(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)
    state, replayed = State(), []

    for body in shell.disk.bodies:
        event = decode_step_event(body)
        state, effects = step(state, event)
        replayed.append(encode_step(event, state.decisions, effects))

    assert replayed == shell.disk.bodies
    assert encode_state(state) == encode_state(shell.runtime.state)
    assert any(json.loads(body)["effects"] for body in replayed), "there was something to re-create"


async def test_a_checkpoint_and_its_tail_give_what_the_whole_journal_gives(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)
    bodies = tuple(shell.disk.bodies)

    for cut in (1, len(bodies) // 2, len(bodies) - 1):
        checkpoint = encode_state(folded(None, bodies[:cut]))
        assert encode_state(folded(checkpoint, bodies[cut:])) == encode_state(shell.runtime.state), cut


async def test_a_state_survives_its_own_encoding(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)

    encoded = encode_state(shell.runtime.state)

    assert decode_state(encoded) == shell.runtime.state
    assert encode_state(decode_state(encoded)) == encoded


async def written(folder: Path, bodies: list[str]) -> Path:
    journal = SqliteJournal(folder / "journal.db", ORIGIN)
    for body in bodies:
        event = decode_step_event(body)
        await journal.append(event.at, event.kind, body, ())
    await journal.close()
    return folder / "journal.db"


async def test_a_restart_gives_back_the_state_that_was_in_force(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)
    path = await written(tmp_path, shell.disk.bodies)

    journal = SqliteJournal(path, ORIGIN)
    resumption = await resume(journal)
    await journal.close()

    assert encode_state(resumption.state) == encode_state(shell.runtime.state)
    assert (resumption.fresh, resumption.torn, resumption.tampered) == (False, "", "")


async def test_tampering_is_told_and_watching_goes_on(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)
    path = await written(tmp_path, shell.disk.bodies)
    with sqlite3.connect(path) as db:
        (table,) = db.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%body%hash%'").fetchone()
        # The table's name is our own schema's.
        change = f"UPDATE {table} SET body = replace(body, 'anna', 'eve')"  # noqa: S608 our own name
        db.execute(change)

    journal = SqliteJournal(path, ORIGIN)
    resumption = await resume(journal)
    await journal.close()

    assert resumption.tampered
    assert not resumption.fresh, "a tampered journal is no first start: nothing may refuse it"


async def test_a_record_that_cannot_be_folded_never_keeps_guardian_from_starting(tmp_path: Path) -> None:
    shell = await an_incident(tmp_path)
    path = await written(tmp_path, shell.disk.bodies)
    journal = SqliteJournal(path, ORIGIN)
    await journal.append(shell.clock.now(), "strange", '{"event":{"kind":"tick","at":[]}}', ())
    await journal.append(shell.clock.now(), "strange", "[]", ())
    resumption = await resume(journal)
    await journal.close()

    assert "cannot be folded" in resumption.tampered
    assert not resumption.fresh
    # One bad line costs neither the latch nor the incident.
    assert encode_state(resumption.state) == encode_state(shell.runtime.state)


async def test_a_restart_folds_two_thousand_events_in_under_two_seconds(tmp_path: Path) -> None:
    """The most that lies after a checkpoint; DESIGN asks for the first action within two seconds."""
    shell = open_shell(tmp_path)
    shell.start(build.rule(*LADDER))
    for number in range(2000):
        shell.see(1 + number / 5, positions=(build.position(mark=100 + number % 7),))
    shell.runtime.post(Demanded(shell.clock.now(), build.ACCOUNT, Level.HALT, "anna", "test"))
    await shell.runtime.drain()
    await asyncio.sleep(0.05)
    begun = time.process_time()

    state = folded(None, tuple(shell.disk.bodies))

    assert time.process_time() - begun < 2.0
    assert encode_state(state) == encode_state(shell.runtime.state)


@pytest.mark.parametrize("content", [b"", b"rubbish", "a record"])
async def test_a_broken_direct_journal_keeps_nobody_from_watching(
    tmp_path: Path, content: bytes | str
) -> None:
    """A full disk leaves exactly such a file; the daemon tells of it and goes on."""
    shell = await an_incident(tmp_path)
    path = tmp_path / "direct-1.db"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        journal = SqliteJournal(path, ORIGIN)
        await journal.append(shell.clock.now(), "demanded", '{"event":{"kind":"demanded"}}', ())
        await journal.close()
    journal = SqliteJournal(tmp_path / "journal.db", ORIGIN)

    await Takeover(tmp_path, journal, shell.runtime).at_start()
    await shell.runtime.drain()
    await journal.close()

    assert "direct-import" in shell.troubles
