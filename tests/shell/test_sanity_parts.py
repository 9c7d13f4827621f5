"""Every part that the daily checks look at is there, and a check itself never passes in silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from guardian.errors import ConfigError
from guardian.runtime.checkup.line import Level as Mark
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.sanity.bounded import bounded
from guardian.runtime.sanity.look import look_over
from guardian.runtime.start.daemon import Opened
from tests.integration.troupe import Desk
from tests.shell.whole import failed, looked, running

pytestmark = pytest.mark.process


PARTS = {
    *("state_dir", "disk", "journal", "journal writing", "archive", "rules", "guardian.yaml"),
    *("read path", "venue", "clock", "balances", "positions", "market", "activity"),
    *("watch key", "hands key", "admin key", "bot's keys", "halt target", "permit"),
    *("armed", "drill", "hands", "troubles"),
}


async def test_a_sound_desk_has_every_part_and_no_failure(desk: Desk) -> None:
    async with running(desk) as guardian:
        before = desk.venue.truth()["next"]
        lines = await looked(guardian)
        asked = desk.venue.truth(before)["requests"]

    assert set() == PARTS - set(lines)
    assert [] == failed(lines), lines
    assert {"GET"} == {request["method"] for request in asked}, "looking is reading"


async def test_decisions_go_on_while_everything_is_looked_at(desk: Desk) -> None:
    """No step of a look holds the loop: reads are judged all the while, at their own pace."""
    async with running(desk) as guardian:
        looks = [await _longest_wait(guardian) for _ in range(3)]

    # A step that holds the loop holds it in each look; a machine that is busy elsewhere does not.
    assert min(looks) < 0.5, looks


async def _longest_wait(guardian: Opened) -> float:
    """Seconds that the loop's slowest turn took during one look, which must find nothing wrong."""
    waits: list[float] = []
    looking = asyncio.create_task(look_over(guardian))
    while not looking.done():
        begun = time.monotonic()
        await asyncio.sleep(0.005)
        waits.append(time.monotonic() - begun)
    assert not failed({line.check: [line] for line in looking.result()})
    return max(waits)


# --- a check itself -------------------------------------------------------------------------------


async def _hangs() -> list[Line]:
    await asyncio.sleep(60)
    return []


async def _breaks() -> list[Line]:
    raise KeyError("SECRET")


async def _refuses() -> list[Line]:
    raise ConfigError("the url is no url; write another")


@pytest.mark.parametrize(
    ("check", "says"), [(_hangs, "no answer within 0.05 s"), (_breaks, "(KeyError)"), (_refuses, "no url")]
)
async def test_a_check_that_gives_no_answer_is_a_failure(
    check: Callable[[], Awaitable[list[Line]]], says: str
) -> None:
    (line,) = await bounded(Subject("a", "part"), check, 0.05)

    assert Mark.FAIL is line.level
    assert says in line.message
    assert "SECRET" not in line.message
    assert line.fix
