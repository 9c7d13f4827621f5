"""Which candles cover a window: what is not there on it tells nothing, and is not eligible."""

from __future__ import annotations

import numpy as np
import pytest

from guardian.core.model import Level
from guardian.replay.candles import Candles, aligned
from guardian.replay.eligible import allowed, stays
from guardian.replay.files import Series
from tests.candles.build import BTC, ETH, START_MS, plan, series

HOUR, DAY = 3600, 86400
LONG = 40 * 24
WINDOWS = ("10d", "1m")


def hours(symbol: str, keep: slice | list[int] = slice(None), bars: int = LONG) -> Series:
    """Hours at one price; `keep` are the bars that are there."""
    own = series([100.0] * bars, symbol, HOUR)
    return Series(own.file, symbol, own.ts[keep], own.bars[keep], own.rows[keep])


def eligible(*found: Series, windows: tuple[str, ...] = WINDOWS) -> tuple[str, ...]:
    return allowed(stays(aligned(found, "made.csv"), plan(), (), windows), Level.CAUTION)


def worst(candles: Candles, symbol: str) -> dict[str, Level | None]:
    return {s.window: s.worst for s in stays(candles, plan(), (), WINDOWS) if s.asset == symbol}


def test_a_coin_whose_candles_ended_long_ago_is_not_eligible() -> None:
    """Its windows ended with its own last bar: a delisted coin was allowed by what it had been."""
    candles = aligned([hours(BTC), hours(ETH, slice(0, -20 * 24))], "made.csv")

    assert worst(candles, ETH) == {"10d": None, "1m": None}
    assert worst(candles, BTC) == {"10d": Level.NORMAL, "1m": Level.NORMAL}


def test_a_hole_is_not_covered_by_the_bars_before_it() -> None:
    candles = aligned([hours(BTC), hours(ETH, [*range(24), *range(LONG - 12 * 24, LONG)])], "made.csv")

    assert worst(candles, ETH) == {"10d": Level.NORMAL, "1m": None}


@pytest.mark.parametrize(("lacking", "told"), [(2, (BTC, ETH)), (3, (BTC,))])
def test_a_hundredth_of_a_window_may_be_missing(lacking: int, told: tuple[str, ...]) -> None:
    """Ten days are 240 hours: 238 of them are enough, wherever they lie."""
    hole = [*range(LONG - 100), *range(LONG - 100 + lacking, LONG)]

    assert eligible(hours(BTC), hours(ETH, hole), windows=("10d",)) == told


def test_a_bar_without_a_price_is_missing() -> None:
    own = hours(ETH)
    own.bars[-50:-40] = np.nan

    assert eligible(hours(BTC), own, windows=("10d",)) == (BTC,)


@pytest.mark.parametrize(("behind", "told"), [(24, (BTC, ETH)), (25, (BTC,))])
def test_an_end_is_a_day_late_at_most(behind: int, told: tuple[str, ...]) -> None:
    """A hundredth of a year would be half a week, in which a coin is delisted and gone."""
    bars = 370 * 24

    late = hours(ETH, slice(0, -behind), bars)

    assert eligible(hours(BTC, bars=bars), late, windows=("1y",)) == told


def test_bars_that_are_closer_together_fill_no_hole() -> None:
    """Five days of bars of half an hour are as many as ten days of hours."""
    half = series([100.0] * 240, ETH, HOUR // 2, START_MS + (LONG - 120) * HOUR * 1000)
    own = hours(ETH, slice(0, 300))
    mixed = Series(
        own.file,
        ETH,
        np.concatenate([own.ts, half.ts]),
        np.concatenate([own.bars, half.bars]),
        np.arange(540, dtype=np.int64),
    )

    assert eligible(hours(BTC), mixed, windows=("10d",)) == (BTC,)


@pytest.mark.parametrize(("window", "told"), [("1m", (BTC,)), ("1d", ())])
def test_a_window_counts_the_bars_that_fit_into_it(window: str, told: tuple[str, ...]) -> None:
    """Four weeks fit into a month; none fits into a day, so nothing is known of it."""
    weeks = series([100.0] * 30, BTC, 7 * DAY)

    assert eligible(weeks, windows=(window,)) == told
