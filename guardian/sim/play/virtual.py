"""An asyncio event loop whose time is virtual: it passes only when nobody has anything to do.

The loop's own order of callbacks is what makes an incident repeatable: no thread, no socket and no real clock
can reach into it, for it has none of them. It is written out, and not derived from asyncio's own, because an
incident is mostly waiting: the order is the same, without the questions to a selector and to a real clock.
Source: asyncio's documentation of `AbstractEventLoop` and of the policies for writing one.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

RESOLUTION = 1e-9
"""Timers that ring within this of one another ring together: what adding floats leaves."""

SWEEP_ABOVE = 100
"""More timers than this, most of them cancelled, are swept at once; fewer go when their turn comes."""


class Silence(Exception):
    """Everything waits for something that will never happen."""


class _Call:
    """One callback to come: what asyncio calls a handle. `waits` while its timer is set."""

    __slots__ = ("args", "callback", "cancelled", "context", "loop", "waits")

    def __init__(
        self, loop: VirtualLoop, callback: Any, args: tuple[Any, ...], context: contextvars.Context | None
    ) -> None:
        self.loop = loop
        self.callback = callback
        self.args = args
        self.context = contextvars.copy_context() if context is None else context
        self.cancelled = False
        self.waits = False

    def __lt__(self, other: _Call) -> bool:
        """Of two timers for one instant neither is the earlier."""
        return False

    def cancel(self) -> None:
        if self.waits and not self.cancelled:
            self.loop.cancelled_timers += 1
        self.cancelled = True


class VirtualLoop(asyncio.AbstractEventLoop):
    """`time()` starts at 0. Work for other threads is done at once, in order, on this one."""

    def __init__(self) -> None:
        self.cancelled_timers = 0
        self._passed = 0.0
        self._ready: deque[_Call] = deque()
        self._timers: list[tuple[float, _Call]] = []
        self._running = self._over = False
        self._hears: Callable[[Any, dict[str, Any]], object] | None = None

    # --- what asyncio asks of a loop ----------------------------------------------------------------

    def time(self) -> float:
        return self._passed

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return False

    def call_soon(  # type: ignore[override]
        self, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> _Call:
        call = _Call(self, callback, args, context)
        self._ready.append(call)
        return call

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> _Call:
        return self.call_at(self._passed + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> _Call:
        call = _Call(self, callback, args, context)
        call.waits = True
        heapq.heappush(self._timers, (when, call))
        return call

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self, **options)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def set_exception_handler(self, handler: Callable[[Any, dict[str, Any]], object] | None) -> None:
        self._hears = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._hears is not None:
            self._hears(self, context)
        else:
            logging.getLogger("asyncio").error(context["message"], exc_info=context.get("exception"))

    # --- running --------------------------------------------------------------------------------------

    def run_until_complete(self, main: Coroutine[Any, Any, T]) -> T:  # type: ignore[override]
        """What `main` returns. Raises Silence when it waits for what nothing will bring."""
        task: asyncio.Task[T] = self.create_task(main)
        task.add_done_callback(self._end)
        asyncio._set_running_loop(self)
        self._running = True
        try:
            while not self._over:
                self._round()
        finally:
            self._running = False
            asyncio._set_running_loop(None)
        return task.result()

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._over = True

    def close(self) -> None:
        """What still waits is never called."""
        self._ready.clear()
        self._timers.clear()

    def _round(self) -> None:
        """Ring the timers that are due, and call what is ready by now; what that makes ready comes next."""
        if self.cancelled_timers:
            self._sweep()
        timers, ready = self._timers, self._ready
        if not ready:
            if not timers:
                raise Silence
            self._passed += max(0.0, timers[0][0] - self._passed)
        due = self._passed + RESOLUTION
        while timers and timers[0][0] < due:
            call = heapq.heappop(timers)[1]
            call.waits = False
            ready.append(call)
        for _ in range(len(ready)):
            call = ready.popleft()
            if call.cancelled:
                continue
            try:
                call.context.run(call.callback, *call.args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                self.call_exception_handler({"message": "a callback failed", "exception": error})

    def _sweep(self) -> None:
        """Forget cancelled timers, in the same way as asyncio's own loop does: it decides who rings first."""
        timers = self._timers
        if len(timers) > SWEEP_ABOVE and self.cancelled_timers > len(timers) / 2:
            self._timers = [timer for timer in timers if not timer[1].cancelled]
            heapq.heapify(self._timers)
            self.cancelled_timers = 0
            return
        while timers and timers[0][1].cancelled:
            heapq.heappop(timers)
            self.cancelled_timers -= 1
