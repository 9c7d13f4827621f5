"""Virtual time: it passes only when nobody has anything to do, and nothing real reaches into it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from guardian.sim.play.virtual import Silence, VirtualLoop

T = TypeVar("T")


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_day_passes_in_a_moment() -> None:
    async def main() -> float:
        await asyncio.sleep(86_400)
        return now()

    begun = time.monotonic()

    assert run(main) == 86_400
    assert time.monotonic() - begun < 5


def test_time_stands_still_while_anybody_has_something_to_do() -> None:
    async def main() -> tuple[float, float]:
        begun = now()
        for _ in range(1_000):
            await asyncio.sleep(0)
        return begun, now()

    begun, ended = run(main)

    assert begun == ended


def test_timers_ring_in_the_order_of_their_instants_and_then_of_their_making() -> None:
    async def main() -> list[tuple[float, str]]:
        rung: list[tuple[float, str]] = []
        for seconds, name in ((2.0, "late"), (1.0, "first"), (1.0, "second")):
            asyncio.get_running_loop().call_later(seconds, lambda n=name: rung.append((now(), n)))
        await asyncio.sleep(3)
        return rung

    assert run(main) == [(1.0, "first"), (1.0, "second"), (2.0, "late")]


def test_a_deadline_strikes_at_its_instant_and_not_before() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4.0):
                await asyncio.get_running_loop().create_future()
        return now()

    assert run(main) == 4.0


def test_an_answer_just_before_its_deadline_is_in_time() -> None:
    async def main() -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(3.999, answer.set_result, "here")
        return await asyncio.wait_for(answer, 4.0)

    assert run(main) == "here"


def test_work_for_other_threads_is_done_at_once_on_this_one() -> None:
    """A thread's timing would make two runs of a seed differ."""

    async def main() -> tuple[list[int], float]:
        done: list[int] = []
        await asyncio.gather(*(asyncio.to_thread(done.append, number) for number in range(20)))
        return done, now()

    assert run(main) == (list(range(20)), 0.0)


def test_a_failure_in_such_work_reaches_who_asked() -> None:
    async def main() -> None:
        await asyncio.to_thread(int, "no number")

    with pytest.raises(ValueError, match="no number"):
        run(main)


def test_waiting_for_what_never_happens_ends_instead_of_hanging() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Silence):
        run(main)


def test_two_loops_do_not_share_their_time() -> None:
    async def main() -> float:
        await asyncio.sleep(5)
        return now()

    assert (run(main), run(main)) == (5.0, 5.0)
