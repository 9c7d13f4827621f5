"""What the shipped rules say of real markets, in their `why`, is what real markets show.

A figure that nobody can recompute is a decoration: each test here computes what one rule claims, at the limit
that the rule really has, so that a changed limit fails until somebody looks at the data again.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from guardian.core.memory import Absorbed
from guardian.core.metrics.absorption_shift import _learned
from guardian.core.metrics.drift import LEAST
from guardian.core.metrics.slippage_rise import rise, usual
from guardian.core.metrics.two_samples import Floats, ks_beyond_chance, stability_beyond_chance
from guardian.core.model import Level, Rule
from guardian.replay.files import Series, read_series
from tests.rules.test_shipped import rule

CELLS_A_DAY = 288
SIGNALS = 200
"""How many signals are remembered."""


def limit(name: Rule, level: Level = Level.CAUTION) -> float:
    return next(rung.limit for rung in name.ladder if rung.level is level)


# --- funding --------------------------------------------------------------------------------------------


@cache
def funding(folder: Path) -> pd.DataFrame:
    """What a long in BTC paid within a day, at each payment since 2019: `cost` a unit of leverage."""
    rates = pd.read_parquet(next(folder.glob("btc_funding_8h_*.parquet")))
    at = pd.to_datetime(rates.ts, unit="ms", utc=True)
    return pd.DataFrame({"year": at.dt.year, "cost": rates.funding_rate.rolling(3).sum()}).dropna()


def told_a_year(days: pd.DataFrame, leverage: float, over: float) -> float:
    """How often that would have been told, at most once a day."""
    past = np.flatnonzero(days.cost * leverage >= over)
    told, last = 0, -3
    for n in past:
        if n - last >= 3:
            told, last = told + 1, n
    return told / (len(days) / 3 / 365.25)


def test_a_maker_that_is_long_is_told_of_funding_eleven_times_a_year(market_data: Path) -> None:
    days, over = funding(market_data), limit(rule("market-maker", "mm-funding"))

    assert told_a_year(days, 0.5, over) == pytest.approx(11, abs=0.5)
    assert (days[days.cost * 0.5 >= over].year.isin([2020, 2021])).mean() > 0.95


def test_a_client_at_his_leverage_is_told_of_funding_22_times_a_year(market_data: Path) -> None:
    days, over = funding(market_data), limit(rule("managed-mandate", "client-funding"))
    agreed = limit(rule("managed-mandate", "client-leverage"))

    assert told_a_year(days, agreed, over) == pytest.approx(22, abs=0.5)
    assert set() == {2022, 2025, 2026} & set(days[days.cost * agreed >= over].year)


# --- time to the limit ----------------------------------------------------------------------------------

STEEP = "dev/2021-05-19_binance_spot_1m.parquet"
FULL = 0.05


def told_before(price: Floats, seconds: float) -> tuple[int, int, int, int]:
    """Warnings, those of them that came true, trips of 5 %, and those that were told in five minutes.

    Of an account that holds what it is worth, minute by minute; the next one counts after an hour's pause.
    """
    minutes = range(60, len(price))
    fall = {n: 1 - price[n] / price[n - 60 : n + 1].max() for n in minutes}
    speed = {n: max((1 - price[n] / price[n - back]) / back / 60 for back in (1, 5, 15)) for n in minutes}
    warned = [n for n in minutes if fall[n] < FULL and FULL - fall[n] <= seconds * speed[n]]
    past = [n for n in minutes if fall[n] >= FULL]
    either = set(warned) | set(past)
    warnings = [n for n in warned if not either & set(range(n - 60, n))]
    trips = [n for n in past if not set(past) & set(range(n - 60, n))]
    return (
        len(warnings),
        sum(bool(set(past) & set(range(n, n + 15))) for n in warnings),
        len(trips),
        sum(bool(set(warned) & set(range(n - 5, n))) for n in trips),
    )


@pytest.mark.parametrize(("event", "found"), [(STEEP, (7, 5, 8, 7)), ("calm", (0, 0, 0, 0))])
def test_most_bad_hours_are_told_in_the_minutes_before(
    event: str, found: tuple[int, ...], market_data: Path
) -> None:
    file = market_data / (CALM if event == "calm" else event)
    (btc,) = [s for s in read_series(file) if s.symbol == "BTC/USDT"]

    assert found == told_before(btc.bars[:, 3], limit(rule("ats-plan", "ats-time-to-limit")))


# --- liquidation ----------------------------------------------------------------------------------------


def test_crashes_have_used_up_the_distance_that_the_plan_halts_at(market_data: Path) -> None:
    own = rule("ats-plan", "ats-liquidation")
    hours = pd.read_parquet(next(market_data.glob("btc_perp_1h_last_vs_mark_*.parquet")))
    fell = 1 - hours.mark_low / hours.mark_close.shift()
    at = pd.to_datetime(hours.ts, unit="ms", utc=True)

    assert 12 == (fell >= limit(own, Level.HALT)).sum()
    assert 2 == at[fell >= limit(own)].dt.date.nunique()


# --- a feed that lies -----------------------------------------------------------------------------------


def test_a_price_has_hardly_ever_been_as_far_from_its_mark_as_a_lie(market_data: Path) -> None:
    own = rule("market-maker", "mm-price")
    hours = pd.read_parquet(next(market_data.glob("btc_perp_1h_last_vs_mark_*.parquet")))
    apart = (hours.close / hours.mark_close - 1).abs()
    months = pd.to_datetime(hours.ts[apart >= limit(own)], unit="ms", utc=True).dt.strftime("%Y-%m")

    assert ["2020-03"] * 6 == list(months)
    assert 0.025 < apart.max() < limit(own, Level.HALT)


def test_no_recorded_minute_has_rested_as_long_as_a_feed_that_stands_still(market_data: Path) -> None:
    """Of eight coins, two calm days among them; the feed that froze is in tests/core/metrics/told."""
    own = rule("market-maker", "mm-still")
    minutes = pd.concat(map(pd.read_parquet, (market_data / "dev").glob("*_1m.parquet")))

    assert 8 == minutes.symbol.nunique()
    assert 0 == (minutes.high == minutes.low).sum()
    assert (60, 300) == (limit(own), limit(own, Level.HALT))


# --- slippage -------------------------------------------------------------------------------------------


def test_the_delay_is_what_btc_moves_in_a_calm_minute(market_data: Path) -> None:
    (btc,) = [s for s in read_series(market_data / CALM) if s.symbol == "BTC/USDT"]

    assert np.median(np.abs(moves(btc, 1))) == pytest.approx(
        limit(rule("factory", "factory-slippage-delay")), rel=0.1
    )


def test_the_impact_is_that_of_seven_millions_in_one_order(market_data: Path) -> None:
    book = json.loads(next(market_data.glob("microstructure/*book1000*.json")).read_text())
    asks = np.array([[float(price), float(size)] for price, size in book["asks"]])
    paid, bought = np.cumsum(asks[:, 0] * asks[:, 1]), np.cumsum(asks[:, 1])

    worse = paid / bought / asks[0, 0] - 1
    within = worse <= limit(rule("factory", "factory-slippage-impact"))

    assert paid[within].max() == pytest.approx(7e6, rel=0.05)


# --- rise and drift: strategies that trade every five minutes, long and short in turns ------------------

CALM = "dev/2021-04-28_calm_binance_spot_1m.parquet"
EVERY_MINUTES = 5


def moves(series: Series, minutes: int) -> Floats:
    bar = int(series.ts[1] - series.ts[0]) // 60_000
    return np.diff(np.log(series.bars[:: minutes // bar, 3]))


@cache
def played(folder: Path) -> dict[str, list[Floats]]:
    """By event: what each symbol's five minutes were to a strategy that is long and short in turns."""
    files = sorted(folder.glob("dev/*.parquet"))
    return {f"dev/{file.name}": [turns(moves(s, EVERY_MINUTES)) for s in read_series(file)] for file in files}


