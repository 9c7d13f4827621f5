"""One seed draws everything. Swarm testing: first which faults exist at all, then when each of them strikes.

Source: swarm testing (Groce et al., ISSTA 2012), as TigerBeetle's simulator applies it.
"""

from __future__ import annotations

import random
from dataclasses import replace

from guardian.sim.scenario.catalogue import BY_NAME, FAULTS, Fault
from guardian.sim.scenario.packs import draw_rules
from guardian.sim.scenario.rare import given_back, rearming, tried, wider
from guardian.sim.scenario.several import coined, several
from guardian.sim.scenario.shapes import (
    AccountPlan,
    Act,
    BotPlan,
    FaultPlan,
    MarketPlan,
    Scenario,
    Stake,
)

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
INSTANT = frozenset({"crash", "crash-at-event", "leg-liquidated", "leg-deleveraged", "key-already-deleted"})
SHARED = frozenset(
    {"crash", "crash-at-event", "clock-jump", "clock-drift", "fsync-error", "fsync-hung", "disk-full"}
)

QUIET_READS = 4


def draw(seed: int) -> Scenario:
    """The same seed always gives the same scenario."""
    rng = random.Random(f"guardian {seed}")
    count = rng.choices((1, 2, 3, 4), (62, 24, 9, 5))[0]
    hedged_across = count > 1 and rng.random() < 0.25
    accounts = tuple(_account(rng, number, hedged_across) for number in range(count))
    market = _market(rng, max(account.poll_seconds for account in accounts))
    heals = market.moves_at + market.seconds + _weather(rng)
    scenario = Scenario(
        seed=seed,
        accounts=accounts,
        market=market,
        rules=draw_rules(rng),
        faults=_faults(rng, accounts, market, heals),
        acts=_acts(rng, accounts, market),
        heals_at=heals,
    )
    scenario = rearming(scenario, random.Random(f"guardian heat calm {seed}"))
    scenario = tried(scenario, random.Random(f"guardian trial {seed}"))
    scenario = wider(scenario, random.Random(f"guardian scope {seed}"))
    scenario = _unfenced(scenario, random.Random(f"guardian fence {seed}"))
    scenario = several(scenario, random.Random(f"guardian strategies {seed}"))
    scenario = coined(scenario, random.Random(f"guardian coins {seed}"))
    return given_back(scenario, random.Random(f"guardian back {seed}"))


def _unfenced(scenario: Scenario, rng: random.Random) -> Scenario:
    """No fence for long: only then do two flat reads fit between two tries of it. Drawn apart, too."""
    down = [plan for plan in scenario.faults if plan.name == "admin-down"]
    ends = {plan: round(plan.at + rng.uniform(12.0, 20.0), 2) for plan in down}
    faults = tuple(replace(plan, until=ends.get(plan, plan.until)) for plan in scenario.faults)
    return replace(scenario, faults=faults, heals_at=max(scenario.heals_at, *ends.values(), 0.0))


def _account(rng: random.Random, number: int, hedged_across: bool) -> AccountPlan:
    """The second of two hedged accounts holds the other side of the first one's leg."""
    name = f"a{number + 1}"
    venue = "east" if not hedged_across or number % 2 == 0 else "west"
    if hedged_across and number < 2:
        side = 1 if number == 0 else -1
        stakes: tuple[Stake, ...] = (Stake("BTCUSDT", 1.5 * side, protected=rng.random() < 0.5),)
    else:
        stakes = _stakes(rng)
    quiet = rng.random() < 0.45
    return AccountPlan(
        name=name,
        venue=venue,
        stakes=stakes,
        bot=BotPlan() if quiet else _bot(rng),
        hedge=rng.random() < 0.3,
        dust=rng.random() < 0.15,
        big=rng.random() < 0.15,
        spot=rng.choice((0.0, 0.0, 0.0, 0.2)),
        armed=rng.random() < 0.88,
        hands=rng.random() < 0.95,
        admin=rng.random() < 0.9,
        halt=rng.random() < 0.7,
        named_keys=rng.random() < 0.7,
        hold_at_boot=rng.random() < 0.3,
        poll_seconds=rng.choice((1.0, 2.0, 2.0)),
    )


