"""Ask one source by the timer, and hand on what it knows; what it does not know is only shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from guardian.core.facts.telemetry import Gauge, Telemetry
from guardian.runtime.stack.counts import SourceCount, StackCounts
from guardian.sources import Reading, Readings, Silence


class Source(Protocol):
    """Something that can be asked for the numbers of one account. `ask` never raises for what it finds."""

    name: str
    account: str
    every_seconds: float

    @property
    def gauges(self) -> tuple[str, ...]: ...

    async def ask(self, now: Callable[[], datetime]) -> Readings: ...

    async def close(self) -> None: ...


class Asking:
    """At most one question is under way: a source that hangs is asked again when it has timed out."""

    def __init__(
        self,
        source: Source,
        now: Callable[[], datetime],
        offer: Callable[[Telemetry], None],
        counts: StackCounts,
    ) -> None:
        self._source = source
        self._now = now
        self._offer = offer
        self._task: asyncio.Task[None] | None = None
        self.name = _free_name(source, counts)
        self._count = counts.sources.setdefault((source.account, self.name), SourceCount())
        self._count.silent = tuple((gauge, "not asked yet") for gauge in source.gauges)

    @property
    def every_seconds(self) -> float:
        return self._source.every_seconds

    def poll(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self.ask(), name=f"ask {self.name}")

    async def ask(self) -> None:
        try:
            readings = await self._source.ask(self._now)
        except Exception as error:
            # A bug in a source is silence, not death; its message is not told, it may hold a secret.
            why = f"unexpected {type(error).__name__}"
            readings = tuple(Silence(gauge, why) for gauge in self._source.gauges)
        self._count.asked_at = self._now()
        self._count.silent = tuple((each.gauge, each.why) for each in readings if isinstance(each, Silence))
        if known := tuple(_gauge(each) for each in readings if isinstance(each, Reading)):
            self._count.told_at = self._count.asked_at
            self._offer(Telemetry(self._source.account, self.name, gauges=known))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self._source.close()


def _gauge(reading: Reading) -> Gauge:
    return Gauge(reading.gauge, reading.at, reading.value)


def _free_name(source: Source, counts: StackCounts) -> str:
    """The source's name, numbered where the same server is asked twice about one account."""
    name, number = source.name, 1
    while (source.account, name) in counts.sources:
        number += 1
        name = f"{source.name}#{number}"
    return name
