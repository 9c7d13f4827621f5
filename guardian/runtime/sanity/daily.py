"""When the checks run: once a day by the clock, once after a day was missed, and whenever an operator asks.

Law: one run at a time, none in the first ten minutes of an incident, and nothing waits for one but who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

from guardian.errors import RefusedError
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.sanity.look import look_over
from guardian.runtime.sanity.report import Report
from guardian.runtime.sanity.shelf import kept, put
from guardian.runtime.sanity.tell import BROKEN, tell_people, tell_troubles
from guardian.runtime.start.daemon import Opened
from guardian.runtime.start.upkeep import CALM
from guardian.runtime.timers import Timers

LOOK_SECONDS = 60.0
MISSED_AFTER = timedelta(hours=25)
FILE_SECONDS = 10.0

SCHEDULE, MISSED = "schedule", "missed"

Look = Callable[[Opened], Awaitable[tuple[Line, ...]]]


class Daily:
    def __init__(self, opened: Opened, look: Look = look_over) -> None:
        self._opened = opened
        self._look = look
        self._due = ""
        self._task: asyncio.Task[Report] | None = None
        self._last: Report | None = None

    def begin(self, timers: Timers) -> None:
        """At a start: know the last report, tell its failures again, make up for a missed day."""
        runtime, config = self._opened.runtime, self._opened.config.sanity
        reports = kept(self._opened.config.state_dir)
        passed = max((report.at for report in reports if report.ok), default=None)
        if reports:
            self._last = reports[-1]
            runtime.counters.sanity = self._last.told(passed)
            tell_troubles(runtime, self._last)
        if config is None:
            return
        # What is due waits for the first bell: a minute after a start its reads have come.
        if self._last is None or runtime.parts.clock.now() - self._last.at > MISSED_AFTER:
            self._due = MISSED
        timers.daily(config.hour, config.minute, config.tz, self.ring, "sanity")
        timers.every(LOOK_SECONDS, self.look, "sanity due")

    def ring(self) -> None:
        """The time of the day has come."""
        self._due = SCHEDULE
        self.look()

    def look(self) -> None:
        """Begin what is due, unless a young incident has the machine to itself."""
        if self._due and not self._running and not self._young():
            self._task = self._start(self._due)

    async def now(self, by: str) -> Report:
        """Of a run that begins now, or of the one under way. Raises RefusedError in a young incident."""
        task = self._task if self._running else None
        if task is None:
            if since := self._young():
                raise RefusedError(
                    f"an incident is {since.total_seconds() / 60:.0f} min old: the checks wait until it is "
                    f"{CALM.total_seconds() / 60:.0f} min old; `guardian sanity --last` shows the last report"
                )
            task = self._task = self._start(by)
        return await asyncio.shield(task)

    async def answer(self, by: str) -> dict[str, Any]:
        """As `now`, for the control socket."""
        return (await self.now(by)).document()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def _running(self) -> bool:
        return self._task is not None and not self._task.done()

    def _young(self) -> timedelta | None:
        """The age of the youngest open incident that is not calm yet."""
        runtime = self._opened.runtime
        opened = [a.incident.opened_at for a in runtime.state.accounts if a.incident is not None]
        age = runtime.parts.clock.now() - max(opened) if opened else CALM
        return max(age, timedelta(microseconds=1)) if age < CALM else None

    def _start(self, by: str) -> asyncio.Task[Report]:
        self._due = ""
        task = asyncio.get_running_loop().create_task(self._run(by), name="sanity")
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Report]) -> None:
        counters = self._opened.runtime.counters
        counters.sanity = replace(counters.sanity, running=False)
        if not task.cancelled() and (error := task.exception()) is not None:
            said = f"the daily checks broke: {type(error).__name__}"
            self._opened.runtime.trouble(BROKEN, said, False)

    async def _run(self, by: str) -> Report:
        runtime, begun = self._opened.runtime, monotonic()
        runtime.counters.sanity = replace(runtime.counters.sanity, running=True)
        lines = await self._look(self._opened)
        report = Report(runtime.parts.clock.now(), monotonic() - begun, by, lines)
        report = await self._kept(report)
        ailing = self._last is not None and not self._last.ok
        self._last = report
        runtime.counters.sanity = report.told(runtime.counters.sanity.passed_at)
        tell_troubles(runtime, report)
        tell_people(runtime, self._opened.config, report, ailing)
        return report

    async def _kept(self, report: Report) -> Report:
        """The report, on the disk; with a failure more where that is not possible."""
        try:
            async with asyncio.timeout(FILE_SECONDS):
                await asyncio.to_thread(put, self._opened.config.state_dir, report)
        except OSError as error:  # TimeoutError is one: a disk that hangs.
            why = f"this report cannot be kept ({type(error).__name__})"
            line = Subject("", "report file").fail(why, "Look at the disk and the rights of state_dir.")
            return replace(report, lines=(*report.lines, line))
        return report
