"""The history: each trade is told at least once, whatever becomes of an answer, and late rows come later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guardian.core.facts.activity import Activity, Fill
from guardian.core.model import Level
from guardian.sim.play.stage import EPOCH_MS, Stage, build, enter
from guardian.sim.play.virtual import VirtualLoop
from guardian.sim.ports.history import SimHistory
from guardian.sim.scenario.shapes import (
    AccountPlan,
    BotPlan,
    FaultPlan,
    MarketPlan,
    Scenario,
    Stake,
    StrategyPlan,
)
from guardian.sim.world import spot

START = datetime(2026, 1, 1, tzinfo=UTC)
STRATEGY = StrategyPlan("fa-", (Stake("BTCUSDT", 0.5, protected=False),), opens_at=1.0)
OLD = StrategyPlan("fb-", (Stake("ETHUSDT", 0.5, protected=False),))
PLAN = AccountPlan("a1", "east", (), BotPlan(), spot=0.2, strategies=(STRATEGY, OLD))

Play = Callable[[Stage, SimHistory], Awaitable[None]]


def played(main: Play, *faults: FaultPlan, since_ms: float | None = None) -> None:
    """`main` with the account's stage and its history; `fb-` holds from before, `fa-` opens nothing yet."""
    loop = VirtualLoop()

    async def begin() -> None:
        scenario = Scenario(1, (PLAN,), MarketPlan(5.0, 1.0, 1.0), (), faults, (), heals_at=20.0)
        stage = build(scenario, loop.time, lambda account: Level.HALT)
        machine = lambda: START + timedelta(seconds=loop.time())  # noqa: E731
        await main(stage, SimHistory(stage.stands["a1"], machine, since_ms))

    try:
        loop.run_until_complete(begin())
    finally:
        loop.close()


async def traded(stage: Stage) -> None:
    """`fa-` opens what it holds, some time after the first question."""
    await asyncio.sleep(1.0)
    enter(stage, stage.stands["a1"], STRATEGY, stage.now_ms())
    await asyncio.sleep(0.1)


def named(seen: Activity) -> list[str]:
    return [fill.client_id for fill in seen.fills or ()]


def test_what_was_traded_before_the_first_question_is_no_news_and_what_comes_after_it_is() -> None:
    async def main(stage: Stage, history: SimHistory) -> None:
        first = await history.recent()
        await traded(stage)
        second, third = await history.recent(), await history.recent()

        assert (first.fills, first.orders, first.problem) == ((), (), "")
        assert (named(second), third.fills) == (["fa-open-btcusdt"], ())
        (fill,) = second.fills or ()
        row = stage.stands["a1"].books.executions[-1]
        assert (fill.symbol, fill.side, fill.spot) == ("BTC/USDT:USDT", 1, False)
        assert (fill.quantity, fill.price, fill.fee) == (row.qty, row.price, row.fee)
        assert fill.at == START + timedelta(milliseconds=row.at - EPOCH_MS)

    played(main)


@pytest.mark.parametrize("fault", ["garbage-body", "server-error", "account-blind"])
def test_what_a_failed_answer_did_not_tell_comes_with_the_next_one(fault: str) -> None:
    async def main(stage: Stage, history: SimHistory) -> None:
        await history.recent()
        await traded(stage)
        await asyncio.sleep(4.0)
        failed = await history.recent()
        await asyncio.sleep(10.0)
        later = await history.recent()

        assert failed.fills is None
        assert failed.problem.startswith("executions: ")
        assert named(later) == ["fa-open-btcusdt"]

    played(main, FaultPlan(fault, 4.0, 10.0))


def test_what_is_listed_late_comes_later_and_is_counted() -> None:
    async def main(stage: Stage, history: SimHistory) -> None:
        await history.recent()
        await traded(stage)
        early = await history.recent()
        await asyncio.sleep(6.0)
        late = await history.recent()

        assert (early.fills, named(late)) == ((), ["fa-open-btcusdt"])
        assert stage.weather.changed["fills-late", "HALT"] == 1

    played(main, FaultPlan("fills-late", 0.5, 60.0, size=5.0))


def test_a_new_process_goes_on_a_little_before_what_the_last_one_was_told() -> None:
    async def main(stage: Stage, history: SimHistory) -> None:
        await traded(stage)

        assert named(await history.recent()) == ["fb-open-ethusdt", "fa-open-btcusdt"]

    played(main, since_ms=EPOCH_MS)


def test_coins_are_told_as_coins() -> None:
    async def main(stage: Stage, history: SimHistory) -> None:
        stand = stage.stands["a1"]
        await history.recent()
        await asyncio.sleep(1.0)
        spot.trade(stage.world, stand.books, "ETH", Decimal(-1000), stage.now_ms())
        (fill,) = (await history.recent()).fills or ()

        assert isinstance(fill, Fill)
        assert (fill.symbol, fill.side, fill.spot, fill.closed) == ("ETH/USDT", -1, True, 0)
        assert fill.fee_currency == "USDT"

    played(main)
