"""The line to the venue: what was sent is out of guardian's hands, and every answer may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from guardian.core.model import Level
from guardian.sim.play.virtual import VirtualLoop
from guardian.sim.ports.line import Group, Line, Reply
from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, FaultPlan

T = TypeVar("T")
PLAN = AccountPlan("a1", "east", (), BotPlan("runaway"))


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


class Venue:
    """A line with its weather, and what arrived at the far end."""

    def __init__(self, *faults: str, size: float = 0.0) -> None:
        plans = tuple(FaultPlan(name, 0.0, 1e9, size=size) for name in faults)
        loop = asyncio.get_running_loop()
        self.weather = Weather(plans, loop.time, lambda account: Level.FLATTEN)
        self.line = Line(PLAN, self.weather)
        self.arrived: list[float] = []

    def deed(self) -> Reply:
        self.arrived.append(asyncio.get_running_loop().time())
        return Reply(value="done")

    async def answer(self, group: Group = "trade") -> Reply:
        return await self.line.answer(group, "create", self.deed)


def test_a_request_takes_effect_there_before_its_answer_is_back() -> None:
    async def main() -> None:
        venue = Venue()

        reply = await venue.answer()

        assert reply == Reply(value="done")
        assert 0 < venue.arrived[0] < asyncio.get_running_loop().time() < 0.1
        assert venue.line.requests["create"] == 1

    run(main)


def test_what_the_caller_gave_up_on_still_arrives() -> None:
    """A deadline, or a process that dies, takes nothing back."""

    async def main() -> None:
        venue = Venue("trade-slow", size=60.0)
        asking = asyncio.create_task(venue.answer())
        await asyncio.sleep(0.001)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert venue.arrived == []

        await asyncio.sleep(120)

        assert len(venue.arrived) == 1

    run(main)


def test_an_answer_that_is_too_late_is_a_timeout_and_the_effect_stays() -> None:
    async def main() -> None:
        venue = Venue("answer-lost")

        reply = await venue.answer()

        assert (reply.code, len(venue.arrived)) == ("timeout", 1)
        assert asyncio.get_running_loop().time() == 4.0

    run(main)


def test_only_answers_to_deeds_are_lost_with_their_effect_in_place() -> None:
    """A lost question has no effect that could stay behind: that is what request-lost is for."""

    async def main() -> None:
        venue = Venue("answer-lost")

        assert (await venue.answer("read")).value == "done"
        assert not venue.weather.changed

    run(main)


@pytest.mark.parametrize("fault", ["request-lost", "trade-down"])
def test_what_never_arrived_has_no_effect(fault: str) -> None:
    async def main() -> None:
        venue = Venue(fault)

        reply = await venue.answer()
        await asyncio.sleep(60)

        assert reply.code in {"timeout", "network"}
        assert venue.arrived == []

    run(main)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("ip-ban", "http-403"),
        ("rate-limit", "10006"),
        ("rate-limit-retry-after", "10006"),
        ("server-error", "http-503"),
    ],
)
def test_what_is_refused_at_the_door_has_no_effect(fault: str, code: str) -> None:
    async def main() -> None:
        venue = Venue(fault, size=0.5)

        reply = await venue.answer()

        assert (reply.code, venue.arrived) == (code, [])
        assert venue.weather.changed[fault, "FLATTEN"] == 1

    run(main)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("server-error-after-effect", "http-502"),
        ("garbage-body", "garbage"),
        ("empty-body", "garbage"),
        ("truncated-body", "garbage"),
    ],
)
def test_an_answer_that_says_nothing_leaves_its_effect_behind(fault: str, code: str) -> None:
    async def main() -> None:
        venue = Venue(fault)

        reply = await venue.answer()

        assert (reply.code, len(venue.arrived)) == (code, 1)

    run(main)


def test_one_groups_trouble_is_not_anothers() -> None:
    async def main() -> None:
        venue = Venue("admin-down")

        assert (await venue.answer("trade")).value == "done"
        assert (await venue.answer("read")).value == "done"
        assert (await venue.answer("admin")).code == "network"

    run(main)
