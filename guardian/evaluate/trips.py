"""The arming report: how often each rule would have tripped on this history, before it may act.

The account is thought to hold one asset at a constant multiple of its equity, bar by bar, from the start of
each piece of history on. A *trip*: the value of a loss rule comes to be at or past a rung's limit, and that
rung has not tripped for 24 hours (declustered: one bad day is one trip). Trips a year = trips / years of
candles. Told are `drawdown` (sliding and from a peak), `daily_loss` and `daily_drawdown`; what candles of one
asset cannot tell is None. A rule of `SIZE` is about the multiple itself: past its limit always, or never.

CVaR: the mean of the worst 1 % of losses over 24 hours of the asset held at 1x (overlapping windows of the
candles' closes; Rockafellar & Uryasev with the fractional tail). A limit of CVaR then implies a size:
    gross exposure / equity = limit / CVaR of the asset at 1x
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from guardian.core.metrics import BY_NAME
from guardian.core.metrics.tails import conditional
from guardian.core.model import Rule, Rung, Window
from guardian.evaluate.bars import Floats, Instants
from guardian.evaluate.designs.coarse import too_coarse
from guardian.evaluate.designs.window import Window as Falling

Bools = NDArray[np.bool_]

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
LEVEL = 0.99
TOLD = ("drawdown", "daily_loss", "daily_drawdown")

SIZE: Mapping[str, Callable[[float], float]] = {
    "gross_exposure": float,
    "net_exposure": float,
    "leverage": float,
    "cluster_exposure": float,
    "concentration": lambda _: 1.0,
}
"""What an account with one holding reads, by its multiple of the equity."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One piece of history of one asset: closes, and when each was known."""

    known_ms: Instants
    close: Floats

    @property
    def step_ms(self) -> int:
        """How far two closes lie apart, as a rule; 0 with fewer than two."""
        return int(np.median(np.diff(self.known_ms))) if len(self.known_ms) > 1 else 0

    @property
    def years(self) -> float:
        if len(self.known_ms) < 2:
            return 0.0
        return float(self.known_ms[-1] - self.known_ms[0] + self.step_ms) / YEAR_MS


@dataclass(frozen=True, slots=True)
class Trips:
    """Trips a year of one rung, by multiple of the equity held; None where candles cannot tell.

    `always` says at which multiples it is past its limit from the first bar to the last, which is no trip.
    """

    rule: str
    level: str
    limit: float
    a_year: tuple[float | None, ...]
    to: float | None = None
    always: tuple[bool, ...] = ()


def trips(rules: Iterable[Rule], history: Sequence[Stretch], multiples: Sequence[float]) -> tuple[Trips, ...]:
    """Every rung of every rule of a loss or a size, in their order. Raises ValueError without a history."""
    years = sum(stretch.years for stretch in history)
    if not years:
        raise ValueError("no history")
    found = []
    for rule in rules:
        if rule.metric in SIZE:
            found += _of_its_size(rule, multiples)
        if BY_NAME[rule.metric].family != "loss":
            continue
        counts = [_counts(rule, history, multiple) for multiple in multiples]
        for i, rung in enumerate(rule.ladder):
            a_year = tuple(None if count is None else count[i] / years for count in counts)
            found.append(Trips(rule.id, rung.level.name, rung.limit, a_year, rung.to))
    return tuple(found)


def _of_its_size(rule: Rule, multiples: Sequence[float]) -> list[Trips]:
    if rule.scope not in ("account", "symbol") or rule.direction != "over":
        return []
    values = [SIZE[rule.metric](multiple) for multiple in multiples]
    never = (0.0,) * len(multiples)
    return [
        Trips(rule.id, rung.level.name, rung.limit, never, rung.to, tuple([v >= rung.limit for v in values]))
        for rung in rule.ladder
    ]