def turns(moved: Floats) -> Floats:
    return moved * np.where(np.arange(len(moved)) % 2 == 0, 1.0, -1.0)


def windows(values: Floats, hours: float) -> list[tuple[Floats, Floats]]:
    """Before the window and in it, every half an hour, once a day is known."""
    inside = int(hours * 60 / EVERY_MINUTES)
    ends = range(CELLS_A_DAY, len(values) + 1, 6)
    return [(values[max(0, n - SIGNALS) : n - inside], values[n - inside : n]) for n in ends]


def hours_of(name: Rule) -> float:
    assert name.window.seconds
    return name.window.seconds / 3600


def test_fills_that_come_five_minutes_late_are_a_rise_only_in_a_crash(market_data: Path) -> None:
    own = rule("factory", "factory-slippage-rise")
    highest = {event: max(map(_rise, _all(event, market_data, own))) for event in played(market_data)}

    assert highest.pop(CALM) < limit(own) / 2
    assert 3 <= sum(value >= limit(own) for value in highest.values()) < len(highest)
    assert ["dev/2023-08-17_binance_spot_5m.parquet"] == [
        event for event, value in highest.items() if value >= limit(own, Level.HALT)
    ]


def _all(event: str, folder: Path, own: Rule) -> list[tuple[Floats, Floats]]:
    return [pair for values in played(folder)[event] for pair in windows(values, hours_of(own))]


