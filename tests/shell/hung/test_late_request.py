"""What has waited in the socket of a daemon that hung: safer is carried out, riskier is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guardian.core.model import Level
from guardian.errors import RefusedError
from guardian.runtime.control.requests import Operations
from tests.core import build
from tests.shell.fakes import Shell, open_shell

RISKIER = ["arm", "disarm", "expect", "resume"]
BODY: dict[str, Any] = {"account": build.ACCOUNT, "seconds": 60, "reason": "test", "accept_undrilled": "test"}


async def a_daemon(folder: Path) -> tuple[Shell, Operations]:
    shell = open_shell(folder)
    shell.start()
    shell.see(1)
    await shell.run()
    return shell, Operations(shell.runtime, machine=lambda: shell.clock.at)


def asked(shell: Shell, seconds: float) -> dict[str, Any]:
    return {**BODY, "asked_at": (shell.clock.at - timedelta(seconds=seconds)).isoformat(), "patience_s": 5.0}


async def decided(shell: Shell, asking: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """The answer of a daemon whose loop runs."""
    loop = asyncio.create_task(shell.runtime.run())
    try:
        return await asking
    finally:
        loop.cancel()


@pytest.mark.parametrize("verb", RISKIER)
@pytest.mark.parametrize("seconds", [5.1, 3600.0, -3600.0])
async def test_nothing_is_loosened_for_somebody_who_has_stopped_waiting(
    tmp_path: Path, verb: str, seconds: float
) -> None:
    shell, operations = await a_daemon(tmp_path)
    records = len(shell.disk.bodies)

    with pytest.raises(RefusedError, match="comes too late"):
        await operations.operate(verb, asked(shell, seconds), "uid 1")

    assert len(shell.disk.bodies) == records


async def test_what_makes_it_safer_is_never_too_late(tmp_path: Path) -> None:
    shell, operations = await a_daemon(tmp_path)

    answer = await decided(
        shell, operations.operate("demand", asked(shell, 3600) | {"level": "halt"}, "uid 1")
    )

    assert (answer["level"], shell.level) == ("HALT", Level.HALT)


@pytest.mark.parametrize("when", [4.9, None])
async def test_who_still_waits_is_answered(tmp_path: Path, when: float | None) -> None:
    """A program that does not say when it has asked is taken to be waiting."""
    shell, operations = await a_daemon(tmp_path)
    body = BODY if when is None else asked(shell, when)

    answer = await decided(shell, operations.operate("disarm", body, "uid 1"))

    assert answer["disarmed_until"]


@pytest.mark.parametrize(
    "wrong", [{"asked_at": "noon"}, {"asked_at": "2026-11-01T00:00:00"}, {"patience_s": float("nan")}]
)
async def test_a_time_that_is_none_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    shell, operations = await a_daemon(tmp_path)

    with pytest.raises((TypeError, ValueError)):
        await operations.operate("disarm", asked(shell, 0) | wrong, "uid 1")
