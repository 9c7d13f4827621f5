"""One dated list of the venue, followed: what is new since the last good answer, each row once.

The venue lists newest first and up to seven days at once. Rows appear late, so each question goes back a
little, and ids tell which rows have come before. After a long absence one window at a time is asked for, the
oldest first, and a window with too many rows, or one that takes too long, is halved: what came is told at
once, and how far it reaches.

A list that is filtered by another instant than the one that its rows are dated by (past orders: the
documentation does not say whether by their creation or by their end) is also swept as a whole now and then.

A list of what most accounts never trade may be asked `rarely`: as long as it is known up to the last question
and has told nothing of late. Nothing is lost by that: the next question goes on where the last answer ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from guardian.errors import VenueError
from guardian.exchanges.bybit.client import TOO_MANY, BybitClient
from guardian.exchanges.generic.clock import now
from guardian.exchanges.generic.fields import Row
from guardian.ports import Credential

T = TypeVar("T")

_LATE_MS = 120_000
# Rows of now may be dated by a server whose clock is ahead.
_AHEAD_MS = 5_000
_WIDEST_MS = 7 * 24 * 3600 * 1000 - 1
# Wide enough to reach from the oldest row that may be late to now.
_NARROWEST_MS = _LATE_MS + 2 * _AHEAD_MS
_TIMEOUT = "timeout"
_BUSY_S = 3600.0
"""For so long after it has told a row a list is asked as often as any."""

_PAGES = 10
_PAGES_OF_NARROWEST = 400


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """What is asked, and what a row says: `parse` gives None for one of no concern.

    `told` is a row's identity and what may change of it. `sweep_ms` is None for a list without sweeps.
    `rarely_s` is how long a quiet list need not be asked; 0: every question asks it.
    """

    method: str
    limit: int
    parse: Callable[[Row], T | None]
    at: Callable[[T], datetime]
    told: Callable[[T], str]
    sweep_ms: int | None = None
    category: str = "linear"
    rarely_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """What one question brought, oldest first; everything up to `reaches` (of our clock) has now come.

    `current` says that this is the moment of the question. `asked_ms` is that moment on the venue's clock,
    and from `next_ms` on the next question asks: what is older can no longer be late. `asked_at` is the same
    moment by the monotonic clock.
    """

    rows: tuple[T, ...]
    reaches: datetime
    asked_ms: int
    next_ms: int
    current: bool
    swept: bool
    asked_at: float


def _too_wide(error: BaseException) -> bool:
    """Whether a narrower span may come: this one has too many rows, or somebody's deadline has struck."""
    return not isinstance(error, VenueError) or error.code in (TOO_MANY, _TIMEOUT)


def _in_time(error: BaseException) -> bool:
    return isinstance(error, VenueError) and error.code == TOO_MANY


