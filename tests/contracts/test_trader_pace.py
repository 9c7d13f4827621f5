"""A trader's pace: it keeps the venue's limits, waits out what passes, and loses no time."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import aiohttp
import pytest

from guardian.core.events import Outcome
from guardian.exchanges import Endpoint, venue
from guardian.ports import Credential
from guardian.sim.launch import start_venue
from tests.contracts.beds import BEDS, WIRE
from tests.contracts.test_trader_contract import closing, positions, venue_id

TRIES = 5


@pytest.mark.parametrize("name", BEDS)
async def test_a_rate_limit_that_passes_costs_a_moment_and_no_order(name: str) -> None:
    async with BEDS[name](timeout_s=2.0) as bed:
        (leg, *_) = await positions(bed)
        trader = bed.trader()
        trader.hold(bed.credentials["hands"])
        bed.commits("ret_code", "order/create", code=10006, count=1)

        report = await trader.close_position(closing(leg))

        assert (report.outcome, report.code) == (Outcome.DONE, "0")
        assert not bed.sizes().get(venue_id(leg))
        await trader.close()


@pytest.mark.parametrize("name", BEDS)
async def test_a_rate_limit_that_stays_is_a_refusal(name: str) -> None:
    async with BEDS[name]() as bed:
        (leg, *_) = await positions(bed)
        trader = bed.trader()
        trader.hold(bed.credentials["hands"])
        bed.commits("ret_code", "order/create", code=10006)

        report = await trader.close_position(closing(leg))

        assert (report.outcome, report.code) == (Outcome.REFUSED, "10006")
        await trader.close()


@pytest.mark.parametrize("name", WIRE)
async def test_a_flatten_under_the_venues_own_limits_is_never_refused_for_them(name: str) -> None:
    """25 legs at 20 orders a second: two budgets, and no refusal.

    The venue counts arrivals, which a busy machine delays unevenly; a wrong pace is refused every time.
    """
    refused = [await refused_for_the_limit(name)]
    while refused[-1] and len(refused) < TRIES:
        refused.append(await refused_for_the_limit(name))

    assert refused[-1] == 0, refused


async def refused_for_the_limit(name: str) -> int:
    """How many orders of one flatten were too many for the venue; all of them are done in the end."""
    async with WIRE[name](limits=True, positions=25, timeout_s=4.0) as bed:
        open_legs = await positions(bed)
        trader = bed.trader()
        await trader.warm()
        trader.hold(bed.credentials["hands"])

        reports = await asyncio.gather(
            *(trader.close_position(closing(leg, number)) for number, leg in enumerate(open_legs))
        )

        await trader.close()
        assert {report.outcome for report in reports} == {Outcome.DONE}
        assert not any(bed.sizes().values())
        return sum(seen.get("code") == 10006 for seen in bed.venue.log.since(0))


@pytest.mark.process
async def test_fifty_closes_reach_the_match_in_one_round_trip() -> None:
    """The way there takes a second; whoever waits for one answer before the next order needs a third one."""
    with start_venue(["--limits", "off", "--latency", "2s", "--positions", "50"]) as running:
        (account, *_) = running.accounts
        endpoint = Endpoint("main", "bybit", running.url, "USDT", 60.0, orders_per_second=1000)
        reader = venue("bybit").open_reader(endpoint, Credential(**account["watch"]))
        trader = venue("bybit").open_trader(endpoint)
        legs = (await reader.snapshot()).positions
        assert legs is not None
        await trader.warm()
        trader.hold(Credential(**account["hands"]))
        begun = time.time()

        reports = await asyncio.gather(
            *(trader.close_position(closing(leg, number)) for number, leg in enumerate(legs))
        )

        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/_sim/truth") as answer:
            truth = (await answer.json())["accounts"][0]
        matches = [row["at"] for row in truth["executions"] if row["order_link_id"].startswith("gdn-")]
        last_s = max(datetime.fromisoformat(at).timestamp() for at in matches) - begun
        assert len(legs) == 50
        assert {report.outcome for report in reports} == {Outcome.DONE}
        assert truth["positions"] == []
        assert last_s < 3.0, f"last match after {last_s:.2f} s"
        await reader.close()
        await trader.close()