def _counts(rule: Rule, history: Sequence[Stretch], multiple: float) -> list[int] | None:
    """Trips of each rung; None where the rule's value does not follow from closes."""
    if rule.metric not in TOLD or rule.direction != "over" or rule.window.tz != "UTC":
        return None
    if rule.scope != "account":  # What other accounts lose beside this one is not known here.
        return None
    if any(too_coarse(rule, stretch.step_ms / 1000) for stretch in history):
        return None
    counts = [0] * len(rule.ladder)
    for stretch in history:
        equity = equity_of(stretch.close, multiple)
        values = losses(rule.window, stretch.known_ms, equity, from_peak=rule.metric != "daily_loss")
        for i, rung in enumerate(rule.ladder):
            counts[i] += declustered(stretch.known_ms, values >= rung.limit)
    return counts


def equity_of(close: Floats, multiple: float) -> Floats:
    """Equity from 1, held at this multiple; nothing is left once a bar has taken it all."""
    growth = np.ones(len(close))
    growth[1:] = np.maximum(0.0, 1.0 + multiple * (close[1:] / close[:-1] - 1.0))
    return np.asarray(np.cumprod(growth), float)


def losses(window: Window, known_ms: Instants, equity: Floats, from_peak: bool = True) -> Floats:
    """The value of a loss rule at every close; a day's is `from_peak` or from the day's open."""
    if window.kind == "session":
        return _fallen(equity, _tops_of_days(known_ms, equity, from_peak))
    if window.seconds is None:
        return _fallen(equity, np.maximum.accumulate(equity))
    falling = Falling(int(window.seconds * 1000))
    return np.array([falling.fallen(int(at), float(e)) for at, e in zip(known_ms, equity, strict=True)])


def _tops_of_days(known_ms: Instants, equity: Floats, from_peak: bool) -> Floats:
    """What each close has fallen from: its day's open, or the highest of that day so far."""
    days = (known_ms - 1) // DAY_MS  # a bar that ends at midnight belongs to the day that ends
    first = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    opens = np.where(first > 0, equity[np.maximum(first - 1, 0)], equity[first])
    tops = np.repeat(opens, np.diff(np.append(first, len(equity))))
    if from_peak:
        for begins, ends in pairwise((*first, len(equity))):
            tops[begins:ends] = np.maximum.accumulate(np.maximum(tops[begins:ends], equity[begins:ends]))
    return tops


def _fallen(equity: Floats, top: Floats) -> Floats:
    return np.maximum(0.0, 1.0 - np.divide(equity, top, out=np.ones_like(equity), where=top > 0))


def declustered(known_ms: Instants, past: Bools) -> int:
    """How many times it comes to be past, a day after the last time that counted at the earliest."""
    count, free_ms = 0, 0
    comes = past & ~np.concatenate([[False], past[:-1]])
    for at in known_ms[comes]:
        if at >= free_ms:
            count, free_ms = count + 1, at + DAY_MS
    return count


# --- what a CVaR limit means ------------------------------------------------------------------------


def daily_cvar(history: Sequence[Stretch]) -> float | None:
    """CVaR 99 % of a day at 1x, as a positive fraction; None with less than a day of history."""
    found = [_day_losses(stretch) for stretch in history]
    every = np.concatenate([np.zeros(0), *found])
    return float(conditional(every, LEVEL)) if len(every) else None


def _day_losses(stretch: Stretch) -> Floats:
    """The loss of every 24 hours that end at a close."""
    then = np.searchsorted(stretch.known_ms, stretch.known_ms - DAY_MS, side="right") - 1
    ends = np.flatnonzero(then >= 0)
    return 1.0 - stretch.close[ends] / stretch.close[then[ends]]


def gross_for(limit: float, cvar: float) -> float | None:
    """The multiple of the equity at which a holding of this asset has a CVaR equal to the limit.

    None where even the worst days gained: such a history says nothing of size.
    """
    return limit / cvar if cvar > 0 else None


def cvar_rungs(rules: Iterable[Rule]) -> tuple[tuple[Rule, Rung], ...]:
    """Every rung of every rule that bounds CVaR from above, with its rule, in the order of the rules."""
    bounds = (rule for rule in rules if rule.metric == "cvar" and rule.direction == "over")
    return tuple((rule, rung) for rule in bounds for rung in rule.ladder)
