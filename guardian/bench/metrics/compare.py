"""Four metrics a tick of an account with twenty assets: guardian's folds beside computing them anew.

Exactness comes first: at sampled ticks guardian's value must equal both recomputations to `EXACT` (relative),
else the comparison is refused, for nobody is interested in how fast a wrong number is.

The cadence is that of life: a read a second for an hour. One in 300 ends a cell of five minutes, from which
returns, correlations, clusters and simulated days are learned, and one in 3,600 an hour; the mean of all of
them is a tick. What a read that ends a cell takes is told as well. Recomputing takes as long at every tick:
all NAVs and all cells, as of the last one. Guardian's side reads marks and quantities as decimals from
snapshots, the other has them as arrays of floats; no side judges anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guardian.bench.metrics import recompute, streaming
from guardian.bench.metrics.market import Market, Sizes, made, ticks
from guardian.bench.metrics.stopwatch import alternately, once
from guardian.core.memory import Nav
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.model import Snapshot
from guardian.core.state import AccountState
from guardian.errors import GuardianError

EXACT = 1e-12
MISSING = "pandas and empyrical are not installed: pip install 'guardian-sidecar[bench]'"
SAMPLES = 8


def timed(market: Market, account: AccountState, repeat: int) -> dict[str, Any]:
    """Microseconds of one tick on each side, their ratios, and how exact guardian was."""
    brought = ticks(market)
    pandas = _pandas()
    found = _exact(market, account, pandas)
    count, last = len(brought), len(brought) - 1

    def stream() -> None:
        state = account
        for seen, nav in brought:
            state = streaming.ticked(state, seen, nav)
            streaming.measured(state, seen.asked_at)

    ends = _ends_of_cells(account, brought)

    def close() -> None:
        for state, (seen, nav) in ends:
            streaming.measured(streaming.ticked(state, seen, nav), seen.asked_at)

    sides: dict[str, Callable[[], float]] = {
        "guardian": lambda: once(stream) / count,
        "cell": lambda: once(close) / len(ends),
        "numpy": lambda: once(lambda: recompute.with_numpy(market, last)),
    }
    if pandas is not None:
        sides["pandas"] = lambda: once(lambda: pandas.as_written(market, last))
        sides["pandas_exact"] = lambda: once(lambda: pandas.exact(market, last))
    return _document(alternately(sides, repeat), found)


def _ends_of_cells(
    account: AccountState, brought: list[tuple[Snapshot, Nav]]
) -> list[tuple[AccountState, tuple[Snapshot, Nav]]]:
    """The reads that end a cell, each with the account as it was before."""
    found = []
    for i, (seen, nav) in enumerate(brought):
        if i % GRID_SECONDS == 0:
            found.append((account, (seen, nav)))
        account = streaming.ticked(account, seen, nav)
    return found


def _document(us: dict[str, float], exact_to: float) -> dict[str, Any]:
    def ratio(side: str) -> float | None:
        return round(us[side] / us["guardian"], 1) if side in us else None

    return {
        **{f"{side}_us": round(us[side], 1) if side in us else None for side in SIDES},
        "cell_us": round(us["cell"], 1),
        "ratio_numpy": ratio("numpy"),
        "ratio_pandas": ratio("pandas"),
        "ratio_pandas_exact": ratio("pandas_exact"),
        "exact_to": exact_to,
        "missing": None if "pandas" in us else MISSING,
    }


SIDES = ("guardian", "numpy", "pandas", "pandas_exact")


def _pandas() -> recompute.Pandas | None:
    try:
        return recompute.Pandas()
    except ImportError:
        return None


def _exact(market: Market, account: AccountState, pandas: recompute.Pandas | None) -> float:
    """The largest relative difference at the sampled ticks. Raises GuardianError over `EXACT`."""
    worst, sampled = 0.0, set(range(0, market.sizes.ticks, max(market.sizes.ticks // SAMPLES, 1)))
    for tick, (seen, nav) in enumerate(ticks(market)):
        account = streaming.ticked(account, seen, nav)
        if tick not in sampled:
            continue
        ours = streaming.measured(account, seen.asked_at)
        others = [recompute.with_numpy(market, tick)]
        others += [pandas.exact(market, tick)] if pandas is not None and tick == max(sampled) else []
        worst = max(worst, *(_apart(tick, ours, theirs) for theirs in others))
    return worst


def _apart(tick: int, ours: tuple[float, ...], theirs: tuple[float, ...]) -> float:
    """The largest relative difference of the four. Raises GuardianError over `EXACT`."""
    worst = 0.0
    for own, mine, other in zip(streaming.FOUR, ours, theirs, strict=True):
        apart = abs(mine - other) / max(abs(other), 1e-300) if mine != other else 0.0
        if not apart <= EXACT:
            raise GuardianError(
                f"{own.id} at tick {tick} is {mine!r}, recomputed {other!r}: apart by {apart:.1e},"
                f" more than {EXACT:.0e}"
            )
        worst = max(worst, apart)
    return worst


def prepared(sizes: Sizes, seed: int) -> tuple[Market, AccountState]:
    """The market, and the account as of the first tick."""
    market = made(sizes, seed)
    return market, streaming.filled(market)
