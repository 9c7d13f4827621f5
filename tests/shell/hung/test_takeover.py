"""What `--direct` demanded is carried out once by the daemon, whatever crashes, and never after a resume."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from guardian.core.effects import FenceKey
from guardian.core.engine import step
from guardian.core.events import Configured, Demanded, EffectReported, Event, Outcome, Resumed, Troubled
from guardian.core.model import Level
from guardian.core.state import SCHEMA, State
from guardian.journal.direct import DirectLock, import_direct
from guardian.journal.read import Wanted, read_records
from guardian.journal.sqlite import SqliteJournal
from guardian.journal.store import Origin
from guardian.notify.outbox import Courier
from guardian.runtime import takeover
from guardian.runtime.codec import decode_step_event, encode_state, encode_step
from guardian.runtime.loop import Runtime
from guardian.runtime.start.restore import resume
from guardian.runtime.takeover import Takeover
from tests.core import build
from tests.shell.fakes import Shell, open_shell

ORIGIN = Origin("desk-1", str(SCHEMA))
NAME = "direct-20261101T000000.db"


@dataclass
class Life:
    """One run of the daemon on a journal of its own on the disk."""

    shell: Shell
    journal: SqliteJournal
    takeover: Takeover

    def wait(self, **span: float) -> datetime:
        self.shell.clock.at += timedelta(**span)
        return self.shell.clock.now()

    async def decide(self, event: Demanded | Resumed) -> None:
        self.shell.runtime.post(event)
        await self.shell.run()

    async def resume(self) -> None:
        await self.decide(Resumed(self.shell.clock.now(), build.ACCOUNT, "anna", "it is over", ()))

    async def looks(self) -> None:
        """The bell rings, and the loop runs until the takeover has ended."""
        loop = asyncio.create_task(self.shell.runtime.run())
        self.takeover.look()
        assert self.takeover._task is not None
        await asyncio.wait_for(self.takeover._task, 20)
        loop.cancel()
        await self.shell.run()


@asynccontextmanager
async def a_life(folder: Path) -> AsyncIterator[Life]:
    """Restored from what the life before has left; its end is a crash: nothing more is written."""
    journal = SqliteJournal(folder / "journal.db", ORIGIN)
    before = await resume(journal)
    shell = open_shell(folder, before.state)
    if before.state.now is not None:
        shell.clock.at = before.state.now
    parts = replace(shell.runtime.parts, journal=journal)
    shell.runtime = Runtime(parts, before.state, lambda _: cast(Courier, shell.post))
    if before.fresh:
        shell.start()
        shell.see(1)
        await shell.run()
    yield Life(shell, journal, Takeover(folder, journal, shell.runtime))
    await shell.runtime.committer.settle()
    await journal.close()


async def direct(folder: Path, at: datetime, level: Level = Level.FLATTEN) -> Path:
    """The journal of an operator who has acted without the daemon."""
    journal = SqliteJournal(folder / NAME, ORIGIN)
    demand = Demanded(at, build.ACCOUNT, level, "operator (direct)", "the daemon hangs")
    await journal.append(at, demand.kind, encode_step(demand, (), ()), ())
    await journal.close()
    return folder / NAME


async def direct_fence(folder: Path, at: datetime) -> None:
    """As above; the venue has fenced the bot's key and said what it had been able to do."""
    journal, state = SqliteJournal(folder / NAME, ORIGIN), State()
    facts = (("ips", "[]"), ("permissions", "{}"), ("read_only", "false"))
    events: list[Event] = [
        Configured(at, "desk-1", "direct", (build.policy(halt_targets=()),), ()),
        Demanded(at, build.ACCOUNT, Level.FLATTEN, "operator (direct)", "the daemon hangs"),
    ]
    for event in events:
        state, effects = step(state, event)
        await journal.append(event.at, event.kind, encode_step(event, state.decisions, effects), ())
        fences = [e for e in effects if isinstance(e, FenceKey)]
        events += [EffectReported(at, build.ACCOUNT, e.id, Outcome.DONE, "0", "", facts) for e in fences]
    await journal.close()


