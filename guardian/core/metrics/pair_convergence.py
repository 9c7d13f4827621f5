"""M07 pair_convergence: how many strategies lose unusually much at once, in one and the same pair.

Formula: of each pair the number of strategies with z = (DD - median) / (1.4826 MAD) > 3, DD what the strategy
has given back of its P&L in this pair within the last hour, over equity; median and MAD of the strategy's
own DD at the end of the hours of the last 30 days in which it held or traded the pair, MAD at least 0.1 %.
The pair with the most counts. Unit: count. Needs wallet, positions and an answer about fills.

Strategies are the prefixes of `bot.order_prefix`. Of several accounts (scope portfolio, mandate, venue) they
are those of all of them; an account that names fewer than two is one strategy, by the account's name, of all
that is traded there, over the account's own equity. A pair is a symbol, on whatever venue.

Two of them is what the idea of several strategies excludes: they were meant to lose at different times.
AtLeast while a strategy that is at work in the pair has fewer than 24 such hours, or its P&L of the hour is
not known (stakes.py), and while one of several accounts is not seen or its fills are not told: it counts as
it was last. Unknown with fewer than two strategies: nobody can be told apart.
Its family is forecast: it is statistics, the loss itself is `pair_drawdown`. Source: metrics.md M07.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from guardian.core.facts.stake import Stake
from guardian.core.metrics.group import GROUPS
from guardian.core.metrics.history import unpacked
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.metrics.remembered import by_identity
from guardian.core.metrics.stakes import (
    EVERYBODY,
    HISTORY_HOURS,
    MOST,
    PATIENCE,
    doubtful,
    strategies,
    symbols_of,
)
from guardian.core.metrics.strategy_pnl import outlying
from guardian.core.metrics.within import Gap, bounded
from guardian.core.model import Measured, Part, Unknown
from guardian.core.state import AccountState

OUTLIER = 3.0
LEAST_HOURS = 24
ONE_ALONE = "bot.order_prefix names fewer than two strategies"


class Looked(NamedTuple):
    """A strategy's stake in a pair, the name that it is called by, and when its account's fills were told."""

    stake: Stake
    name: str
    told_at: datetime


def measure(view: View) -> Measured:
    together = view.rule.scope in GROUPS
    accounts = view.others if together else (view.account,)
    if sum(len(strategies(account)) or together for account in accounts) < 2:
        return Unknown("one account alone is one strategy" if together else ONE_ALONE)
    if aged(view) is None:
        return Unknown("no fills read yet", warming=True)
    pairs: dict[str, list[Looked]] = {}
    for each in (each for account in accounts for each in _looked(view, account)):
        pairs.setdefault(each.stake.symbol, []).append(each)
    found = [_of_pair(stakes) for stakes in pairs.values()]
    gaps = [*(gap for _, gap in found), *(_untold(view, account) for account in accounts)]
    missing = min((gap for gap in gaps if gap), key=lambda gap: gap[1], default=None)
    return bounded(float(max((count for count, _ in found), default=0)), missing)


def aged(view: View) -> datetime | None:
    """`Metric.aged`: when fills were told last, of any of several accounts: who is behind hides nobody."""
    accounts = view.others if view.rule.scope in GROUPS else (view.account,)
    return max((at for at in map(_told_at, accounts) if at is not None), default=None)


def _told_at(account: AccountState) -> datetime | None:
    return account.doings.filled_at if account.doings is not None else None


def _looked(view: View, account: AccountState) -> Iterable[Looked]:
    """The stakes of its strategies: of a rule of one symbol, those in the symbols that it looks at."""
    told_at, names, own = _told_at(account), strategies(account), account.policy.name
    if told_at is None:
        return
    shown = symbols_of(account) if view.rule.scope == "symbol" else None
    for stake in account.course.stakes:
        mine = stake.name in names if names else stake.name == EVERYBODY
        if mine and (shown is None or stake.symbol in shown):
            name = f"{stake.name} of {own}" if view.rule.scope in GROUPS and names else stake.name or own
            yield Looked(stake, name, told_at)


def _untold(view: View, account: AccountState) -> Gap:
    """Why more of the account's strategies may lose unusually much than its stakes show."""
    name, told_at, apart = account.policy.name, _told_at(account), bool(strategies(account))
    if told_at is None:
        return f"no fills of {name} read yet", False
    if (view.now - told_at).total_seconds() > view.rule.stale_after_seconds:
        return f"fills of {name} were last told at {told_at:%H:%M:%S} UTC", False
    stakes = [stake for stake in account.course.stakes if bool(stake.name) is apart]
    if len(stakes) >= MOST:
        return f"more than {MOST} strategies in their pairs; the oldest are forgotten", False
    held = {p.symbol for p in account.evidence.positions if p.quantity} - {s.symbol for s in stakes}
    if held and not apart:
        return f"what {name} earned in {min(held)} within the hour is not known", False
    return None


def _of_pair(stakes: list[Looked]) -> tuple[int, Gap]:
    """How many of them fall unusually, and why it may be more."""
    count, missing = 0, None
    for stake, name, told_at in stakes:
        if doubtful(stake, told_at) or not _seen(stake, told_at):
            missing = f"what {name} earned in {stake.symbol} within the hour is not known", False
            continue
        sample = _sample(stake.hourly, told_at)
        if len(sample) >= LEAST_HOURS:
            count += outlying(stake.fell, sample) > OUTLIER
        elif stake.busy or stake.fell:
            missing = missing or (f"{name} has {len(sample)} of {LEAST_HOURS} hours of history", True)
    return count, missing


def _seen(stake: Stake, told_at: datetime) -> bool:
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
    aged=aged,
    scopes=(*TOGETHER, "symbol"),
    reads=("course",),
)