def _rise(samples: tuple[Floats, Floats]) -> float:
    before, inside = samples
    known = usual(list(before))
    assert known
    return rise([(slip - known[0]) / known[1] for slip in inside])


def test_no_crash_drifts_as_far_as_a_broken_model_and_a_calm_day_hardly_at_all(market_data: Path) -> None:
    own = rule("factory", "factory-drift")
    drift = {
        event: np.array([ks_beyond_chance(*pair) for pair in _all(event, market_data, own)])
        for event in played(market_data)
    }

    assert (drift[CALM] >= limit(own)).mean() < 0.01
    assert 0.02 < max((values >= limit(own)).mean() for values in drift.values()) < 0.1
    assert max(values.max() for values in drift.values()) < limit(own, Level.HALT)


def test_what_is_called_much_elsewhere_is_a_fifth_of_the_time_of_a_crash(market_data: Path) -> None:
    own = rule("factory", "factory-drift-a")
    assert int(hours_of(own) * 60 / EVERY_MINUTES) > LEAST
    drift = {
        event: np.array([stability_beyond_chance(*pair) for pair in _all(event, market_data, own)])
        for event in played(market_data)
    }

    assert max((values >= 0.25).mean() for values in drift.values()) == pytest.approx(0.2, abs=0.05)
    assert max((values >= limit(own)).mean() for values in drift.values()) < 0.1
    assert (drift[CALM] >= limit(own)).mean() < 0.005


# --- absorption: no recorded event is long enough, so a market that is made and does not change ---------


def shifts(assets: int, alike: float, seed: int, days: int = 120) -> Floats:
    """Of a market whose correlations are what they are, with the wild returns of four degrees of freedom."""
    chance = np.random.default_rng(seed)
    mixed = np.linalg.cholesky(np.full((assets, assets), alike) + np.eye(assets) * (1 - alike))
    wild = np.sqrt(4 / chance.chisquare(4, (days * CELLS_A_DAY, 1)))
    kept, known, found = 2 ** (-1 / CELLS_A_DAY), None, []
    matrix = np.eye(assets)
    for cell, returns in enumerate(chance.standard_normal((days * CELLS_A_DAY, assets)) @ mixed.T * wild):
        matrix = kept * matrix + (1 - kept) * np.outer(returns, returns)
        size = np.sqrt(np.diag(matrix))
        highest = np.linalg.eigvalsh(matrix / np.outer(size, size))[-max(1, assets // 5) :]
        value = float(highest.sum() / assets)
        known = _learned(known or Absorbed(cell, ("made",), value, 0.0, 0.0), cell, value)
        found += [known.shift] if known.shift is not None else []
    return np.array(found)


def episodes_a_year(found: Floats, over: float) -> float:
    """Those after a day without one."""
    past = np.flatnonzero(found >= over)
    return float(1 + (np.diff(past) >= CELLS_A_DAY).sum()) / (len(found) / CELLS_A_DAY / 365.25)


def test_a_market_that_does_not_change_moves_as_one_once_a_month() -> None:
    own = limit(rule("control-server", "control-one-market"))
    made = [shifts(assets, alike, seed) for assets, alike, seed in ((4, 0.6, 1), (8, 0.7, 2))]

    assert 8 < np.mean([episodes_a_year(found, own) for found in made]) < 16
    assert np.mean([episodes_a_year(found, 1.0) for found in made]) > 40
