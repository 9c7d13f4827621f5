"""Performing: guardian's own keys are never taken for the bot's, even when they changed since the start."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from guardian.config.shapes import ProcessHalt
from guardian.core.effects import DeleteKey, FenceKey
from guardian.core.events import Outcome
from guardian.core.model import Level
from guardian.halt import ProcessControl
from guardian.runtime.loop import permits_of
from guardian.runtime.permit import UNSEEN
from tests.core import build
from tests.shell.fakes import open_shell


@pytest.mark.parametrize("effect", [FenceKey, DeleteKey])
async def test_a_key_fetched_since_the_start_is_refused_as_a_target(
    tmp_path: Path, effect: type[FenceKey] | type[DeleteKey]
) -> None:
    shell = open_shell(tmp_path)
    shell.start(build.rule(build.rung(0.05, "lockout")))
    desk = shell.runtime.parts.desks[build.ACCOUNT]
    await desk.hands()
    (own,) = desk.own_keys

    report = await shell.runtime.performer._keys(desk, effect("x/1", build.ACCOUNT, own))

    assert (Outcome.IMPOSSIBLE, "own-key") == (report.outcome, report.code)


async def test_a_pidfile_that_became_a_pipe_holds_up_nothing(tmp_path: Path) -> None:
    pidfile = tmp_path / "bot.pid"
    os.mkfifo(pidfile)

    report = await ProcessControl(ProcessHalt(pidfile)).ask("main", "e")

    assert report.outcome is Outcome.IMPOSSIBLE


def test_an_account_that_was_never_read_may_not_open_anything(tmp_path: Path) -> None:
    shell = open_shell(tmp_path)
    shell.start(build.rule(build.rung(0.05, "lockout")))
    account = replace(build.Desk().account, nav=None, level=Level.NORMAL)

    permits = permits_of(replace(shell.runtime.state, accounts=(account,)))

    assert permits == {account.policy.name: UNSEEN}
