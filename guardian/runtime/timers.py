"""Timers: APScheduler only rings bells; each job enqueues work and returns at once."""

from __future__ import annotations

from collections.abc import Callable

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

TICK_SECONDS = 0.5
PERMIT_SECONDS = 5.0
WARM_SECONDS = 20.0
LATE_SECONDS = 3600
"""A bell of the day still rings this late: a machine that slept through six o'clock is looked at after it."""


class Timers:
    def __init__(self) -> None:
        # The executor named "debug" calls the job at once, on the loop's own thread: no task is left to be
        # cancelled, with a traceback, when guardian stops.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            executors={"default": DebugExecutor()},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
        )

    def every(self, seconds: float, job: Callable[[], object], name: str) -> None:
        """Ring `job` each interval, on the event loop's own thread."""
        self._scheduler.add_job(job, "interval", seconds=seconds, id=name, name=name)

    def daily(self, hour: int, minute: int, tz: str, job: Callable[[], object], name: str) -> None:
        """Ring `job` once a day, at this time on the clocks of `tz`; summer time is that zone's own."""
        trigger = CronTrigger(hour=hour, minute=minute, timezone=tz)
        self._scheduler.add_job(job, trigger, id=name, name=name, misfire_grace_time=LATE_SECONDS)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
