"""One snapshot through the whole core with twenty rules of M01 to M13, beside a bare loop; and many accounts.

The bare loop reads, for each rule, the same numbers of the same snapshot and compares them with the same
limit. It keeps nothing: no peak, no hold, no age, no verdict, no level, and cannot be replayed.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from guardian.bench.metrics.market import START, Market, snapshot
from guardian.bench.metrics.stopwatch import alternately, once
from guardian.bench.metrics.streaming import HOUR, policy, rule
from guardian.core.engine import step
from guardian.core.events import Configured, SnapshotTaken
from guardian.core.model import Rule, Snapshot, Window
from guardian.core.state import State

FIFTEEN, DAY, HWM, ANY = Window("sliding", 900.0), Window("session"), Window("hwm"), Window()
TEN = tuple((window, limit) for window in (FIFTEEN, HOUR, HWM) for limit in (0.6, 0.7, 0.8))

RULES: tuple[Rule, ...] = (
    *(rule(f"drawdown-{i}", "drawdown", window, limit) for i, (window, limit) in enumerate(TEN)),
    rule("daily-loss", "daily_loss", DAY),
    rule("realised-loss", "realised_loss", DAY),
    rule("loss-velocity", "loss_velocity", Window("sliding", 300.0)),
    rule("losing-streak", "losing_streak", ANY, 100.0),
    rule("gross", "gross_exposure", ANY, 1e5),
    rule("net", "net_exposure", ANY, 1e5),
    rule("leverage", "leverage", ANY, 1e5),
    rule("margin-ratio", "margin_ratio", ANY),
    rule("concentration", "concentration", ANY),
    rule("utilisation", "capital_utilisation", HOUR),
    rule("liquidation", "liquidation_distance", ANY, 1e-6, under=True),
)
WARM_READS = 8


def bare(seen: Snapshot) -> int:
    """How many of the rules' limits the read is past."""
    positions, wallet = seen.positions or (), seen.wallet
    assert wallet is not None
    past = 0
    for own in RULES:
        value: Decimal = wallet.maintenance_margin
        if own.window.kind != "none":
            value = wallet.equity + sum(p.quantity * (p.mark - p.entry) for p in positions)
        elif own.metric != "margin_ratio":
            value = sum((abs(p.quantity * p.mark) for p in positions), Decimal(0))
        past += float(value / wallet.equity) >= own.ladder[0].limit
    return past


def warmed(market: Market, count: int) -> State:
    """So many accounts, each with the reads after which every loss is known."""
    names = [f"account-{i:04d}" for i in range(count)]
    policies = tuple(policy(name) for name in names)
    state, _ = step(State(), Configured(START, "bench", "hash", policies, RULES))
    for second in range(WARM_READS):
        for name in names:
            state, _ = step(state, event_of(market, name, second))
    return state


def event_of(market: Market, name: str, second: int) -> SnapshotTaken:
    """What one account's read shows at one second; all show the same, each as an object of its own."""
    at = market.first_tick + timedelta(seconds=second)
    seen = snapshot(market, market.marks[second % len(market.marks)], at, 100.0)
    return SnapshotTaken(at, Snapshot(name, at, seen.wallet, seen.positions, seen.orders, seen.ledger))


def timed(market: Market, repeat: int, rounds: int = 50) -> dict[str, Any]:
    """Microseconds of one event in the core, of the bare loop, and their ratio."""
    start = warmed(market, 1)
    events = [event_of(market, "account-0000", WARM_READS + i) for i in range(rounds)]

    def through() -> None:
        state = start
        for event in events:
            state, _ = step(state, event)

    def loop() -> None:
        for event in events:
            bare(event.snapshot)

    found = alternately({"core": lambda: once(through) / rounds, "bare": lambda: once(loop) / rounds}, repeat)
    return {
        "rules": len(RULES),
        "core_us": round(found["core"], 1),
        "bare_us": round(found["bare"], 1),
        "ratio": round(found["core"] / found["bare"], 1),
    }


def accounts(market: Market, counts: tuple[int, ...], repeat: int, reads: int = 3) -> list[dict[str, Any]]:
    """Microseconds of one account's event when so many accounts are watched at once."""
    states = {count: warmed(market, count) for count in counts}

    def cost(count: int) -> float:
        # Few reads of many accounts are as many events as many reads of few.
        turns = max(reads, 60 // count)
        events = [
            event_of(market, account.policy.name, WARM_READS + i)
            for i in range(turns)
            for account in states[count].accounts
        ]
        state = states[count]

        def through() -> None:
            nonlocal state
            for event in events:
                state, _ = step(state, event)

        return once(through) / len(events)

    sides = {str(count): partial(cost, count) for count in counts}
    return [{"n": int(n), "us_per_account": round(us, 1)} for n, us in alternately(sides, repeat).items()]
