"""Recorded markets: a crash trips, a calm day does not, and every file replays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from guardian.core.model import Level
from guardian.replay.account import Plan, held_in
from guardian.replay.candles import load_candles
from guardian.replay.drive import Course, drive
from guardian.replay.report import halts
from guardian.replay.worth import crashes, exposure_given_up, false_halts, loss_avoided
from tests.core.build import SLIDING_HOUR, rule, rung

pytestmark = pytest.mark.market_data

GRADED = rule(
    rung(0.025, "caution", 2.0),
    rung(0.0375, "reduce", 2.0, 0.5),
    rung(0.05, "reduce", 2.0, 0.0),
    id="breaker",
    window=SLIDING_HOUR,
    clears="auto",
)


def played(file: Path, multiple: float) -> Course:
    candles = load_candles(file)
    plan = held_in(Plan(Decimal(10_000), hold=(("BTC/USDT", Decimal(str(multiple))),)), candles.symbols, "a")
    return drive(candles, plan, (GRADED,))


def test_the_crash_of_may_2021_trips_and_most_of_it_is_avoided(market_data: Path) -> None:
    """BTC fell by 30 % in a day; the account halves itself before the worst hour."""
    course = played(market_data / "dev" / "2021-05-19_binance_spot_1m.parquet", 2.0)
    found = crashes(course.closed, course.unprotected)

    assert max(t.after for t in course.transitions) is Level.REDUCE
    assert len(found) >= 2
    assert (loss_avoided(found, course.protected, course.unprotected) or 0) > 0.3


def test_a_calm_day_at_1x_is_not_halted_and_gives_up_little(market_data: Path) -> None:
    """Its worst hour is 4.1 %: past the rung that halves, short of the one that stops."""
    course = played(market_data / "dev" / "2021-04-28_calm_binance_spot_1m.parquet", 1.0)
    found = crashes(course.closed, course.unprotected)

    assert found == ()
    assert false_halts(found, halts(course.transitions)) == 0
    assert [t.to for t in course.transitions if t.after is Level.REDUCE] == [0.5]
    assert 0 < (exposure_given_up(found, course.held, course.wanted) or 0) < 0.1


def test_both_accounts_are_one_until_the_first_act(market_data: Path) -> None:
    course = played(market_data / "dev" / "2022-11-08_ftx_okx_perp_5m.parquet", 2.0)
    acted = min(t.at for t in course.transitions if t.after >= Level.REDUCE).timestamp() * 1000
    before = course.closed <= acted

    assert before.any()
    assert course.protected[before] == pytest.approx(course.unprotected[before], rel=1e-12)
    assert abs(course.protected[-1] - course.unprotected[-1]) > 1


def test_every_recorded_file_is_read_without_a_finding(market_data: Path) -> None:
    files = sorted((market_data / "dev").glob("*.parquet"))

    assert len(files) == 11
    for file in files:
        assert load_candles(file).findings == ()
