"""M17 range_volatility: the worst single holding's volatility, from highs and lows, a day, over equity.

Formula: the largest over held assets of |n_a| sigma_a / E, n_a the signed notional as in `gross_exposure`,
sigma_a that of a day of 288 bars of the window, by the estimator that `of` names (ranges.py): `yang-zhang`,
which counts drift and gaps between bars and is taken without `of`, `garman-klass` or `parkinson`. What goes
up and comes back within five minutes is in none of the other volatilities. Nothing is netted: assets that
hedge each other are each judged alone.

Unit: fraction of equity a day. Needs wallet and positions; windows from an hour to a day. Nothing held: 0.
Unknown (warming) until an asset has nine bars, and once none was seen for 15 minutes. AtLeast while assets
over 1 % of gross exposure together have fewer, while under 90 % of the window were seen, while bars have
fewer than 30 reads on average (a range of few marks comes out too small; Yang and Zhang's of one read each,
as in a replay of bars, is none and right), and while the equity is disputed.
A forecast. Source: Parkinson 1980; Garman & Klass 1980; Yang & Zhang 2000; metrics.md M17.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from guardian.core.frozen import dataclass
from guardian.core.metrics.bars import Series, series_of, within
from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.following import CELLS_A_DAY
from guardian.core.metrics.holdings import large
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.ranges import Floats, garman_klass, parkinson, yang_zhang
from guardian.core.metrics.realised_volatility import NEEDS, READS, SPANS
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.repriced import exposures
from guardian.core.metrics.window_gains import (
    FRESH_CELLS,
    LEAST_RETURNS,
    last_closed,
    told,
    too_few,
    wanted_cells,
)
from guardian.core.model import Known, Measured, Unknown

YANG_ZHANG = "yang-zhang"
ESTIMATORS: dict[str, Callable[[Floats, Floats, Floats, Floats], float]] = {
    YANG_ZHANG: yang_zhang,
    "garman-klass": garman_klass,
    "parkinson": parkinson,
}
ENOUGH_READS = 30
ONE_READ = 1.5


@dataclass(frozen=True, slots=True)
class Ranged:
    """One asset's sigma of a day; how many bars it is of, the last of them, and how often they were read."""

    sigma: float
    bars: int
    last: int
    reads: float


def measure(view: View) -> Measured:
    account, name = view.account, view.rule.of or YANG_ZHANG
    if name not in ESTIMATORS:
        return Unknown(f"there is no estimator {name}")
    names, worth = exposures(account)
    amounts = {asset: abs(float(n)) for asset, n in zip(names, worth, strict=True) if n}
    if not amounts:
        return Known(0.0)
    last, wanted = last_closed(view.now), wanted_cells(view)
    held = series_of(account.bars, amounts, last)
    found = _ranged(f"{account.policy.name} {wanted} {name}", held, last, wanted, name)
    fresh = {asset: own for asset, own in found.items() if own.last > last - FRESH_CELLS}
    if found and not fresh:
        return Unknown("no bar has been seen for 15 minutes")
    if not fresh:
        return Unknown(f"no asset has {LEAST_RETURNS} five-minute bars yet", warming=True)
    worst = max(amounts[asset] * own.sigma for asset, own in fresh.items())
    unmeasured = large([asset for asset in amounts if asset not in fresh], amounts)
    return told(multiple(account, worst), _why_few(fresh, wanted, name), unmeasured)


def _why_few(found: dict[str, Ranged], wanted: int, name: str) -> str:
    bars, reads = min(own.bars for own in found.values()), min(own.reads for own in found.values())
    if reads < ENOUGH_READS and not (name == YANG_ZHANG and reads < ONE_READ):
        return f"{reads:.0f} reads a bar, of {ENOUGH_READS} that show a range"
    return too_few(bars, wanted)


@newest_of
def _ranged(owner: str, held: Series, last: int, wanted: int, name: str) -> dict[str, Ranged]:
    """Of each asset that has enough bars."""
    found = {}
    for asset, packed in held:
        bars = within(packed, last, wanted)
        if len(bars) >= LEAST_RETURNS:
            parts = [bars[part].astype(np.float64) for part in ("open", "high", "low", "close")]
            sigma = sqrt(ESTIMATORS[name](*parts) * CELLS_A_DAY)
            found[asset] = Ranged(sigma, len(bars), int(bars["cell"][-1]), float(bars["reads"].mean()))
    return found


METRIC = Metric(
    "range_volatility",
    "fraction",
    "forecast",
    ("sliding",),
    NEEDS,
    measure,
    of="an estimator",
    of_optional=True,
    reads=READS,
    choices=tuple(ESTIMATORS),
    spans=SPANS,
)
