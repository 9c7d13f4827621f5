"""The bell of the day rings when the clocks of its zone say so."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from freezegun import freeze_time

from guardian.runtime.timers import Timers


async def rung_at(frozen: str, *clocks: str) -> list[str]:
    """Which bells for six o'clock ring when this instant (UTC) has come; the clock ticks on from it."""
    rung: list[str] = []
    with freeze_time(frozen, real_asyncio=True) as clock:
        timers = Timers()
        for tz in clocks:
            timers.daily(6, 0, tz, partial(rung.append, tz), tz)
        timers.start()
        clock.tick(timedelta(seconds=2))
        for _ in range(80):
            await asyncio.sleep(0.05)
            if rung:
                break
        timers.stop()
    return rung


@pytest.mark.parametrize(
    ("frozen", "rings"),
    [
        ("2026-01-15 04:59:59", ["Europe/Berlin"]),
        ("2026-07-15 03:59:59", ["Europe/Berlin"]),
        ("2026-07-15 05:59:59", ["UTC"]),
    ],
)
async def test_the_timer_rings_at_that_time_of_that_zone(frozen: str, rings: list[str]) -> None:
    """Six o'clock in Berlin is five in UTC, and four in summer."""
    assert rings == await rung_at(frozen, "Europe/Berlin", "UTC")
