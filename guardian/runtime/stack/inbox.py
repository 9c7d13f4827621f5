"""A bounded queue between what the stack tells and the loop that decides.

Law: a flood never delays a decision. At most one message is in the loop's own queue at any time, at most
fifty a second get there, and past an account's bound its oldest message is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from guardian.core.events import Event, TelemetryTold
from guardian.core.facts.telemetry import Telemetry
from guardian.runtime.stack.counts import StackCounts

MOST_WAITING = 64
"""Messages of one account. Each account has a queue of its own: no stack pushes out another's."""

PAUSE_SECONDS = 0.02
REST_SECONDS = 1.0
"""After a message that could not be handed on."""


def _unheard(problem: str) -> None:
    return


class Inbox:
    """`submit` returns when the event is decided; `tell` hears why it was not, and "" once it is again."""

    def __init__(
        self,
        submit: Callable[[Event], Awaitable[object]],
        now: Callable[[], datetime],
        counts: StackCounts,
        tell: Callable[[str], None] = _unheard,
    ) -> None:
        self._submit = submit
        self._now = now
        self._counts = counts
        self._tell = tell
        self._problem = ""
        self._waiting: dict[str, deque[Telemetry]] = {}
        self._filled = asyncio.Event()

    def offer(self, told: Telemetry) -> None:
        """Queue it; never blocks. The caller knows that the account exists, which bounds the queues."""
        queue = self._waiting.setdefault(told.account, deque(maxlen=MOST_WAITING))
        if len(queue) == MOST_WAITING:
            self._counts.dropped[told.account] += 1
        queue.append(told)
        self._filled.set()

    async def run(self) -> None:
        """Hand on for ever, one at a time."""
        while True:
            await self._filled.wait()
            if (told := self._next()) is None:
                self._filled.clear()
                continue
            await self._hand_on(told)
            await asyncio.sleep(REST_SECONDS if self._problem else PAUSE_SECONDS)

    async def _hand_on(self, told: Telemetry) -> None:
        """What stops it costs this message: a dead inbox would leave senders told that all is taken."""
        problem = ""
        try:
            await self._submit(TelemetryTold(self._now(), told))
        except Exception as error:
            # Only its kind is told: its words may hold what somebody has sent.
            problem = f"unexpected {type(error).__name__}"
            self._counts.dropped[told.account] += 1
        if problem != self._problem:
            self._problem = problem
            self._tell(problem)

    def _next(self) -> Telemetry | None:
        """The oldest of the account whose turn it is."""
        for account in tuple(self._waiting):
            queue = self._waiting.pop(account)
            if queue:
                # Put back at the end: the accounts take turns.
                self._waiting[account] = queue
                return queue.popleft()
        return None