def demands(folder: Path) -> list[Demanded]:
    records = read_records(folder / "journal.db", Wanted(kind="demanded"))
    events = [decode_step_event(r.body) for r in records]
    return [e for e in events if isinstance(e, Demanded)]


def troubled(folder: Path, subject: str) -> list[Troubled]:
    records = read_records(folder / "journal.db", Wanted(kind="troubled"))
    events = [decode_step_event(r.body) for r in records]
    return [e for e in events if isinstance(e, Troubled) and e.subject == subject]


@pytest.mark.parametrize("level", [Level.FLATTEN, Level.LOCKOUT])
async def test_the_next_start_demands_what_nobody_has_resumed(tmp_path: Path, level: Level) -> None:
    async with a_life(tmp_path) as life:
        path = await direct(tmp_path, life.wait(seconds=1), level)
    async with a_life(tmp_path) as life:
        life.wait(days=30)
        await life.takeover.at_start()
        demanded = life.shell.level
    async with a_life(tmp_path) as life:
        await life.takeover.at_start()
        after = life.shell.level

    assert (demanded, after) == (level, level)
    assert [d.by for d in demands(tmp_path)] == [f"operator (direct), imported from {NAME}"]
    assert not path.exists()
    assert Path(f"{path}.imported").exists()


@pytest.mark.parametrize("later", [timedelta(minutes=5), timedelta(days=30)])
async def test_a_resume_has_ended_it_for_good(tmp_path: Path, later: timedelta) -> None:
    """A daemon that hung came back by itself; the operator flattened there too, and has resumed."""
    async with a_life(tmp_path) as life:
        path = await direct(tmp_path, life.wait(seconds=1))
        life.wait(seconds=60)
        await life.decide(Demanded(life.shell.clock.now(), build.ACCOUNT, Level.FLATTEN, "anna", "again"))
        await life.resume()
    async with a_life(tmp_path) as life:
        life.shell.clock.at += later
        await life.takeover.at_start()
        await life.shell.run()
        level, troubles = life.shell.level, life.shell.troubles

    assert (level, troubles) == (Level.NORMAL, ())
    assert [d.by for d in demands(tmp_path)] == ["anna"]
    assert not path.exists(), "it is not asked about again at every start"
    assert len(read_records(tmp_path / "journal.db", Wanted(kind="direct"))) == 1, "the records are kept"
    (why,) = troubled(tmp_path, f"direct-import:{NAME}")
    assert why.healed, "nobody is called: an operator has ended it"
    assert f"{build.ACCOUNT} was resumed at" in why.detail


async def test_a_resume_at_normal_ends_it_too(tmp_path: Path) -> None:
    """The daemon never knew of the incident; an operator who resumes all the same says that it is over."""
    async with a_life(tmp_path) as life:
        await direct(tmp_path, life.wait(seconds=1))
        life.wait(seconds=60)
        await life.resume()
        await life.looks()

        assert life.shell.level is Level.NORMAL


async def test_keys_that_a_resume_did_not_know_of_are_told(tmp_path: Path) -> None:
    """Guardian gives back what its own fences have taken; of these it hears when the resume is over."""
    async with a_life(tmp_path) as life:
        await direct_fence(tmp_path, life.wait(seconds=1))
        life.wait(seconds=60)
        await life.resume()
        await life.looks()
        troubles = life.shell.troubles

    (why,) = troubled(tmp_path, f"direct-import:{NAME}")
    assert troubles == (f"direct-import:{NAME}",)
    assert "it had fenced bot-key: see at the venue" in why.detail


async def test_a_resume_before_it_ends_nothing(tmp_path: Path) -> None:
    async with a_life(tmp_path) as life:
        await life.resume()
        await direct(tmp_path, life.wait(seconds=1))
        await life.looks()

        assert life.shell.level is Level.FLATTEN


async def test_the_journal_of_an_older_version_knows_of_the_resume(tmp_path: Path) -> None:
    """Its checkpoint does not say when the account was resumed, but its records do."""
    async with a_life(tmp_path) as life:
        await direct(tmp_path, life.wait(seconds=1))
        life.wait(seconds=60)
        await life.resume()
        state = life.shell.runtime.state
        old = replace(state, accounts=tuple(replace(a, resumed_at=None) for a in state.accounts))
        await life.journal.checkpoint(life.shell.clock.now(), encode_state(old))
    async with a_life(tmp_path) as life:
        await life.takeover.at_start()

        assert life.shell.level is Level.NORMAL


