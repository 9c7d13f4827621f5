"""A tick of many accounts that two rules judge as one: what all of them see alike must be made once.

Made anew for each account it would take sixty-four times as long for eight times as many.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from guardian.bench.metrics.event import WARM_READS, event_of
from guardian.bench.metrics.market import START, Market
from guardian.bench.metrics.stopwatch import alternately, once
from guardian.bench.metrics.streaming import HOUR, policy, rule
from guardian.core.engine import step
from guardian.core.events import Configured, Tick
from guardian.core.frozen import replace
from guardian.core.model import Window
from guardian.core.state import State

FEW, MANY = 25, 200
RULES = tuple(
    replace(each, scope="portfolio")
    for each in (rule("together", "drawdown", HOUR, 0.6), rule("size", "leverage", Window(), 1e5))
)


def read(market: Market, state: State, second: int, count: int | None = None) -> State:
    for account in state.accounts[:count]:
        state, _ = step(state, event_of(market, account.policy.name, second))
    return state


def warmed(market: Market, count: int) -> State:
    """So many accounts in one portfolio, each of them read since its rules look at all."""
    policies = tuple(policy(f"account-{i:04d}") for i in range(count))
    state, _ = step(State(), Configured(START, "bench", "hash", policies, ()))
    for second in range(WARM_READS):
        state = read(market, state, second)
    state, _ = step(state, Configured(market.first_tick, "bench", "hash", policies, RULES))
    state = read(market, state, WARM_READS)
    return step(state, Tick(state.now or market.first_tick))[0]


def timed(market: Market, repeat: int) -> dict[str, Any]:
    """Microseconds of a tick right after one of the accounts was read, of few and of many."""
    states = {count: warmed(market, count) for count in (FEW, MANY)}
    second = dict.fromkeys(states, WARM_READS)

    def cost(count: int) -> float:
        second[count] += 1
        state = read(market, states[count], second[count], 1)
        event = Tick((state.now or market.first_tick) + timedelta(milliseconds=500))

        def through() -> None:
            states[count], _ = step(state, event)

        return once(through)

    found = alternately({str(count): partial(cost, count) for count in states}, repeat)
    few, many = found[str(FEW)], found[str(MANY)]
    return {
        "few": FEW,
        "many": MANY,
        "few_us": round(few, 1),
        "many_us": round(many, 1),
        "ratio": round(many / few, 1),
    }
