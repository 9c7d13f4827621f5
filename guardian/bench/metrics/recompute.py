"""The other side: the same four numbers computed anew at each tick from all that was seen, as scripts do.

`with_numpy` and `with_pandas` follow guardian's definitions exactly (metrics/*.py tell them), so that the
three must agree; `as_written` is what people write with pandas and empyrical, where a mean is subtracted from
the returns before they are correlated and the tail is a whole number of days. Its numbers differ; its time is
what the ratio is of.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from guardian.bench.metrics.market import UNITS, Floats, Market
from guardian.core.metrics.correlation import FAST_CELLS, SLOW_CELLS, STEPS_TO_KNOW
from guardian.core.metrics.history import MAXIMUM_HOURS
from guardian.core.metrics.returns import CELLS_A_DAY, CELLS_AN_HOUR

Four = tuple[float, float, float, float]
WINDOW, DAY_HOURS, LEVEL = 3600, 24, 0.99
SHORTFALL = 2.6652142203457994
"""The mean of the worst 1 % of a standard normal: phi(z) / 0.01."""


def seen(market: Market, tick: int) -> tuple[Floats, Floats, Floats]:
    """The NAVs, the closes of the cells that are over, and the newest marks, as of one tick."""
    navs = market.navs[: len(market.navs) - market.sizes.ticks + tick + 1]
    over = tick // 300
    closes = np.vstack([market.closes, market.marks[299 : over * 300 : 300]]) if over else market.closes
    return navs, closes, market.marks[tick]


def with_numpy(market: Market, tick: int) -> Four:
    navs, closes, marks = seen(market, tick)
    now = navs[-1]
    window, top = navs[-WINDOW:].max(), navs.max()
    moves = np.diff(np.log(closes), axis=0)
    fast, slow = _rhos(moves, FAST_CELLS), _rhos(moves, SLOW_CELLS)
    above = np.triu_indices(len(marks), 1)
    worth = market.quantities * marks
    return (
        float((window - now) / window),
        float((top - now) / top),
        float(np.maximum(fast, slow)[above].max()),
        _tail(closes, moves, worth, fast) / (float(now) * float(UNITS)),
    )


def _rhos(moves: Floats, half_life: int) -> Floats:
    weights = 0.5 ** (np.arange(len(moves))[::-1] / half_life)
    sums = (moves * weights[:, None]).T @ moves
    sigmas = np.sqrt(np.diag(sums))
    return np.asarray(sums / np.outer(sigmas, sigmas))


def _tail(closes: Floats, moves: Floats, worth: Floats, fast: Floats) -> float:
    """Filtered historical simulation, or the normal tail where that is worse; in the reporting currency."""
    grown = 2.0 ** (np.arange(len(moves)) / CELLS_A_DAY)[:, None]
    variances = np.cumsum(moves**2 * grown, axis=0) / np.cumsum(grown, axis=0)
    z = _standard(closes, np.sqrt(CELLS_AN_HOUR * variances))
    sigmas = np.sqrt(np.maximum(variances[-1], _of_a_week(moves)))
    days = np.lib.stride_tricks.sliding_window_view(z, DAY_HOURS, axis=0).sum(axis=2)
    falling = np.sort(-np.expm1(days * (sigmas * np.sqrt(CELLS_AN_HOUR))) @ worth)[::-1]
    normal = max(_normal(worth * own, fast) for own in (np.sqrt(variances[-1]), sigmas))
    return max(_worst(falling), normal)


def _of_a_week(moves: Floats) -> Floats:
    weights = 0.5 ** (np.arange(len(moves))[::-1] / (7 * CELLS_A_DAY))
    return np.asarray(weights @ moves**2 / weights.sum())


def _standard(closes: Floats, expected: Floats) -> Floats:
    """Each hour's return over the sigma expected of it, in the four bytes that guardian keeps of it."""
    ends = np.arange(CELLS_AN_HOUR - 1, len(closes), CELLS_AN_HOUR)
    logs = np.log(closes[ends])
    known = ends[:-1] >= STEPS_TO_KNOW
    standard = (np.diff(logs, axis=0) / expected[ends[:-1] - 1])[known]
    return standard[-MAXIMUM_HOURS:].astype(np.float32).astype(np.float64)


