"""M36 drift_ks, drift_psi: how far a strategy's errors, or its returns, are from what they were before.

Formula: the sample of (now - W, now] against the one before it, as far as it is remembered: D of Kolmogorov
and Smirnov (`drift_ks`, a fraction), or the population stability index (`drift_psi`, a count, 0.25 is the
usual limit), each as far as chance does not explain it at 95 % (two_samples.py). The sample is
- without `of`, the residuals z = (vwap - predicted) / sigma of the signals that were filled
  (model_vs_fill.py);
- with `of`, one or more prefixes of client order ids, the return of each closing order that bears one: the
  P&L that the venue tells over the worth of what was closed.

Unit: fraction for `drift_ks`; unit: count for `drift_psi`. A mean that stays may hide a spread that grew;
these compare whole distributions. Unknown with fewer than 20 of either; AtLeast, in that it fires and does
not clear, while fills have no signal, closes no told P&L, or the window is not wholly known. 200 signals, and
500 fills of 25 hours, are remembered.
Source: metrics.md M36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

import numpy as np

from guardian.core.facts.activity import Fill
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.model_vs_fill import z_score
from guardian.core.metrics.signalled import Joined, joined, joined_at, joined_before, partly
from guardian.core.metrics.strategy_pnl import owned
from guardian.core.metrics.two_samples import Floats, ks_beyond_chance, stability_beyond_chance
from guardian.core.metrics.within import filled_at, gap, is_traded, start_of
from guardian.core.model import Measured, Unknown

LEAST = 20

Samples = tuple[list[float], list[float], str]
"""Before the window and in it; and why it is not all, "" if it is."""


def _residuals(view: View) -> Samples:
    rows, why = joined(view)
    return _scores(joined_before(view)), _scores(rows), why


def _scores(rows: Iterable[Joined]) -> list[float]:
    return [z for row in rows if (z := z_score(row.signal, row.average)) is not None]


def _returns(view: View) -> Samples:
    doings = view.account.doings
    if doings is None:
        return [], [], "no fills read yet"
    start, names, known = start_of(view), view.rule.of.split(","), view.account.policy.order_prefixes
    closes = (f for f in doings.fills if f.closed > 0 and is_traded(f))
    own = [f for f in closes if any(owned(f.client_id, name, known) for name in names)]
    told = [f for f in own if f.realised is not None]
    missing = gap(doings, doings.fills, start)
    silent = f"{len(own) - len(told)} of {len(own)} closing fills tell no P&L" if len(told) < len(own) else ""
    why = silent or (missing[0] if missing else "")
    before, after = ([f for f in told if (f.at > start) is late] for late in (False, True))
    return returns(before), returns(after), why


def returns(closes: Iterable[Fill]) -> list[float]:
    """Of each order; one that filled in parts is one."""
    orders: dict[str, list[Fill]] = {}
    for fill in closes:
        orders.setdefault(fill.order_id or fill.id, []).append(fill)
    return [_return(fills) for fills in orders.values()]


def _return(fills: list[Fill]) -> float:
    worth = sum(float(f.closed * f.contract_size) * _price(f) for f in fills)
    return sum(float(f.realised or 0) for f in fills) / worth


def _price(fill: Fill) -> float:
    """Of a contract in what it settles in, which is what its P&L is told in."""
    return 1 / float(fill.price) if fill.inverse else float(fill.price)


def _drift(beyond_chance: Callable[[Floats, Floats], float]) -> Callable[[View], Measured]:
    def measure(view: View) -> Measured:
        before, after, why = _returns(view) if view.rule.of else _residuals(view)
        if min(len(before), len(after)) < LEAST:
            return Unknown(f"{len(before)} before the window and {len(after)} in it, {LEAST} are needed")
        return partly(beyond_chance(np.array(before), np.array(after)), why)

    return measure


def drifted_at(view: View) -> datetime | None:
    """`Metric.aged`: returns need no telemetry."""
    return filled_at(view) if view.rule.of else joined_at(view)


OF = "the client order id prefix of a strategy"


def _metric(
    name: str, unit: Literal["fraction", "count"], beyond: Callable[[Floats, Floats], float]
) -> Metric:
    measure = _drift(beyond)
    return Metric(
        name, unit, "behaviour", ("sliding",), (), measure, aged=drifted_at, of=OF, of_optional=True
    )


KS = _metric("drift_ks", "fraction", ks_beyond_chance)
PSI = _metric("drift_psi", "count", stability_beyond_chance)
