"""Accounts in which two strategies trade with one key, mostly also in the same symbol, and rules about them;
and those in which somebody trades coins.

Each is drawn apart, from random numbers of its own: a scenario without it stays as it was.
"""

from __future__ import annotations

import random
from dataclasses import replace

from guardian.sim.scenario.catalogue import BY_NAME
from guardian.sim.scenario.packs import draw_strategies
from guardian.sim.scenario.shapes import (
    AccountPlan,
    Act,
    BotPlan,
    FaultPlan,
    Scenario,
    Stake,
    StrategyPlan,
)

PREFIXES = ("fa-", "fb-")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
SHARE, COINED = 0.13, 0.08
LATE = BY_NAME["fills-late"]


def coined(scenario: Scenario, rng: random.Random) -> Scenario:
    """Now and then somebody trades coins for cash, before the market moves and while it falls."""
    if rng.random() >= COINED:
        return scenario
    number, moved = rng.randrange(len(scenario.accounts)), scenario.market.moves_at + scenario.market.seconds
    accounts, acts = list(scenario.accounts), list(scenario.acts)
    accounts[number] = replace(accounts[number], spot=accounts[number].spot or 0.2)
    for _ in range(rng.choice((1, 2, 4))):
        at, size = rng.uniform(1.0, moved + 4.0), rng.uniform(0.02, 0.2) * rng.choice((1, 1, -1))
        acts.append(Act(round(at, 2), "coins", accounts[number].name, round(size, 3)))
    return replace(scenario, accounts=tuple(accounts), acts=tuple(acts))


def several(scenario: Scenario, rng: random.Random) -> Scenario:
    """Now and then the first account, and others beside it, are traded by several strategies."""
    if rng.random() >= SHARE:
        return scenario
    accounts = tuple(
        _shared(account, rng) if number == 0 or rng.random() < 0.3 else account
        for number, account in enumerate(scenario.accounts)
    )
    # Half of the time by no loss of the account: what one strategy has lost then stops nobody else.
    alone = rng.random() < 0.6 and scenario.heat is None
    kept = tuple(rule for rule in scenario.rules if not (alone and rule.metric == "drawdown"))
    rules = (*kept, *draw_strategies(rng, PREFIXES))
    scenario = replace(scenario, accounts=accounts, rules=rules)
    if any(rule.metric == "pair_convergence" for rule in rules):
        scenario = replace(scenario, usual=rng.choice((0.0, 0.002)))
    if rng.random() < 0.35:
        scenario = replace(scenario, faults=(*scenario.faults, _late(scenario, rng)))
    return scenario


def _shared(account: AccountPlan, rng: random.Random) -> AccountPlan:
    """Each strategy has a symbol of its own; mostly there is one that both hold, at times on two sides."""
    own, other, both = rng.sample(SYMBOLS, 3)
    first, second = [_stake(rng, own)], [_stake(rng, other)]
    if rng.random() < 0.55:
        first.append(_stake(rng, both))
        second.append(_stake(rng, both, opposed=rng.random() < 0.3))
    strategies = [
        StrategyPlan(prefix, tuple(stakes), opens_at=_opens_at(rng))
        for prefix, stakes in zip(PREFIXES, (first, second), strict=True)
    ]
    if rng.random() < 0.2:
        stakes = (_stake(rng, rng.choice(SYMBOLS)),)
        strategies.append(StrategyPlan("hand-", stakes, named=False, opens_at=_opens_at(rng)))
    nobodys = account.stakes[:1] if rng.random() < 0.2 else ()
    return replace(account, stakes=nobodys, strategies=tuple(strategies), bot=_bot(account.bot, rng))


def _opens_at(rng: random.Random) -> float:
    """Mostly while guardian watches, before the market moves; else before, which nobody tells."""
    return round(rng.uniform(0.4, 3.5), 2) if rng.random() < 0.85 else 0.0


def _stake(rng: random.Random, symbol: str, opposed: bool = False) -> Stake:
    """Mostly long, so that a fall of the market hurts; now and then short, so that it does not."""
    side = -1 if opposed or rng.random() < 0.2 else 1
    return Stake(symbol, round(side * rng.uniform(0.2, 0.7), 3), rng.random() < 0.6, rng.random() < 0.4)


def _bot(bot: BotPlan, rng: random.Random) -> BotPlan:
    """Mostly they hold what they have, or trade on a little; else as any bot that does not listen."""
    chosen = rng.random()
    if chosen < 0.5:
        return BotPlan()
    return BotPlan("turning", 3.0, 0.1, 4.0) if chosen < 0.8 else bot


def _late(scenario: Scenario, rng: random.Random) -> FaultPlan:
    """The venue lists fills late, around the crash and while guardian acts."""
    at = rng.uniform(0.0, max(1.0, scenario.heals_at - 2.0))
    until = min(scenario.heals_at, at + rng.uniform(*LATE.seconds))
    return FaultPlan(
        name=LATE.name,
        at=round(at, 2),
        until=round(until, 2),
        account=rng.choice(("", scenario.accounts[0].name)),
        size=round(rng.uniform(*LATE.size), 3),
        salt=rng.randrange(1_000_000),
    )
