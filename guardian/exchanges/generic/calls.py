"""What each request cost: the evidence that latency and error rates are measured from."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from guardian.core.model import Call
from guardian.errors import VenueError

# Far more than a read of many pages asks; a log that nobody takes must not grow.
_MOST = 100
_UNANSWERED = frozenset({"timeout", "network"})
_NEVER_SENT = "unsignable"


@dataclass(slots=True)
class Asked:
    """A request under way; `code` is set by who reads the answer and stays empty for success.

    So is `budget`, (requests left, allowed), where the venue tells it.
    """

    code: str = ""
    budget: tuple[int, int] | None = None


class CallLog:
    """The requests that ended since the last `take`: the newest hundred of them."""

    def __init__(self) -> None:
        self._ended: deque[Call] = deque(maxlen=_MOST)

    @contextmanager
    def timed(self, endpoint: str) -> Iterator[Asked]:
        """Record what happens inside, from now on: waiting for a free socket is part of the latency.

        An empty `endpoint` is not recorded. A cancelled request counts as a timeout, for its reader's own
        deadline is what cancels it.
        """
        asked, begun = Asked(), time.monotonic()
        try:
            yield asked
        except VenueError as error:
            asked.code = error.code
            raise
        except asyncio.CancelledError:
            asked.code = "timeout"
            raise
        finally:
            if endpoint and asked.code != _NEVER_SENT:
                seconds = round(time.monotonic() - begun, 4)
                answered = asked.code not in _UNANSWERED
                self._ended.append(Call(endpoint, seconds, asked.code, answered, asked.budget))

    def take(self) -> tuple[Call, ...]:
        """Each request once, sorted, so that the order does not depend on which socket was faster."""
        calls = sorted(self._ended, key=lambda call: (call.endpoint, call.seconds, call.code))
        self._ended.clear()
        return tuple(calls)
