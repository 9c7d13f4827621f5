"""The way back of a bot's key: what is in its way is told, and neither forgotten nor ahead of a new fence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from guardian.cli.see.status import _lines
from guardian.core.events import Configured, Demanded, Outcome, Resumed
from guardian.core.model import Level
from guardian.core.state import Facts, State
from guardian.errors import SecretError
from guardian.ports import Credential, Report
from guardian.runtime.codec import decode_state, encode_state
from guardian.runtime.control.status import document
from guardian.runtime.start.daemon import greet
from guardian.runtime.start.restore import fold
from tests.core import build
from tests.shell.fakes import DONE, Admin, Shell, Vault, open_shell
from tests.shell.hung.test_takeover import a_life, direct_fence

TROUBLE = f"unfence-{build.BOT_KEY}"
RECORDED: Facts = (("read_only", "false"),)


@dataclass
class Lock(Admin):
    """An admin that records what was there before the fence, and restores as it is told to."""

    answers: list[Report | Exception] = field(default_factory=list)
    found: Facts = RECORDED
    restored: list[tuple[tuple[str, str], ...]] = field(default_factory=list)

    async def fence(self, credential: Credential, key_id: str) -> Report:
        return Report(Outcome.DONE, facts=self.found)

    async def restore(self, credential: Credential, key_id: str, facts: Sequence[tuple[str, str]]) -> Report:
        answer = self.answers.pop(0) if self.answers else DONE
        if isinstance(answer, Exception):
            raise answer
        self.restored.append(tuple(facts))
        return answer


@dataclass
class Sealed(Vault):
    """A vault that is open again once `open` is set; until then it refuses, or `hangs`."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    hangs: bool = False

    async def fetch(self, ref: str) -> Credential:
        if self.hangs:
            await self.open.wait()
        elif not self.open.is_set():
            raise SecretError("the vault is sealed")
        return await super().fetch(ref)


def opened(folder: Path, state: State | None = None) -> tuple[Shell, Lock]:
    shell, lock = open_shell(folder, state), Lock()
    shell.runtime.parts.desks[build.ACCOUNT].admin = lock
    return shell, lock


async def flattened(folder: Path) -> tuple[Shell, Lock]:
    shell, lock = opened(folder)
    shell.start()
    shell.see(1)
    await demand(shell, Level.FLATTEN)
    return shell, lock


async def demand(shell: Shell, level: Level) -> None:
    shell.runtime.post(Demanded(shell.clock.now(), build.ACCOUNT, level, "anna", "test"))
    await shell.run()


async def resume(shell: Shell) -> None:
    shell.runtime.post(Resumed(shell.clock.now(), build.ACCOUNT, "anna", "it is over", ()))
    await shell.run()


async def look(shell: Shell, seconds: float) -> None:
    shell.see(seconds)
    await shell.run()


def owes(shell: Shell) -> bool:
    account = shell.runtime.state.account(build.ACCOUNT)
    assert account is not None
    return bool(account.to_unfence)


def pages(shell: Shell, notification: str) -> int:
    return len([b for b in shell.disk.bodies if f'"notification":"{notification}"' in b and TROUBLE in b])


@pytest.mark.parametrize(
    "answer",
    [Report(Outcome.REFUSED, "10001"), Report(Outcome.IMPOSSIBLE, "10005"), ValueError(), OSError(5, "no")],
    ids=["refused", "impossible", "bug", "socket"],
)
async def test_a_fence_that_stays_up_is_told_once_and_tried_until_it_is_down(
    tmp_path: Path, answer: Report | Exception
) -> None:
    shell, lock = await flattened(tmp_path)
    lock.answers = [answer, answer]

    await resume(shell)
    told, owed = shell.troubles, owes(shell)
    await look(shell, 10)
    await look(shell, 20)

    assert ((TROUBLE,), True) == (told, owed)
    assert ((), False) == (shell.troubles, owes(shell))
    assert lock.restored[-1] == RECORDED
    assert (1, 1) == (pages(shell, "trigger"), pages(shell, "resolve"))


