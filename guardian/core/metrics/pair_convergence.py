"""M07 pair_convergence: how many strategies lose unusually much at once, in one and the same pair.

Formula: of each pair the number of strategies with z = (DD - median) / (1.4826 MAD) > 3, DD what the strategy
has given back of its P&L in this pair within the last hour, over equity; median and MAD of the strategy's
own DD at the end of the hours of the last 30 days in which it held or traded the pair, MAD at least 0.1 %.
The pair with the most counts. Strategies are the prefixes of `bot.order_prefix`. Unit: count. Needs wallet,
positions and an answer about fills.

Two of them is what the idea of several strategies excludes: they were meant to lose at different times.
AtLeast while a strategy that is at work in the pair has fewer than 24 such hours, or its P&L of the hour is
not known (stakes.py). Unknown with fewer than two prefixes: nobody can be told apart.
Its family is forecast: it is statistics, the loss itself is `pair_drawdown`. Source: metrics.md M07.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from guardian.core.facts.stake import Stake
from guardian.core.metrics.history import unpacked
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.stakes import MOST, PATIENCE, doubtful, strategies, symbols_of
from guardian.core.metrics.strategy_pnl import outlying
from guardian.core.metrics.within import Gap, bounded, filled_at
from guardian.core.model import Measured, Part, Unknown

OUTLIER = 3.0
LEAST_HOURS = 24
HISTORY_HOURS = 30 * 24


def measure(view: View) -> Measured:
    doings, names = view.account.doings, strategies(view.account)
    if len(names) < 2:
        return Unknown("bot.order_prefix names fewer than two strategies")
    if doings is None or doings.filled_at is None:
        return Unknown("no fills read yet", warming=True)
    pairs: dict[str, list[Stake]] = {}
    for stake in named(view):
        if stake.name in names:
            pairs.setdefault(stake.symbol, []).append(stake)
    found = [_of_pair(stakes, doings.filled_at) for stakes in pairs.values()]
    missing = min((gap for _, gap in found if gap), key=lambda gap: gap[1], default=None)
    if sum(bool(s.name) for s in view.account.course.stakes) >= MOST:
        missing = f"more than {MOST} strategies in their pairs; the oldest are forgotten", False
    return bounded(float(max((count for count, _ in found), default=0)), missing)


def named(view: View) -> Iterable[Stake]:
    """The stakes of strategies: of a rule of one symbol, those in the symbols that it looks at."""
    stakes = (s for s in view.account.course.stakes if s.name)
    if view.rule.scope != "symbol":
        return stakes
    shown = symbols_of(view.account)
    return (s for s in stakes if s.symbol in shown)


def _of_pair(stakes: list[Stake], told_at: datetime) -> tuple[int, Gap]:
    """How many of them fall unusually, and why it may be more."""
    count, missing = 0, None
    for stake in stakes:
        if doubtful(stake, told_at) or not _looked_at(stake, told_at):
            missing = f"what {stake.name} earned in {stake.symbol} within the hour is not known", False
            continue
        sample = _sample(stake.hourly, told_at)
        if len(sample) >= LEAST_HOURS:
            count += outlying(stake.fell, sample) > OUTLIER
        elif stake.busy or stake.fell:
            missing = missing or (f"{stake.name} has {len(sample)} of {LEAST_HOURS} hours of history", True)
    return count, missing


def _looked_at(stake: Stake, told_at: datetime) -> bool:
    """What holds nothing need not be looked at anew."""
    return stake.seen_at is not None and (told_at - stake.seen_at <= PATIENCE or not stake.quantity)


def _sample(hourly: str, now: datetime) -> list[float]:
    oldest = int(now.timestamp() // 3600) - HISTORY_HOURS
    hours, values = _series(hourly)
    return [value for hour, value in zip(hours, values, strict=True) if hour >= oldest]


@by_identity
def _series(hourly: str) -> tuple[list[int], list[float]]:
    hours, values = unpacked(hourly)
    return hours.tolist(), values.tolist()


METRIC = Metric(
    "pair_convergence",
    "count",
    "forecast",
    ("none",),
    (Part.WALLET, Part.POSITIONS),
    measure,
    aged=filled_at,
    scopes=("account", "symbol"),
    reads=("course",),
)
