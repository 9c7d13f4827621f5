"""How often somebody may ask: a bucket that fills by time, and a bounded set of them by name."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

Monotonic = Callable[[], float]


class Bucket:
    """`burst` at once, then `per_second`. Full at the start."""

    def __init__(self, per_second: float, burst: float, monotonic: Monotonic = time.monotonic) -> None:
        self._per_second, self._burst, self._monotonic = per_second, burst, monotonic
        self._left = burst
        self._at = monotonic()

    def take(self, weight: float = 1.0) -> bool:
        """Whether one more (or one that weighs more) is within the pace; only then it is counted."""
        now = self._monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < weight:
            return False
        self._left -= weight
        return True


class Buckets:
    """A bucket a name. Past `most` names the one that was silent for longest is forgotten once it is full.

    A sender that invents names gains nothing by it: while every bucket is in use, a new name has none.
    """

    def __init__(
        self, per_second: float, burst: float, most: int, monotonic: Monotonic = time.monotonic
    ) -> None:
        self._per_second, self._burst, self._most, self._monotonic = per_second, burst, most, monotonic
        self._known: OrderedDict[Hashable, tuple[Bucket, float]] = OrderedDict()

    def take(self, name: Hashable) -> bool:
        now = self._monotonic()
        found = self._known.pop(name, None)
        if found is None and not self._room(now):
            return False
        bucket = found[0] if found else Bucket(self._per_second, self._burst, self._monotonic)
        self._known[name] = (bucket, now)
        return bucket.take()

    def _room(self, now: float) -> bool:
        if len(self._known) < self._most:
            return True
        oldest, (_, asked) = next(iter(self._known.items()))
        if now - asked < self._burst / self._per_second:
            return False
        del self._known[oldest]
        return True
