"""What only few scenarios have: a way back that needs no operator, and rules of other scopes than an account.

Each is drawn apart, from random numbers of its own: scenarios without it stay as they were.
"""

from __future__ import annotations

import random
from dataclasses import replace

from guardian.sim.scenario.catalogue import BY_NAME
from guardian.sim.scenario.packs import Wide, draw_burst, draw_cluster, draw_symbol, draw_together
from guardian.sim.scenario.shapes import AccountPlan, Act, BotPlan, BotStyle, FaultPlan, Scenario

CLUSTERS = ((("BTC", "ETH"), ("SOL", "XRP")), (("BTC",), ("ETH", "SOL", "XRP")), ())
"""What moves together, where it is known; nothing known: everything does."""


def rearming(scenario: Scenario, rng: random.Random) -> Scenario:
    """Now and then the loss rule clears by itself, soon."""
    if rng.random() >= 0.14:
        return scenario
    others = tuple(rule for rule in scenario.rules if rule.metric not in ("drawdown", "data_age"))
    heat = rng.choices((0.1, 0.29, 0.6), (5, 3, 2))[0]
    longer = scenario.heals_at + rng.uniform(15.0, 40.0)
    market = scenario.market
    if rng.random() < 0.6:
        again = market.moves_at + market.seconds + rng.uniform(14.0, 26.0)
        market = replace(market, again_at=round(again, 2))
    rules = (*others, draw_burst(rng))
    return replace(scenario, rules=rules, market=market, heat=heat, heals_at=longer)


def tried(scenario: Scenario, rng: random.Random) -> Scenario:
    """Mostly the way back is played to its end, in short hours: bots come back, something goes wrong."""
    if scenario.heat is None or rng.random() < 0.3:
        return scenario
    hour, market = rng.choice((3.0, 5.0)), scenario.market
    rules = tuple(replace(r, stale_after_seconds=3.0) if r.id == "burst" else r for r in scenario.rules)
    accounts = tuple(_coming_back(account, rng) for account in scenario.accounts)
    moved = market.moves_at + market.seconds
    over = round(max(moved, market.again_at or 0.0) + 20.0 + 2 * hour, 2)
    faults = scenario.faults
    if rng.random() < 0.6:
        faults = (*faults, _mishap(rng, moved + rng.uniform(6.0, 14.0 + 2 * hour)))
    heals = max(min(over, scenario.heals_at), *(plan.until for plan in faults), 0.0)
    return replace(scenario, rules=rules, accounts=accounts, hour=hour, heals_at=heals, faults=faults)


def _mishap(rng: random.Random, at: float) -> FaultPlan:
    """Somewhere on the way up guardian is blind, or dies."""
    name = rng.choice(("account-blind", "read-down", "crash", "crash-at-event"))
    until, size = at + rng.uniform(2.0, 6.0), rng.uniform(*BY_NAME[name].size)
    return FaultPlan(name, round(at, 2), round(until, 2), size=round(size, 3), salt=rng.randrange(1_000_000))


def _coming_back(account: AccountPlan, rng: random.Random) -> AccountPlan:
    """A bot that heeds its permit opens again what was closed, as soon as it may."""
    if rng.random() < 0.4:
        return account
    style: BotStyle = rng.choice(("returning", "returning", "greedy"))
    return replace(account, bot=BotPlan(style, 1.0))


def given_back(scenario: Scenario, rng: random.Random) -> Scenario:
    """Now and then an operator flattens an account before the market moves, and resumes it a while later."""
    if rng.random() >= 0.03:
        return scenario
    name, at = rng.choice(scenario.accounts).name, round(rng.uniform(1.5, 4.0), 2)
    later = round(at + rng.uniform(14.0, 22.0), 2)
    acts = tuple(act for act in scenario.acts if act.account != name)
    return replace(scenario, acts=(*acts, Act(at, "flatten", name), Act(later, "resume", name)))


def wider(scenario: Scenario, rng: random.Random) -> Scenario:
    """Now and then a rule that looks at less than an account, or at more than one."""
    several = len(scenario.accounts) > 1
    if rng.random() >= (0.22 if several else 0.055):
        return scenario
    weights = (2, 2, 2, 2, 8) if several else (1, 1, 0, 0, 0)
    match rng.choices(("symbol", "cluster", "portfolio", "mandate", "venue"), weights)[0]:
        case "symbol":
            return replace(scenario, rules=(*scenario.rules, draw_symbol(rng)))
        case "cluster":
            rules = (*scenario.rules, draw_cluster(rng))
            return replace(scenario, rules=rules, clusters=rng.choice(CLUSTERS))
        case "portfolio":
            return _judged_together(scenario, rng, "portfolio")
        case "mandate":
            owned = tuple(
                replace(a, mandate=rng.choice(("one", "one", "two", ""))) for a in scenario.accounts
            )
            return _judged_together(replace(scenario, accounts=owned), rng, "mandate")
        case _:
            apart = tuple(_elsewhere(account, n, rng) for n, account in enumerate(scenario.accounts))
            return _judged_together(replace(scenario, accounts=apart), rng, "venue")


def _elsewhere(account: AccountPlan, number: int, rng: random.Random) -> AccountPlan:
    """In the west mostly on the other side of the market: what one venue loses the other one wins."""
    west, side = number == 1 or (number > 1 and rng.random() < 0.5), rng.choice((1, -1, -1))
    if not west:
        return replace(account, venue="east")
    stakes = tuple(replace(stake, size=side * stake.size) for stake in account.stakes)
    return replace(account, venue="west", stakes=stakes)


def _judged_together(scenario: Scenario, rng: random.Random, scope: Wide) -> Scenario:
    """Half of the time by no loss of their own: what one account has lost then stops nobody."""
    alone = rng.random() < 0.5 and scenario.heat is None
    rules = tuple(rule for rule in scenario.rules if not (alone and rule.metric == "drawdown"))
    return replace(scenario, rules=(*rules, draw_together(rng, scope)))
