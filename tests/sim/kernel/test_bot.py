"""Several strategies in one account: each trades under its own prefix, as far as its permit lets it."""

from __future__ import annotations

from dataclasses import replace

from guardian.core.model import Level
from guardian.runtime.permit import Permit
from guardian.sim.actors.bot import Bot
from guardian.sim.play.stage import Stage, build
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, MarketPlan, Scenario, Stake, StrategyPlan

STRATEGIES = (
    StrategyPlan("fa-", (Stake("BTCUSDT", 0.5, protected=False),)),
    StrategyPlan("fb-", (Stake("BTCUSDT", 0.2, protected=False),)),
)
PLAN = AccountPlan("a1", "east", (), BotPlan("turning", 3.0, 0.1), strategies=STRATEGIES)
OPEN, SHUT = Permit(), Permit("reduce_only", 0.0)
BTC_ONLY = Permit("normal", 0.5, ("BTC/USDT:USDT",))


def stage_of(plan: AccountPlan) -> Stage:
    return build(
        Scenario(1, (plan,), MarketPlan(5.0, 1.0, 1.0), (), (), (), heals_at=20.0),
        lambda: 0.0,
        lambda account: Level.NORMAL,
    )


def turned(*permits: Permit, plan: AccountPlan = PLAN) -> list[tuple[str, int]]:
    """Whose orders were filled, and on which side, when the bot acted once under each of these permits."""
    stand = stage_of(plan).stands["a1"]
    before, now = len(stand.books.executions), [OPEN]
    bot = Bot(stand, lambda: now[0])
    for permit in permits:
        now[0] = permit
        bot.act()
    rows = stand.books.executions[before:]
    return list(dict.fromkeys((row.link_id[:3], row.side.sign) for row in rows))


def test_each_opens_a_little_more_in_its_turn_and_closes_it_in_the_next_one() -> None:
    assert turned(OPEN, OPEN) == [("fa-", 1), ("fb-", 1)]
    assert turned(OPEN, OPEN, OPEN, OPEN) == [("fa-", 1), ("fb-", 1), ("fa-", -1), ("fb-", -1)]


def test_what_was_added_is_closed_to_the_lot() -> None:
    stand = stage_of(PLAN).stands["a1"]
    bot, held = Bot(stand, lambda: OPEN), stand.books.size("BTCUSDT")
    for _ in range(4):
        bot.act()

    assert (bot.accepted, stand.books.size("BTCUSDT")) == (4, held)


def test_a_permit_that_names_the_symbol_lets_it_only_close() -> None:
    assert turned(BTC_ONLY, BTC_ONLY) == []
    assert turned(OPEN, BTC_ONLY, BTC_ONLY) == [("fa-", 1), ("fa-", -1)]
    assert turned(SHUT, SHUT) == []


def test_a_bot_that_fights_buys_back_under_the_prefixes_of_those_that_held() -> None:
    stage = stage_of(replace(PLAN, bot=BotPlan("fighting")))
    stand = stage.stands["a1"]
    bot = Bot(stand, lambda: OPEN)
    stand.books.leg("BTCUSDT", 0).size /= 2
    bot.act()

    assert stand.books.executions[-1].link_id.startswith(("fa-", "fb-"))