class Trail(Generic[T]):
    """Not safe for concurrent questions. A `Stretch` counts as told once it was handed to `keep`."""

    def __init__(
        self, client: BybitClient, credential: Credential, listed: Listed[T], since: datetime | None
    ) -> None:
        """`since`: an earlier run has told everything up to then. Without it only what is new from now on."""
        self._client = client
        self._credential = credential
        self._listed = listed
        self._since = since
        self._from_ms: int | None = None
        self._current = False
        self._floor_ms = 0
        self._swept_ms = 0
        self._span_ms = self._sweep_span_ms = _WIDEST_MS
        self._seen: dict[str, int] = {}
        self._asked_at: float | None = None
        self._told_at: float | None = None

    @property
    def due(self) -> bool:
        """Whether a question must ask it. One that failed, or was never kept, stays due."""
        current = time.monotonic()
        if self._asked_at is None or not self._current:
            return True
        if self._told_at is not None and current - self._told_at < _BUSY_S:
            return True
        return current - self._asked_at >= self._listed.rarely_s

    @property
    def category(self) -> str:
        return self._listed.category

    async def ask(self) -> Stretch[T]:
        """The next stretch. Raises VenueError and then forgets nothing."""
        asked_at, asked = now(), time.monotonic()
        now_ms = self._venue_ms(asked_at)
        start, latest = self._begun(now_ms), now_ms + _AHEAD_MS
        rows, end, swept = None, latest, self._sweep_due(now_ms)
        if swept:
            rows = await self._sweep(start, latest, now_ms)
        if rows is None:
            rows, end = await self._window(start, latest)
        behind = max(0, now_ms - end)
        return Stretch(
            rows=self._fresh(rows),
            reaches=asked_at - timedelta(milliseconds=behind),
            asked_ms=now_ms,
            next_ms=min(end, now_ms - _LATE_MS),
            current=not behind,
            swept=swept,
            asked_at=asked,
        )

    def keep(self, stretch: Stretch[T]) -> None:
        self._from_ms, self._current = stretch.next_ms, stretch.current
        self._asked_at = stretch.asked_at
        self._told_at = stretch.asked_at if stretch.rows else self._told_at
        if stretch.swept:
            self._swept_ms = stretch.asked_ms
        if stretch.swept or self._listed.sweep_ms is None:
            self._floor_ms = max(self._floor_ms, stretch.next_ms)
        self._seen.update((self._listed.told(row), self._at_ms(row)) for row in stretch.rows)
        self._seen = {told: at for told, at in self._seen.items() if at >= self._floor_ms}
        self._span_ms = min(_WIDEST_MS, self._span_ms * 2)

    def _begun(self, now_ms: int) -> int:
        """From when to ask: the first question goes on where the earlier run was, or else begins here."""
        if self._from_ms is None:
            if self._since is None:
                self._from_ms = self._floor_ms = self._swept_ms = now_ms
            else:
                self._from_ms = self._floor_ms = min(now_ms, self._venue_ms(self._since)) - _LATE_MS
        return max(self._floor_ms, self._from_ms)

    def _sweep_due(self, now_ms: int) -> bool:
        """Not while an absence is caught up with: the windows look at all of it."""
        every = self._listed.sweep_ms
        return every is not None and self._current and now_ms - self._swept_ms >= every

    async def _window(self, start: int, latest: int) -> tuple[list[T], int]:
        """The rows from `start` on, as far as a reasonable number of pages goes; and how far that is."""
        while True:
            end = min(latest, start + self._span_ms)
            most = _PAGES if self._span_ms > _NARROWEST_MS else _PAGES_OF_NARROWEST
            try:
                return await self._pages(start, end, most), end
            except (VenueError, asyncio.CancelledError) as error:
                if not _too_wide(error):
                    raise
                self._span_ms = max(_NARROWEST_MS, min(self._span_ms, end - start) // 2)
                if most != _PAGES or not _in_time(error):
                    raise

    async def _sweep(self, start: int, latest: int, now_ms: int) -> list[T] | None:
        """All rows as far back as a reasonable number of pages goes; None where that is not up to `start`.

        One that takes too long has had its turn: the next question is for the window again.
        """
        while self._sweep_span_ms >= latest - start:
            try:
                found = await self._pages(latest - self._sweep_span_ms, latest, 2 * _PAGES)
            except (VenueError, asyncio.CancelledError) as error:
                if not _too_wide(error):
                    raise
                self._sweep_span_ms //= 2
                if not _in_time(error):
                    self._swept_ms = now_ms
                    raise
            else:
                self._sweep_span_ms = min(_WIDEST_MS, self._sweep_span_ms * 2)
                return found
        self._sweep_span_ms = min(_WIDEST_MS, 4 * (latest - start))
        return None

    async def _pages(self, start: int, end: int, most: int) -> list[T]:
        params = {
            "category": self._listed.category,
            "limit": self._listed.limit,
            "startTime": start,
            "endTime": end,
        }
        pages = await self._client.ask_pages(self._listed.method, params, self._credential, most)
        parsed = (self._listed.parse(row) for row in pages.rows)
        return [row for row in parsed if row is not None]

    def _fresh(self, rows: list[T]) -> tuple[T, ...]:
        new = {
            told: row
            for row in rows
            if self._at_ms(row) >= self._floor_ms and (told := self._listed.told(row)) not in self._seen
        }
        return tuple(sorted(new.values(), key=lambda row: (self._listed.at(row), self._listed.told(row))))

    def _at_ms(self, row: T) -> int:
        return round(self._listed.at(row).timestamp() * 1000)

    def _venue_ms(self, ours: datetime) -> int:
        """On the venue's clock; while that is not measured the two are taken as one."""
        theirs = self._client.clock.venue_ms(ours)
        return int(ours.timestamp() * 1000 if theirs is None else theirs)
