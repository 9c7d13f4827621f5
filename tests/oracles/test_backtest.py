"""M18 against days that were: how often BTC lost more than value at risk said, and how much more than CVaR.

Six years of separate days of hourly marks, as if guardian had seen each mark: before each day, at one hour of
the clock, both metrics are asked of an account that holds one times its equity, long or short. Three tests of
what came: Kupiec 1995 (were there as many as 1 %), Christoffersen 1998 (does one day beyond bring the next),
and the second statistic of Acerbi & Szekely 2014 (were they as far beyond as CVaR says).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import chi2

from guardian.core.memory import AssetReturns, Returns
from guardian.core.metrics import cvar, holdings, value_at_risk
from guardian.core.metrics.history import MAXIMUM_HOURS, VALUE, packed
from guardian.core.metrics.metric import View
from guardian.core.metrics.returns import CELLS_AN_HOUR, DAY, HALF_LIVES, faded, variance
from guardian.core.metrics.tails import conditional_of
from guardian.core.metrics.worst_days import worst_losses
from guardian.core.model import Known
from tests.core.build import Desk, at, position, read, rule, rung

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Hours = NDArray[np.int64]
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
DUE, SIGNIFICANT, DAY_HOURS, DRAWS = 0.01, 0.05, 24, 4000


# --- the tests of a forecast --------------------------------------------------------------------------


def kupiec(beyond: int, days: int) -> float:
    """The p-value of so many days beyond a forecast that 1 % of them exceed."""
    found = _likelihood(beyond, days) - xlogy(beyond, DUE) - xlogy(days - beyond, 1 - DUE)
    return float(chi2.sf(2 * found, 1))


def christoffersen(beyond: Bools) -> float:
    """The p-value of how days beyond follow each other, if each came for itself."""
    before, after = beyond[:-1], beyond[1:]
    parts = [_likelihood(int(after[state].sum()), int(state.sum())) for state in (before, ~before)]
    return float(chi2.sf(2 * (sum(parts) - _likelihood(int(after.sum()), len(after))), 1))


def _likelihood(some: int, of: int) -> float:
    """The logarithm of it, at the share that was."""
    return float(xlogy(some, some / of) + xlogy(of - some, 1 - some / of)) if of else 0.0


def acerbi_szekely(ratios: Floats, days: int) -> float:
    """Z2 of what was lost beyond VaR over CVaR: 0 of a right forecast, negative of one that is too small."""
    return float(1 - ratios.sum() / (DUE * days))


@pytest.mark.parametrize(("days", "fewest", "most"), [(255, 1, 6), (510, 2, 10), (1000, 5, 16)])
def test_vector_kupiec_s_table(days: int, fewest: int, most: int):
    """How many days beyond 99 % are no reason to reject at 5 %: N < 7, 1 < N < 11, 4 < N < 17."""
    kept = [n for n in range(1, 30) if kupiec(n, days) > SIGNIFICANT]

    assert list(range(fewest, most + 1)) == kept


def test_days_that_follow_each_other_are_not_independent():
    scattered, together = np.zeros(1000, dtype=bool), np.zeros(1000, dtype=bool)
    scattered[::100] = together[500:510] = True

    assert christoffersen(scattered) > SIGNIFICANT
    assert christoffersen(together) < 1e-6


# --- the days -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Past:
    """By hour: its ordinal, the mark at its end, what is known of the asset then, its return over sigma."""

    hours: Hours
    marks: Floats
    known: tuple[AssetReturns, ...]
    standard: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """By day the loss that came and both metrics before it; `simulated` are all tails' losses over CVaR."""

    losses: Floats
    var: Floats
    shortfall: Floats
    simulated: Floats

    @property
    def beyond(self) -> Bools:
        return self.losses > self.var


