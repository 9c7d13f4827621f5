"""Pacing by a venue's published limits: a rolling window per endpoint, first come first served.

Orders wait in one line for whichever endpoint has room, so that no order starves and none is sent only to be
refused. The venue's own headers correct the published numbers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

# The venue counts arrivals, we count departures: the margin covers their jitter.
_MARGIN_S = 0.05


class Bucket:
    """At most `limit` departures in any rolling second."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self._departures: deque[float] = deque()
        self._closed_until = 0.0

    def free_at(self, now: float) -> float:
        """The instant (loop time) at which the next departure is allowed; <= now means at once."""
        window = 1.0 + _MARGIN_S
        while self._departures and self._departures[0] <= now - window:
            self._departures.popleft()
        opens = self._closed_until
        if len(self._departures) >= self.limit:
            opens = max(opens, self._departures[len(self._departures) - self.limit] + window)
        return opens

    def depart(self, now: float) -> None:
        self._departures.append(now)

    def close_until(self, when: float) -> None:
        self._closed_until = max(self._closed_until, when)


class Pacer:
    """One line of waiters before one or more buckets that can carry the same request."""

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        self._buckets = tuple(buckets)
        self._line: deque[asyncio.Future[Bucket]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, first: bool = False) -> Bucket:
        """Wait for room and take it; the result says which endpoint carries the request.

        `first` puts a retry before those that have not been tried yet.
        """
        loop = asyncio.get_running_loop()
        if not self._line:
            bucket = self._take(loop.time())
            if bucket is not None:
                return bucket
        waiter: asyncio.Future[Bucket] = loop.create_future()
        if first:
            self._line.appendleft(waiter)
        else:
            self._line.append(waiter)
        self._serve()
        return await waiter

    def learn(self, bucket: Bucket, limit: int) -> None:
        """The venue says what its limit is: believe it, and serve at once those that now have room."""
        if limit > 0 and limit != bucket.limit:
            bucket.limit = limit
            if self._line:
                self._serve()

    def refuse(self, bucket: Bucket, wait_s: float) -> None:
        """The venue refused for its limit: nothing leaves through this bucket for `wait_s`."""
        bucket.close_until(asyncio.get_running_loop().time() + wait_s)

    def _take(self, now: float) -> Bucket | None:
        for bucket in self._buckets:
            if bucket.free_at(now) <= now:
                bucket.depart(now)
                return bucket
        return None

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._line:
            if self._line[0].done():  # The waiter's own deadline passed while it stood in line.
                del self._line[0]
                continue
            bucket = self._take(loop.time())
            if bucket is None:
                soonest = min(bucket.free_at(loop.time()) for bucket in self._buckets)
                self._timer = loop.call_at(soonest + 0.001, self._serve)
                return
            self._line.popleft().set_result(bucket)