async def test_a_crash_after_the_import_loses_no_demand(tmp_path: Path) -> None:
    async with a_life(tmp_path) as life:
        path = await direct(tmp_path, life.wait(seconds=1))
        assert await import_direct(life.journal, path) == 1
    async with a_life(tmp_path) as life:
        await life.takeover.at_start()
        level = life.shell.level

    assert level is Level.FLATTEN
    assert len(demands(tmp_path)) == 1
    assert len(read_records(tmp_path / "journal.db", Wanted(kind="direct"))) == 1


async def test_a_crash_before_the_file_is_put_aside_demands_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_life(tmp_path) as life:
        path = await direct(tmp_path, life.wait(seconds=1))
        with monkeypatch.context() as patched:
            patched.setattr(takeover, "put_aside", crash)
            await life.looks()
            await life.looks()
    async with a_life(tmp_path) as life:
        await life.takeover.at_start()
        level = life.shell.level

    assert level is Level.FLATTEN
    assert len(demands(tmp_path)) == 1
    assert not path.exists()


def crash(path: Path) -> None:
    raise OSError("crashed")


async def test_a_demand_whose_record_was_lost_is_demanded_again(tmp_path: Path) -> None:
    """It is in force at once, but only a record outlives the daemon."""
    async with a_life(tmp_path) as life:
        path = await direct(tmp_path, life.wait(seconds=1))
        append, life.journal.append = life.journal.append, failing  # type: ignore[method-assign]
        await life.looks()
        level, there = life.shell.level, path.exists()
        life.journal.append = append  # type: ignore[method-assign]
    async with a_life(tmp_path) as life:
        before = life.shell.level
        await life.takeover.at_start()
        after = life.shell.level

    assert (level, there) == (Level.FLATTEN, True)
    assert (before, after) == (Level.NORMAL, Level.FLATTEN)
    assert not path.exists()


async def failing(*_: object) -> int:
    raise OSError(28, "No space left on device")


async def test_a_running_daemon_takes_over_once_the_process_has_ended(tmp_path: Path) -> None:
    path = tmp_path / NAME
    async with a_life(tmp_path) as life:
        with DirectLock(path):
            await direct(tmp_path, life.wait(seconds=1))
            await life.looks()
            while_it_works = life.shell.level, path.exists()
        await life.looks()
        level = life.shell.level

    assert while_it_works == (Level.NORMAL, True)
    assert (level, path.exists()) == (Level.FLATTEN, False)
    assert list(tmp_path.glob("direct-*.lock")) == []


async def test_a_broken_file_is_told_once_however_often_it_is_looked_at(tmp_path: Path) -> None:
    async with a_life(tmp_path) as life:
        (tmp_path / NAME).write_bytes(b"rubbish")
        await life.takeover.at_start()
        await life.shell.run()
        for _ in range(3):
            await life.looks()
        troubles = life.shell.troubles
        (tmp_path / NAME).rename(tmp_path / "read")
        await life.looks()
        after = life.shell.troubles

    assert (troubles, after) == (("direct-import",), ())
    assert [t.healed for t in troubled(tmp_path, "direct-import")] == [False, True]


async def test_a_state_folder_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    async with a_life(tmp_path) as life:
        await Takeover(tmp_path / "gone", life.journal, life.shell.runtime).at_start()

        assert life.shell.level is Level.NORMAL


def test_the_kernel_says_whether_its_process_still_works(tmp_path: Path) -> None:
    path = tmp_path / NAME
    before = DirectLock(path).held()
    with DirectLock(path):
        during = DirectLock(path).held()
    path.with_suffix(".lock").touch()  # As SIGKILL leaves it.

    assert (before, during, DirectLock(path).held()) == (False, True, False)


def test_a_folder_that_takes_no_lock_keeps_nobody_from_acting(tmp_path: Path) -> None:
    with DirectLock(tmp_path / "gone" / NAME) as lock:
        assert not lock.held()
