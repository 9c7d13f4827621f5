"""The account's reader against a venue that counts requests: its answers tell the rate budget."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from guardian.core.metrics import BY_NAME, View
from guardian.core.model import Known, Level, Measured
from guardian.exchanges.bybit.read import BybitReader
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential
from guardian.sim.faces import limits
from guardian.sim.faces.bybit import BybitVenue
from tests.core.build import Desk, at, rule, rung

Serve = Callable[..., Awaitable[BybitVenue]]


@pytest.fixture(autouse=True)
def slow_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is spent stays spent while a test runs, however busy the machine is."""
    monkeypatch.setattr(limits, "WINDOW_MS", 600_000)


@asynccontextmanager
async def reading(venue: BybitVenue) -> AsyncIterator[Callable[[Desk, float], Awaitable[None]]]:
    """A real reader with the watch key: `await look(desk, second)` is one read as of that second."""
    endpoint = Endpoint("main", "bybit", venue.url, "USDT", flows_seconds=3600.0)
    reader = BybitReader(endpoint, Credential(**venue.accounts[0]["watch"]))

    async def look(desk: Desk, second: float) -> None:
        desk.see(replace(await reader.snapshot(), asked_at=at(second)))

    try:
        yield look
    finally:
        await reader.close()


def desk_with(*ladder) -> Desk:
    return Desk(rule(*ladder, id="budget", metric="rate_budget", direction="under"))


def budget(desk: Desk, second: float) -> Measured:
    view = View(desk.account, desk.state.rules[0], desk.account.rules[0], at(second))
    return BY_NAME["rate_budget"].measure(view)


async def test_the_budget_falls_with_every_request(serve: Serve) -> None:
    """Positions and orders are asked for twice a read, of fifty each; a minute of rest gives all back.

    The first read asks for inverse contracts and options too.
    """
    venue = await serve(seed=7, limits=True)
    desk = desk_with(rung(0.1, "caution"))
    found = []
    async with reading(venue) as look:
        for second in range(4):
            await look(desk, second)
            found.append(budget(desk, second))
        venue.server.limits._used.clear()
        await look(desk, 70)

    assert [Known(0.92), Known(0.88), Known(0.84), Known(0.8)] == found
    assert Known(0.96) == budget(desk, 70)


async def test_what_others_spend_on_the_account_is_seen_before_the_venue_refuses(serve: Serve) -> None:
    """The venue counts by account, whichever key asks: a bot that runs away is told while reads work."""
    venue = await serve(seed=7, limits=True)
    desk = desk_with(rung(0.2, "caution"), rung(0.1, "halt"))
    levels = []
    async with reading(venue) as look:
        for second, spent in ((0, 0), (1, 36), (2, 4)):
            uid = venue.accounts[0]["uid"]
            venue.server.limits.spend(uid, "/v5/order/realtime", 50, spent, venue.clock())
            await look(desk, second)
            levels.append(desk.level)

    assert [Level.NORMAL, Level.CAUTION, Level.HALT] == levels
    assert Known(0.04) == budget(desk, 2)


async def test_a_raised_limit_that_is_never_spent_is_a_whole_budget(serve: Serve) -> None:
    venue = await serve(seed=7)
    desk = desk_with(rung(0.1, "caution"))
    async with reading(venue) as look:
        await look(desk, 0)

    assert Known(1.0) == budget(desk, 0)
