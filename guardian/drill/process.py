"""The steps about the canary process: stopped as a bot would be, started again as its owner says.

A pidfile proves both: held by a pidfd, the old process is dead; the file names another one that lives.
"""

from __future__ import annotations

import asyncio
import subprocess
import time

from guardian.config.shapes import ProcessHalt
from guardian.core.events import Outcome
from guardian.drill.course import Course, Failed
from guardian.drill.ground import Ground
from guardian.halt import ProcessControl
from guardian.halt.pidfile import Held, hold
from guardian.ports import Report

STOP_S, START_S, CLEANUP_S = 15.0, 15.0, 25.0
GRACE_S = 5.0
PAUSE_S = 0.05


class ProcessSteps:
    def __init__(self, course: Course, ground: Ground) -> None:
        self._course = course
        self._pidfile = ground.plan.pidfile
        self._argv = ground.plan.start
        self._folder = ground.config.path.parent
        self._account = ground.account.name
        self._stopped_pid: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    async def take_all(self) -> None:
        self._course.later("cleanup: canary process runs", CLEANUP_S, self.make_good)
        await self._course.take("stop canary process", STOP_S, self._stop)
        await self._course.take("start canary process", START_S, self._start, ("stop canary process",))

    async def make_good(self) -> str:
        if self._stopped_pid is None:
            return "it was not stopped"
        # Asked to stop, it may still be on its way out: only when it has gone is another one started.
        deadline = time.monotonic() + GRACE_S
        pid = self._living()
        while pid == self._stopped_pid and time.monotonic() < deadline:
            await asyncio.sleep(PAUSE_S)
            pid = self._living()
        return f"process {pid} runs" if pid is not None else await self._start()

    async def _stop(self) -> str:
        held = hold(self._pidfile)
        if isinstance(held, Report):
            raise Failed(f"{held.detail}; start the canary process before the drill")
        control = ProcessControl(ProcessHalt(self._pidfile, GRACE_S))
        try:
            self._stopped_pid = held.pid
            return await self._end(held, control)
        finally:
            held.close()
            await control.close()

    async def _end(self, held: Held, control: ProcessControl) -> str:
        """SIGTERM, and SIGKILL for one that does not go."""
        asked = await control.ask(self._account, "drill")
        if asked.outcome is not Outcome.DONE:
            raise Failed(asked.detail)
        waited = 0.0
        while not held.dead and waited < GRACE_S:
            await asyncio.sleep(PAUSE_S)
            waited += PAUSE_S
        if held.dead:
            return f"process {held.pid} went at SIGTERM"
        forced = await control.force(self._account, "drill")
        if not held.dead:
            raise Failed(forced.detail)
        return f"process {held.pid} ignored SIGTERM for {GRACE_S:g} s; dead by SIGKILL"

    async def _start(self) -> str:
        """A supervisor may have been faster: then nothing is started a second time."""
        if self._child is None and (pid := self._living()) not in (None, self._stopped_pid):
            return f"process {pid} runs: its supervisor started it"
        if self._child is None:
            self._child = self._spawn()
        pid = self._living()
        while pid in (None, self._stopped_pid):
            await asyncio.sleep(PAUSE_S)
            pid = self._living()
        return f"process {pid} runs, by its pidfile"

    def _spawn(self) -> subprocess.Popen[bytes]:
        """In a session of its own, with nothing of ours open: it outlives the drill."""
        try:
            return subprocess.Popen(
                self._argv,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(f"{self._argv[0]} cannot be started: {error.strerror}") from None

    def _living(self) -> int | None:
        """The process that the pidfile names now, if it lives."""
        held = hold(self._pidfile)
        if isinstance(held, Report):
            return None
        pid, dead = held.pid, held.dead
        held.close()
        return None if dead else pid
