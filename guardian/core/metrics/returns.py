"""What the assets' prices did, learned once each five-minute cell: M17 variances, M19 and M20's memories.

The grid, its marks and its returns are those of correlation.py: a return is known when its cell is over and
enters nothing before, and whatever is compared with it was known before it. Per asset and half-life
    S <- 2^(-elapsed/halflife) S + (1 - 2^(-span/halflife)) r^2 / span      W likewise with 1
and the variance of a cell is S / W: pandas' ewm of r^2 with adjust=True, while no cell is missing.
At the end of an hour the hour's return over the sigma expected of it (half-life of a day, as of its start)
enters the packed history that CVaR resamples. A price that was not seen in the hour's last cell ends no hour.

Bound: `MAXIMUM_ASSETS`, those followed now first, then those learned from last; 1,500 hours each.
Source: RiskMetrics 1996; metrics.md M14, M17.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite, log, sqrt
from operator import attrgetter

from guardian.core.frozen import replace
from guardian.core.memory import AssetReturns, Correlations, Faded, Followed, Returns
from guardian.core.metrics.correlation import (
    QUIET_RETURN,
    STEPS_TO_KNOW,
    closing_returns,
    fast_rhos,
    slow_rhos,
)
from guardian.core.metrics.correlation import rhos as rhos
from guardian.core.metrics.following import CELLS_A_DAY as CELLS_A_DAY
from guardian.core.metrics.following import GRID_SECONDS, MAXIMUM_ASSETS, cell_of, clustered, settled
from guardian.core.metrics.history import appended
from guardian.core.metrics.pairs import MIDDLE
from guardian.core.metrics.turbulence import unusual

CELLS_AN_HOUR = 3600 // GRID_SECONDS
HOUR, DAY, THREE_DAYS, WEEK, FORTNIGHT = range(5)
HALF_LIVES = (CELLS_AN_HOUR, CELLS_A_DAY, 3 * CELLS_A_DAY, 7 * CELLS_A_DAY, 14 * CELLS_A_DAY)
"""In cells, in the order of `AssetReturns.squares`."""

TURBULENCE_CELLS = CELLS_AN_HOUR / 2
STEPS_TO_COMPARE = CELLS_A_DAY
"""How many steps give covariances, and a normal of them; a sigma, and its normal, take `STEPS_TO_KNOW`."""

_NAME = attrgetter("asset")

LEAST_APART = 0.05
"""A mean correlation that has hardly moved yet is no normal: less than this deviation is not believed."""


def fold_returns(
    known: Returns | None, before: Correlations | None, after: Correlations | None
) -> Returns | None:
    """What is known once the cell that `before` was filling is over; nothing changes within a cell."""
    if before is None or after is None or after.grid <= before.grid:
        return known
    known, before = known or Returns(before.grid), settled(before)
    step = closing_returns(before)
    if not step:
        # Nothing moved that was seen: how old the rest is must show. Only an hour may have ended.
        return replace(known, assets=_assets(known, before, step))
    own = by_name(known)
    elapsed = max(1, before.grid - known.grid)
    d = unusual(_standing_out(_shown(step, before), own), rhos(before.moments, MIDDLE))
    return Returns(
        before.grid,
        _assets(known, before, step),
        known.turbulence if d is None else faded(known.turbulence, d, elapsed, 1, TURBULENCE_CELLS),
        *_shifted(known, after, elapsed),
    )


def faded(old: Faded, value: float, elapsed: float, span: float, half_life: float) -> Faded:
    """The old times what is left of it, and a step of `span` at its own weight; all in the same unit."""
    kept, added = _weights(elapsed, span, half_life)
    return kept * old[0] + added * value, kept * old[1] + added


@lru_cache(maxsize=256)
def _weights(elapsed: float, span: float, half_life: float) -> tuple[float, float]:
    """The same for all assets, and in almost every cell: powers take longer than everything else here."""
    return 2 ** (-elapsed / half_life), 1 - 2 ** (-span / half_life)


@lru_cache(maxsize=64)
def weight_after(steps: float, half_life: float) -> float:
    """The weight of so many steps; half a step less, for sums of floats."""
    return float(1 - 2 ** (-(steps - 0.5) / half_life))


def variance(asset: AssetReturns, which: int, steps: int = STEPS_TO_KNOW) -> float | None:
    """Of one cell's return; None before so many steps (or two half-lives), and where it hardly moves."""
    if not asset.squares:
        return None
    square, weight = asset.squares[which]
    half_life = HALF_LIVES[which]
    if weight < weight_after(min(steps, 2 * half_life), half_life):
        return None
    found = square / weight
    return found if found > QUIET_RETURN**2 else None