def _stakes(rng: random.Random) -> tuple[Stake, ...]:
    """Mostly long, so that a fall of the market hurts; now and then a short or a coin-margined leg."""
    chosen = rng.sample(SYMBOLS, rng.choices((1, 2, 3), (30, 40, 30))[0])
    stakes = []
    for number, symbol in enumerate(chosen):
        side = -1 if number and rng.random() < 0.3 else 1
        size = side * rng.uniform(0.3, 1.2)
        stakes.append(Stake(symbol, round(size, 3), rng.random() < 0.7, rng.random() < 0.4))
    if rng.random() < 0.15:
        stakes.append(Stake("BTCUSD", round(rng.uniform(0.2, 0.6), 3), rng.random() < 0.5))
    return tuple(stakes)


def _bot(rng: random.Random) -> BotPlan:
    style = rng.choice(("fighting", "runaway", "reopening", "deaf"))
    every = {"reopening": 0.2, "fighting": 1.0, "runaway": 1.0, "deaf": 3.0}[style]
    starts = 0.0 if style in ("reopening", "fighting") else rng.uniform(5.0, 20.0)
    return BotPlan(style, every, round(rng.uniform(0.02, 0.2), 3), round(starts, 2))  # type: ignore[arg-type]


def _weather(rng: random.Random) -> float:
    """Seconds from the end of the move until all heals: mostly few, now and then enough for slow harm."""
    return rng.uniform(3.0, 7.0) if rng.random() < 0.7 else rng.uniform(7.0, 20.0)


def _market(rng: random.Random, slowest: float) -> MarketPlan:
    """It moves once the slowest account has read often enough to know where a loss begins."""
    factor = rng.choices(
        (
            1.0,
            rng.uniform(0.975, 0.99),
            rng.uniform(0.93, 0.975),
            rng.uniform(0.75, 0.93),
            rng.uniform(1.02, 1.2),
        ),
        (8, 14, 34, 36, 8),
    )[0]
    return MarketPlan(
        moves_at=round(slowest * QUIET_READS + rng.uniform(0.8, 2.4), 2),
        factor=round(factor, 4),
        seconds=round(rng.choice((0.5, 2.0, rng.uniform(2.0, 12.0))), 2),
        rebounds=rng.random() < 0.2,
    )


def _acts(rng: random.Random, accounts: tuple[AccountPlan, ...], market: MarketPlan) -> tuple[Act, ...]:
    acts = []
    for account in accounts:
        at = round(rng.uniform(3.0, market.moves_at + market.seconds + 8.0), 2)
        chosen = rng.random()
        if chosen < 0.08:
            acts.append(Act(at, rng.choice(("flatten", "lockout")), account.name))
        elif chosen < 0.14:
            acts.append(Act(at, rng.choice(("disarm", "arm")), account.name, 10.0))
        elif chosen < 0.18:
            acts.append(Act(at + 12.0, "resume", account.name))
        elif chosen < 0.38:
            kind = rng.choice(("deposit", "withdraw", "transfer"))
            size = round(rng.uniform(0.05, 0.4), 3)
            acts.append(Act(at, kind, account.name, size))  # type: ignore[arg-type]
    return tuple(acts)


def _faults(
    rng: random.Random, accounts: tuple[AccountPlan, ...], market: MarketPlan, heals: float
) -> tuple[FaultPlan, ...]:
    """None in one incident of twelve; else a handful, each with its own window."""
    if rng.random() < 0.08:
        return ()
    count = rng.choices((1, 2, 3, 5, 8), (15, 20, 25, 25, 15))[0]
    names = [fault.name for fault in FAULTS]
    weights = [fault.weight for fault in FAULTS]
    chosen = dict.fromkeys(rng.choices(names, weights, k=count))
    return tuple(_fault(rng, BY_NAME[name], accounts, market, heals) for name in chosen)


def _fault(
    rng: random.Random, fault: Fault, accounts: tuple[AccountPlan, ...], market: MarketPlan, heals: float
) -> FaultPlan:
    """Most strike around the crash, where it hurts; some from the start, some late."""
    around = (market.moves_at - 2.0, market.moves_at + market.seconds + 4.0)
    at = rng.uniform(*around) if rng.random() < 0.75 else rng.uniform(0.0, max(1.0, heals - 1.0))
    at = round(min(max(at, 0.0), heals - 0.5), 2)
    until = heals if fault.name in INSTANT else min(heals, at + rng.uniform(*fault.seconds))
    one = fault.name not in SHARED and (fault.name in INSTANT or rng.random() < 0.5)
    return FaultPlan(
        name=fault.name,
        at=at,
        until=round(until, 2),
        rate=round(rng.uniform(*fault.rate), 2),
        account=rng.choice(accounts).name if one else "",
        size=round(rng.uniform(*fault.size), 3),
        salt=rng.randrange(1_000_000),
    )
