"""An asyncio event loop whose time is virtual: it passes only when nobody has anything to do.

The loop's own order of callbacks is what makes an incident repeatable: no thread, no socket and no real clock
can reach into it. Source: the documented constructor argument `selector` of asyncio.SelectorEventLoop.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Any


class Silence(Exception):
    """Everything waits for something that will never happen."""


class _Idle(selectors.BaseSelector):
    """Waits by telling how long it would have waited; its files are the loop's own and never ready."""

    def __init__(self, pass_time: Callable[[float], None]) -> None:
        self._pass_time = pass_time
        self._files: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, int(fileobj), events, data)
        self._files[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Silence
        if timeout > 0:
            self._pass_time(timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._files


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0. Work for other threads is done at once, in order, on this one."""

    def __init__(self) -> None:
        self._passed = 0.0
        super().__init__(_Idle(self._pass))

    def time(self) -> float:
        return self._passed

    def _pass(self, seconds: float) -> None:
        self._passed += seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done
