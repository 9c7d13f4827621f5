"""The one thread that touches a journal's connection.

Law: jobs run one at a time, decisions before bookkeeping, each group in the order it was asked. A job runs to
its end even when nobody waits for it any more: a decision that missed its 250 ms is still written, in order.
"""

from __future__ import annotations

import errno
import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import IntEnum
from typing import Any, TypeVar

T = TypeVar("T")

# A disk that hangs must not let memory grow without bound.
PENDING_BOUND = 10_000
PENDING_BYTES = 64_000_000


class Urgency(IntEnum):
    DECISION = 0
    BOOKKEEPING = 1
    LAST = 2


_Job = tuple[int, int, Callable[[], Any] | None, "Future[Any]", int]


class Writer:
    """A daemon thread, so that a hung disk cannot keep the process from ending."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._count = itertools.count()
        self._thread: threading.Thread | None = None
        self._held = 0
        self._lock = threading.Lock()
        self._name = name
        self.stopped = False

    def submit(self, urgency: Urgency, job: Callable[[], T], size: int = 0) -> Future[T]:
        """Queue a job that holds `size` bytes. Raises OSError when stopped or too far behind."""
        if self.stopped:
            raise OSError(errno.EBADF, "the journal is closed")
        if self._jobs.qsize() >= PENDING_BOUND:
            raise OSError(errno.EBUSY, f"the journal's disk does not answer: {PENDING_BOUND} writes wait")
        self._hold(size)
        future: Future[T] = Future()
        self._jobs.put((urgency, next(self._count), job, future, size))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return future

    def stop(self, last: Callable[[], None]) -> Future[None]:
        """Run `last` after everything queued, then end the thread."""
        future = self.submit(Urgency.LAST, last)
        self.stopped = True
        self._jobs.put((Urgency.LAST, next(self._count), None, Future(), 0))
        return future

    def _hold(self, size: int) -> None:
        with self._lock:
            # One that is larger than the bound is taken when nothing waits: it could never be written.
            if self._held and self._held + size > PENDING_BYTES:
                raise OSError(errno.EBUSY, f"the journal's disk does not answer: {self._held:,} bytes wait")
            self._held += size

    def _release(self, size: int) -> None:
        with self._lock:
            self._held -= size

    def _work(self) -> None:
        while True:
            _, _, job, future, size = self._jobs.get()
            if job is None:
                return
            answer: Any = None
            failure: BaseException | None = None
            try:
                answer = job()
            except BaseException as error:  # The waiter gets it: nothing is swallowed here.
                failure = error
            # Before the answer, or whoever gets it and asks at once would find its own bytes waiting.
            self._release(size)
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(answer)