def by_name(known: Returns | None) -> dict[str, AssetReturns]:
    return {asset.asset: asset for asset in known.assets} if known else {}


# --- one asset ----------------------------------------------------------------------------------------


def _assets(
    known: Returns, before: Correlations, step: Mapping[str, tuple[float, int]]
) -> tuple[AssetReturns, ...]:
    own = by_name(known)
    assets = [_closed(own.get(f.asset), f, step.get(f.asset), before.grid) for f in before.followed]
    return _bounded(assets, own)


def _closed(
    own: AssetReturns | None, price: Followed, step: tuple[float, int] | None, grid: int
) -> AssetReturns:
    own = own or AssetReturns(price.asset, ((0.0, 0.0),) * len(HALF_LIVES))
    if step is not None:
        value, span = step
        elapsed = grid - own.grid if own.grid else span
        square = value * value / span
        squares = tuple(
            [
                faded(old, square, elapsed, span, half_life)
                for old, half_life in zip(own.squares, HALF_LIVES, strict=True)
            ]
        )
        own = replace(own, squares=squares, grid=grid)
    seen = cell_of(price.seen_at) == grid
    return _hour_over(own, price, grid // CELLS_AN_HOUR) if seen and _ends_hour(grid) else own


def _ends_hour(grid: int) -> bool:
    return (grid + 1) % CELLS_AN_HOUR == 0


def _hour_over(own: AssetReturns, price: Followed, hour: int) -> AssetReturns:
    """The hour's return, if its beginning was seen at the same symbol and a sigma was expected of it."""
    history = own.history
    if own.hour == hour - 1 and own.symbol == price.symbol and own.hour_sigma > 0:
        standard = (log(price.mark) - log(own.hour_mark)) / own.hour_sigma
        if isfinite(standard):
            history = appended(history, hour, standard)
    expected = variance(own, DAY)
    sigma = sqrt(CELLS_AN_HOUR * expected) if expected else 0.0
    seen = replace(own, symbol=price.symbol, hour=hour, hour_mark=price.mark)
    return replace(seen, hour_sigma=sigma, history=history)


def _bounded(assets: list[AssetReturns], before: Mapping[str, AssetReturns]) -> tuple[AssetReturns, ...]:
    """What is not followed any more keeps its history while there is room: it may be held again."""
    names = {asset.asset for asset in assets}
    rest = sorted([a for name, a in before.items() if name not in names], key=lambda a: (-a.grid, a.asset))
    return tuple(sorted([*assets, *rest][:MAXIMUM_ASSETS], key=_NAME))


# --- all of them together -----------------------------------------------------------------------------


def _shown(step: Mapping[str, tuple[float, int]], before: Correlations) -> Mapping[str, tuple[float, int]]:
    """What the reads themselves showed; while no position is held, what was held of late counts as well."""
    if not before.clusters:
        return step
    quoted = {f.asset for f in before.followed if f.held_at is not None and f.held_at < f.seen_at}
    return {asset: found for asset, found in step.items() if asset not in quoted}


def _standing_out(
    step: Mapping[str, tuple[float, int]], own: Mapping[str, AssetReturns]
) -> dict[str, tuple[float, float]]:
    """By asset its return as of one cell, and the sigma of a cell as it was known before."""
    found = {}
    for asset, (value, span) in sorted(step.items()):
        known = variance(own[asset], THREE_DAYS, STEPS_TO_COMPARE) if asset in own else None
        if known is not None:
            found[asset] = (value / sqrt(span), sqrt(known))
    return found


def _shifted(known: Returns, after: Correlations, elapsed: int) -> tuple[Faded, float | None]:
    """How far the mean correlation of a day is above that of 14 days, in standard deviations of before."""
    held, fast, slow = clustered(after), fast_rhos(after.moments), slow_rhos(after.moments)
    # In the order of the alphabet, as `rhos` gives them: a sum of floats depends on it.
    both = [rho - slow[ab] for ab, rho in fast.items() if ab in slow and ab[0] in held and ab[1] in held]
    if not both:
        return known.apart, None
    difference = sum(both) / len(both)
    square, weight = known.apart
    apart = faded(known.apart, difference * difference, elapsed, 1, HALF_LIVES[FORTNIGHT])
    if weight < weight_after(STEPS_TO_COMPARE, HALF_LIVES[FORTNIGHT]):
        return apart, None
    return apart, difference / max(sqrt(square / weight), LEAST_APART)