@cache
def past(folder: Path) -> Past:
    """What metrics/returns.py learns of marks that are seen once an hour."""
    bars = pd.read_parquet(next(folder.glob("btc_perp_1h_last_vs_mark_*.parquet")))
    bars = bars.dropna(subset=["mark_close"])
    hours, marks = (bars["ts"] // 3_600_000).to_numpy(), bars["mark_close"].to_numpy(dtype=float)
    own = AssetReturns("BTC", ((0.0, 0.0),) * len(HALF_LIVES))
    known, standard, sigma = [own], [0.0], 0.0
    for hour, move in zip(hours[1:].tolist(), np.diff(np.log(marks)).tolist(), strict=True):
        standard.append(move / sigma if sigma else 0.0)
        step = move * move / CELLS_AN_HOUR, CELLS_AN_HOUR, CELLS_AN_HOUR
        squares = [
            faded(old, *step, half_life) for old, half_life in zip(own.squares, HALF_LIVES, strict=True)
        ]
        own = replace(own, squares=tuple(squares), grid=hour * CELLS_AN_HOUR)
        known.append(own)
        sigma = sqrt(CELLS_AN_HOUR * (variance(own, DAY) or 0.0))
    return Past(hours, marks, tuple(known), np.array(standard, dtype=VALUE))


def beginnings(history: Past) -> Iterator[int]:
    """The last hour before each whole day of UTC that has as many hours before it as are kept."""
    for i in range(MAXIMUM_HOURS, len(history.hours) - DAY_HOURS):
        last = int(history.hours[i])
        if (last + 1) % DAY_HOURS == 0 and history.hours[i + DAY_HOURS] - last == DAY_HOURS:
            yield i


def forecasts(history: Past, side: int) -> Forecasts:
    """Of an account that holds one times its equity."""
    asked = rule(rung(9e9, "caution"), id="cvar", metric="cvar")
    desk = Desk(asked)
    desk.see(read(0, (position(quantity=10 * side, mark=100),), cash=1000))
    own = desk.account.rule("cvar")
    assert own is not None
    found, simulated = [], []
    for i in beginnings(history):
        kept = slice(i + 1 - MAXIMUM_HOURS, i + 1)
        series = packed(history.hours[kept].tolist(), history.standard[kept].tobytes())
        asset = replace(history.known[i], history=series)
        account = replace(desk.account, returns=Returns(asset.grid, (asset,)))
        lost = side * (1 - history.marks[i + DAY_HOURS] / history.marks[i])
        found.append([lost, *_measured(View(account, asked, own, at(0)))])
        tail = worst_losses(account.policy.name, holdings.holdings(account), cvar.LEVEL)
        assert tail is not None
        simulated.append(tail[0][:-1] / conditional_of(*tail, cvar.LEVEL))
    losses, var, shortfall = np.array(found).T
    return Forecasts(losses, var, shortfall, np.concatenate(simulated))


def _measured(view: View) -> Iterator[float]:
    """VaR and CVaR; both are known for sure."""
    for metric in (value_at_risk, cvar):
        found = metric.measure(view)
        assert isinstance(found, Known)
        yield found.value


@cache
def forecasts_of(folder: Path, side: int) -> Forecasts:
    return forecasts(past(folder), side)


@pytest.mark.market_data
@SIDES
def test_one_day_in_a_hundred_is_beyond_value_at_risk(market_data: Path, side: int):
    beyond = forecasts_of(market_data, side).beyond

    assert len(beyond) > 2000
    assert kupiec(int(beyond.sum()), len(beyond)) > SIGNIFICANT
    assert christoffersen(beyond) > SIGNIFICANT


@pytest.mark.market_data
@SIDES
def test_days_beyond_are_on_average_as_bad_as_cvar(market_data: Path, side: int):
    """Against as many days as 1 % brings by chance, each as far beyond as the simulated tails are."""
    found, chance = forecasts_of(market_data, side), np.random.default_rng(1)
    days, beyond = len(found.losses), found.beyond
    z2 = acerbi_szekely(found.losses[beyond] / found.shortfall[beyond], days)
    counts = chance.binomial(days, DUE, DRAWS)
    drawn = [acerbi_szekely(chance.choice(found.simulated, count), days) for count in counts]

    assert np.mean(np.array(drawn) <= z2) > SIGNIFICANT


@pytest.mark.market_data
@SIDES
def test_the_sigma_of_a_day_alone_would_be_too_small(
    market_data: Path, side: int, monkeypatch: pytest.MonkeyPatch
):
    """What docs/decisions/0017 departs from: this backtest can fail."""
    monkeypatch.setattr(holdings, "_larger", lambda own, day: day)
    found = forecasts(past(market_data), side)

    assert kupiec(int(found.beyond.sum()), len(found.beyond)) < SIGNIFICANT / 5
