"""Timers: APScheduler only rings bells; each job enqueues work and returns at once."""

from __future__ import annotations

from collections.abc import Callable

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

TICK_SECONDS = 0.5
PERMIT_SECONDS = 5.0
WARM_SECONDS = 20.0


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

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
