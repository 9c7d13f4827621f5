"""Stopping a bot that runs on this machine: SIGTERM asks, SIGKILL forces, both through one pidfd.

Law: a forced stop is reported done only when the kernel says that the process is dead.
"""

from __future__ import annotations

import asyncio
import os
import signal

from guardian.config.shapes import ProcessHalt
from guardian.core.events import Outcome
from guardian.halt.pidfile import Held, hold
from guardian.ports import Report

DEATH_SECONDS = 2.0


class ProcessControl:
    """`guardian.ports.BotControl` by pidfile. The process that was asked is the one that is forced."""

    def __init__(self, config: ProcessHalt) -> None:
        self.name = f"process:{config.pidfile}"
        self._pidfile = config.pidfile
        self._held: Held | None = None

    async def ask(self, account: str, episode: str) -> Report:
        """Send SIGTERM. DONE is sent, not stopped."""
        target = self._target()
        return target if isinstance(target, Report) else _send(target, signal.SIGTERM)

    async def force(self, account: str, episode: str) -> Report:
        """Send SIGKILL and wait up to 2 s: DONE dead, UNKNOWN still there."""
        target = self._target()
        if isinstance(target, Report):
            return target
        sent = _send(target, signal.SIGKILL)
        if sent.outcome is not Outcome.DONE:
            return sent
        if not await _dies(target):
            return Report(
                Outcome.UNKNOWN, "alive", f"process {target.pid} lives {DEATH_SECONDS:g} s after SIGKILL"
            )
        return Report(Outcome.DONE, "SIGKILL", f"process {target.pid} is dead", sent.facts)

    async def close(self) -> None:
        """Let go of the process."""
        self._let_go()

    def _target(self) -> Held | Report:
        """The process held since the first ask while it lives, else whatever the pidfile names now.

        A supervisor that has restarted the bot has written a new pid: that process is the bot then.
        """
        if self._held is not None and not self._held.dead:
            return self._held
        self._let_go()
        found = hold(self._pidfile)
        if isinstance(found, Held):
            self._held = found
        return found

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def _send(held: Held, number: signal.Signals) -> Report:
    facts = (("pid", str(held.pid)),)
    try:
        signal.pidfd_send_signal(held.fd, number)
    except ProcessLookupError:
        return Report(Outcome.GONE, "no-process", f"process {held.pid} has ended", facts)
    except PermissionError:
        detail = f"guardian may not signal process {held.pid}; run both as the same user"
        return Report(Outcome.REFUSED, "permission", detail, facts)
    except OSError as error:
        return Report(
            Outcome.IMPOSSIBLE, "pidfd", f"process {held.pid}: {os.strerror(error.errno or 0)}", facts
        )
    return Report(Outcome.DONE, number.name, f"{number.name} sent to process {held.pid}", facts)


async def _dies(held: Held) -> bool:
    if held.dead:
        return True
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(held.fd, ended.set)
    try:
        async with asyncio.timeout(DEATH_SECONDS):
            await ended.wait()
    except TimeoutError:
        return held.dead
    finally:
        loop.remove_reader(held.fd)
    return True
