"""Keys for acting: what is in hand stays, and what could not be fetched is told until it can be."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from guardian.core.effects import PrepareKeys
from guardian.ports import Credential, SecretStore
from guardian.runtime.start.custody import Custody
from tests.core import build
from tests.integration.troupe import ACCOUNT, Desk
from tests.shell.fakes import open_shell
from tests.shell.whole import running, until

KEY = Credential("key", "secret")


class SlowVault:
    """The second fetch, the admin key of the first probe, waits until the test says so."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()

    async def fetch(self, reference: str) -> Credential:
        self.fetched.append(reference)
        if len(self.fetched) == 2:
            self.asked.set()
            await self.answers.wait()
        return KEY


async def test_a_slow_probe_leaves_the_key_to_the_incident_that_came_meanwhile(
    tmp_path: Path,
) -> None:
    shell = open_shell(tmp_path)
    desk = shell.runtime.parts.desks[build.ACCOUNT]
    vault = SlowVault()
    desk.secrets = cast(SecretStore, vault)
    probe = asyncio.create_task(desk.prepare(hold=False))
    await vault.asked.wait()

    await desk.prepare(hold=True)
    vault.answers.set()
    await probe

    assert desk.holding


async def test_a_probe_alone_leaves_nothing_in_hand(tmp_path: Path) -> None:
    desk = open_shell(tmp_path).runtime.parts.desks[build.ACCOUNT]

    await desk.prepare(hold=True)
    await desk.prepare(hold=False)

    assert not desk.holding


async def test_a_key_that_was_missing_in_an_incident_is_told_until_it_can_be_fetched(desk: Desk) -> None:
    """The incident may be over, or may never ask again; the daily look is too far away."""
    async with running(desk) as guardian:
        key = desk.root / "keys/admin.json"
        away = key.rename(key.with_suffix(".away"))
        guardian.runtime.performer.start(PrepareKeys("x/keys", ACCOUNT, hold=False))
        await until(lambda: "custody" in guardian.runtime.state.accounts[0].troubles)
        custody = Custody(guardian)
        custody.retry()
        await asyncio.sleep(0.2)
        still = guardian.runtime.state.accounts[0].troubles
        away.rename(key)
        custody.retry()
        await until(lambda: "custody" not in guardian.runtime.state.accounts[0].troubles)

    assert "custody" in still