def _worst(falling: Floats) -> float:
    size = (1 - LEVEL) * len(falling)
    whole = int(size + 1e-9)
    return float((falling[:whole].sum() + falling[whole] * (size - whole)) / size)


def _normal(weights: Floats, rhos: Floats) -> float:
    return SHORTFALL * float(np.sqrt(weights @ rhos @ weights * CELLS_A_DAY))


class Pandas:
    """Imported only when asked for: both are for development."""

    def __init__(self) -> None:
        self.pd: Any = import_module("pandas")
        self.empyrical: Any = import_module("empyrical")

    def exact(self, market: Market, tick: int) -> Four:
        """Guardian's definitions in pandas: correlations are ratios of ewm means of products."""
        moves, closes, worth, drawdowns, equity = self._frames(market, tick)
        fast, slow = self._rhos(moves, FAST_CELLS), self._rhos(moves, SLOW_CELLS)
        above = np.triu_indices(len(worth), 1)
        tail = self._tail(moves, closes, worth, fast)
        return *drawdowns, float(np.maximum(fast, slow)[above].max()), tail / equity

    def as_written(self, market: Market, tick: int) -> Four:
        """`DataFrame.ewm().corr()` and empyrical's conditional value at risk."""
        moves, closes, worth, drawdowns, equity = self._frames(market, tick)
        names = moves.columns
        fast = moves.ewm(halflife=FAST_CELLS).corr().iloc[-len(names) :].to_numpy()
        slow = moves.ewm(halflife=SLOW_CELLS).corr().iloc[-len(names) :].to_numpy()
        above = np.triu_indices(len(worth), 1)
        days = self._days(moves, closes, worth)
        tail = -float(self.empyrical.conditional_value_at_risk(-days / equity, cutoff=1 - LEVEL))
        return *drawdowns, float(np.maximum(fast, slow)[above].max()), tail

    def _frames(self, market: Market, tick: int) -> Any:
        navs, closes, marks = seen(market, tick)
        index = self.pd.date_range(end=market.at(tick), periods=len(navs), freq="s")
        series = self.pd.Series(navs, index=index)
        window = series.iloc[-WINDOW:]
        drawdowns = (
            float(1 - window.iloc[-1] / window.max()),
            float(1 - series.iloc[-1] / series.cummax().iloc[-1]),
        )
        frame = self.pd.DataFrame(closes, columns=list(market.symbols))
        moves = np.log(frame).diff().iloc[1:]
        return moves, frame, market.quantities * marks, drawdowns, float(navs[-1]) * float(UNITS)

    def _rhos(self, moves: Any, half_life: int) -> Floats:
        values, count = moves.to_numpy(), moves.shape[1]
        first, second = np.triu_indices(count)
        products = self.pd.DataFrame(values[:, first] * values[:, second])
        last = products.ewm(halflife=half_life).mean().iloc[-1].to_numpy()
        sums = np.zeros((count, count))
        sums[first, second] = sums[second, first] = last
        sigmas = np.sqrt(np.diag(sums))
        return np.asarray(sums / np.outer(sigmas, sigmas))

    def _days(self, moves: Any, closes: Any, worth: Floats) -> Any:
        """The losses of the simulated days."""
        variances = (moves**2).ewm(halflife=CELLS_A_DAY).mean()
        z = _standard(closes.to_numpy(), np.sqrt(CELLS_AN_HOUR * variances.to_numpy()))
        days = self.pd.DataFrame(z).rolling(DAY_HOURS).sum().dropna()
        _, sigmas = self._sigmas(moves)
        return (-np.expm1(days * (sigmas * np.sqrt(CELLS_AN_HOUR)))) @ worth

    def _sigmas(self, moves: Any) -> tuple[Floats, Floats]:
        """Of a cell: a day's, and the larger of that and of a week's."""
        day, week = (
            (moves**2).ewm(halflife=cells).mean().iloc[-1].to_numpy()
            for cells in (CELLS_A_DAY, 7 * CELLS_A_DAY)
        )
        return np.sqrt(day), np.sqrt(np.maximum(day, week))

    def _tail(self, moves: Any, closes: Any, worth: Floats, fast: Floats) -> float:
        days = self._days(moves, closes, worth)
        normal = max(_normal(worth * own, fast) for own in self._sigmas(moves))
        return max(_worst(np.sort(days.to_numpy())[::-1]), normal)