async def test_a_vault_that_is_sealed_for_a_while_delays_the_way_back_and_is_told(tmp_path: Path) -> None:
    shell, lock = await flattened(tmp_path)
    shell.runtime.parts.desks[build.ACCOUNT].secrets = vault = Sealed()

    await resume(shell)
    sealed = shell.troubles
    vault.open.set()
    await look(shell, 10)

    assert TROUBLE in sealed
    assert TROUBLE not in shell.troubles
    assert [RECORDED] == lock.restored


async def test_no_admin_key_at_all_is_told(tmp_path: Path) -> None:
    shell, _ = await flattened(tmp_path)
    shell.runtime.parts.desks[build.ACCOUNT].admin = None

    await resume(shell)

    assert TROUBLE in shell.troubles
    assert owes(shell)


async def test_killed_between_the_resume_and_its_unfence_the_next_life_gives_it_back(tmp_path: Path) -> None:
    """The records are all that is left; their effects are not performed again."""
    shell, lock = await flattened(tmp_path)
    shell.runtime.parts.desks[build.ACCOUNT].secrets = Sealed(hangs=True)
    await resume(shell)
    state, problem = fold(None, tuple(shell.disk.bodies))

    again, lock = opened(tmp_path, state)
    greet(again.runtime, the_configuration(again))
    await again.run()
    await look(again, 10)

    assert problem == ""
    assert [RECORDED] == lock.restored
    assert not owes(again)


async def test_a_restart_does_not_call_healed_what_is_still_fenced(tmp_path: Path) -> None:
    shell, lock = await flattened(tmp_path)
    lock.answers = [Report(Outcome.REFUSED, "10001")]
    await resume(shell)

    again, lock = opened(tmp_path, decode_state(encode_state(shell.runtime.state)))
    lock.answers = [Report(Outcome.REFUSED, "10001")]
    greet(again.runtime, the_configuration(again))
    await again.run()
    after_the_start = again.troubles
    await look(again, 10)
    await look(again, 20)

    assert (TROUBLE,) == after_the_start
    assert () == again.troubles
    assert [RECORDED] == lock.restored[-1:]


async def test_an_unfence_that_waited_for_its_key_never_lands_after_the_next_fence(tmp_path: Path) -> None:
    shell, lock = await flattened(tmp_path)
    desk = shell.runtime.parts.desks[build.ACCOUNT]
    desk.secrets = slow = Sealed(hangs=True)
    await resume(shell)
    desk.secrets = Vault()
    await demand(shell, Level.FLATTEN)

    slow.open.set()
    await shell.run()
    meanwhile = list(lock.restored)
    await resume(shell)

    assert [] == meanwhile
    assert [RECORDED] == lock.restored
    assert () == shell.troubles


async def test_what_a_direct_action_has_fenced_comes_back_with_the_daemons_resume(tmp_path: Path) -> None:
    """The daemon was dead; its own fence finds the key read-only, and could only record that."""
    async with a_life(tmp_path) as life:
        await direct_fence(tmp_path, life.wait(seconds=1))
    async with a_life(tmp_path) as life:
        lock = Lock(found=(("read_only", "true"),))
        life.shell.runtime.parts.desks[build.ACCOUNT].admin = lock
        await life.takeover.at_start()
        await life.shell.run()
        level = life.shell.level
        await life.resume()

    assert level is Level.FLATTEN
    assert ["false"] == [dict(facts)["read_only"] for facts in lock.restored]


async def test_the_status_names_what_is_still_fenced(tmp_path: Path) -> None:
    shell, lock = await flattened(tmp_path)
    lock.answers = [Report(Outcome.REFUSED, "10001")]

    await resume(shell)
    status = document(shell.runtime)
    (owed,) = status["accounts"][0]["to_unfence"]

    assert (build.BOT_KEY, 1) == (owed["key"], owed["attempts"])
    assert ("refused", "10001") == (owed["outcome"], owed["code"])
    assert any(f"still fenced: key {build.BOT_KEY} " in line for line in _lines(status))


def the_configuration(shell: Shell) -> Configured:
    policy = build.policy(halt_targets=())
    return Configured(shell.clock.now(), "desk-1", "hash", (policy,), ())
