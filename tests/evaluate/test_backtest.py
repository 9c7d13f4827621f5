"""The arming report's play: trips counted by hand, and as many as a replay of the same bars has breaches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.cli.setup.rules import rules as rules_command
from guardian.core.model import Rule, Window
from guardian.evaluate.arming import History, lines, own_report
from guardian.evaluate.backtest.grid import candles_of, grid_of
from guardian.evaluate.backtest.play import Played, play_of, played, tallied
from guardian.evaluate.trips import Stretch
from guardian.replay.account import Plan
from guardian.replay.drive import drive
from tests.core.build import rule, rung
from tests.evaluate.made import BAR_MS, START_MS

A_DAY = 288
HOURLY = 3_600_000
PACK = """
- {id: margin, title: t, why: w, metric: margin_ratio, mode: armed, ladder: [{over: 0.2, level: halt}]}
- {id: far, title: t, why: w, metric: liquidation_distance, ladder: [{under: 0.05, level: halt}]}
- {id: berlin, title: t, why: w, metric: daily_loss, window: "day: Europe/Berlin",
   ladder: [{over: 0.5, level: halt}]}
- {id: size, title: t, why: w, metric: leverage, ladder: [{over: 3, level: halt}]}
- {id: slow, title: t, why: w, metric: api_latency_p99, ladder: [{over: 1, level: halt}]}
- {id: apart, title: t, why: w, metric: correlation, ladder: [{over: 0.9, level: halt}]}
- {id: blind, title: t, why: w, metric: data_age, ladder: [{over: 30, level: halt}]}
- {id: tail, title: t, why: w, metric: turbulence, ladder: [{over: 3, level: halt}]}
"""


def of(closes: Sequence[float], bar_ms: int = BAR_MS) -> Stretch:
    close = np.array(closes, float)
    return Stretch(START_MS + bar_ms * np.arange(1, len(close) + 1), close)


def days(count: int, dips: dict[int, float]) -> list[float]:
    """Five-minute closes at 100, with dips of one bar."""
    closes = [100.0] * (count * A_DAY)
    for bar, price in dips.items():
        closes[bar] = price
    return closes


def margin(limit: float = 0.2, **changes: Any) -> Rule:
    return rule(rung(limit, "halt"), id="margin", metric="margin_ratio", window=Window(), **changes)


def trips_of(found: Played) -> dict[str, list[float]]:
    """How many, by rule: a year's worth times the years in which the value was known."""
    known: dict[str, list[float]] = {}
    for each, known_days in found.trips:
        known[each.rule] = [
            round(a_year * known_days / 365, 2) for a_year in each.a_year if a_year is not None
        ]
    return known


def test_a_margin_rule_trips_as_often_as_the_price_comes_near_the_end() -> None:
    """At 10x and 92 the margin ratio is 0.005 * 9.2 / 0.2 = 0.23, at 93 it is 0.155; the limit is 0.2."""
    dips = {day * A_DAY + 144: 92.0 for day in (1, 2, 3)} | {4 * A_DAY + 144: 93.0}

    found = played(play_of([margin()], [of(days(6, dips))], "BTC", (10.0,)))

    assert trips_of(found) == {"margin": [3.0]}
    ((trips, known_days),) = found.trips
    assert known_days == pytest.approx(6, abs=0.01)
    assert (trips.always, found.lost) == ((False,), (0,))


def test_one_bad_day_is_one_trip() -> None:
    dips = dict.fromkeys(range(A_DAY + 10, A_DAY + 200, 20), 92.0)

    found = played(play_of([margin()], [of(days(4, dips))], "BTC", (10.0,)))

    assert trips_of(found) == {"margin": [1.0]}


def test_what_is_past_its_limit_all_the_time_is_told_as_that() -> None:
    found = played(play_of([margin(0.04)], [of(days(3, {}))], "BTC", (1.0, 10.0)))

    ((trips, _),) = found.trips
    assert trips.always == (False, True)


def test_the_quantity_is_set_anew_each_day() -> None:
    """Minus 5 % on each of three days: every day begins at 2x again, and a size that stays grows to 2.24x."""
    three_falls = of([100 * 0.95 ** (i // A_DAY) for i in range(4 * A_DAY)])
    grown = rule(rung(2.15, "halt"), id="grown", metric="leverage", window=Window())
    plan = Plan(Decimal(10_000), hold=(("BTC/USDT", Decimal(2)),))

    found = played(play_of([grown], [three_falls], "BTC", (2.0,)))
    fixed = drive(candles_of(three_falls, "BTC/USDT", BAR_MS), plan, (grown,))

    assert trips_of(found) == {"grown": [0.0]}, "2 * 0.95 / 0.9 = 2.11"
    assert [change.after.name for change in fixed.transitions] == ["HALT"], "2 * 0.9025 / 0.805 = 2.24"


@pytest.mark.parametrize(("metric", "limit"), [("turbulence", 8.0), ("overheat", 0.7)])
def test_a_market_rule_trips_once_a_jump(metric: str, limit: float) -> None:
    """A calm of some basis points, and three days apart a jump of 5 %: three trips, however much is held."""
    returns = np.random.default_rng(1).normal(0, 0.0005, 11 * A_DAY)
    returns[[3 * A_DAY, 6 * A_DAY, 9 * A_DAY]] = 0.05
    walk = of((100 * np.exp(np.cumsum(returns))).tolist())

    found = played(
        play_of(
            [rule(rung(limit, "caution"), id="hot", metric=metric, window=Window())],
            [walk],
            "BTC",
            (1.0, 3.0),
        )
    )

    assert trips_of(found) == {"hot": [3.0, 3.0]}


def test_a_risk_rule_trips_when_the_market_gets_wild_and_again_after_it_was_calm() -> None:
    """Steps of 1 % for half a day are 17 % a day, of 0.1 % 1.7 %: a week of calm lies between the two."""
    wild = {day * A_DAY + i for day in (3, 11) for i in range(A_DAY // 2)}
    closes = [100.0 * (1 + (0.01 if i in wild else 0.001) * (i % 2)) for i in range(18 * A_DAY)]
    risk = rule(rung(0.08, "caution"), id="risk", metric="volatility", window=Window())

    found = played(play_of([risk], [of(closes)], "BTC", (1.0,)))

    assert trips_of(found) == {"risk": [2.0]}


def test_who_lost_everything_was_past_the_margin_and_begins_anew() -> None:
    """Minus 10 % within one bar at 20x: no close shows the way down, and the next day's fall counts too."""
    closes = [100.0 * 0.9 ** (i // A_DAY) for i in range(4 * A_DAY)]

    play = play_of([margin(0.9)], [of(closes)], "BTC", (20.0,))
    found = played(play)

    assert found.lost == (3,)
    assert trips_of(found) == {"margin": [3.0]}


def test_what_stays_unknown_is_not_told_as_calm() -> None:
    """An asset's turbulence needs a day of five-minute steps; bars of an hour never have one."""
    hourly = of([100.0 + i % 7 for i in range(24 * 30)], HOURLY)
    hot = rule(rung(5.0, "caution"), id="hot", metric="turbulence", window=Window())

    found = played(play_of([hot], [hourly], "BTC", (1.0,)))

    assert found.trips == ()
    assert found.why == {"hot": "its value was never known: no asset has a day of five-minute steps yet"}


LIMITS = {
    "margin_ratio": (0.055, 0.3),
    "liquidation_distance": (0.03, 0.095),
    "capital_utilisation": (0.9, 1.3),
    "loss_velocity": (0.002, 0.05),
    "time_to_limit": (30, 3000),
    "drawdown": (0.01, 0.4),
}
WINDOWED = {"capital_utilisation", "loss_velocity", "time_to_limit", "drawdown"}


@given(
    metric=st.sampled_from(sorted(LIMITS)),
    place=st.floats(0, 1),
    hold=st.sampled_from([0.0, 2.0, 90.0]),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_what_a_replay_of_the_same_bars_breaches_is_counted(
    metric: str, place: float, hold: float, seed: int
) -> None:
    """Within a day the quantity is not set anew: it is the same account, seen by the same core."""
    low, high = LIMITS[metric]
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.002, 300)))
    bars = of(walk.tolist(), 60_000)
    under = metric in ("liquidation_distance", "time_to_limit")
    one = rule(
        rung(low + place * (high - low), "halt", hold),
        metric=metric,
        direction="under" if under else "over",
        window=Window("sliding", 900.0) if metric in WINDOWED else Window(),
    )
    plan = Plan(Decimal(10_000), hold=(("BTC/USDT", Decimal(10)),))

    course = drive(candles_of(bars, "BTC/USDT", 60_000), plan, (one,))
    tally, _ = tallied(play_of([one], [bars], "BTC", (10.0,)), 10.0)

    breached = any(change.rule == one.id for change in course.transitions)
    assert breached == (tally.rules[0].trips[0] > 0)


# --- on which bars ---------------------------------------------------------------------------------------


def test_few_bars_are_played_as_they_are() -> None:
    grid = grid_of([of([100.0] * 1000, 60_000)], most=1000)

    assert (grid.bar_ms, len(grid)) == (60_000, 1000)


def test_many_bars_of_a_minute_become_the_newest_of_five() -> None:
    """The last close of each five minutes; of 1,000 the newest 100."""
    grid = grid_of([of([float(i) for i in range(1, 5001)], 60_000)], most=100)

    assert (grid.bar_ms, len(grid)) == (BAR_MS, 100)
    assert grid.pieces[0].close[[0, -1]].tolist() == [4505.0, 5000.0]
    assert grid.pieces[0].known_ms[-1] == START_MS + 5000 * 60_000


def test_pieces_of_bars_of_two_lengths_are_played_in_the_longer() -> None:
    grid = grid_of([of([100.0] * 600, 60_000), of([100.0] * 600)], most=10_000)

    assert (grid.bar_ms, [len(piece.close) for piece in grid.pieces]) == (BAR_MS, [120, 600])


def test_marks_that_lie_apart_as_it_happens_leave_no_holes() -> None:
    """A journal's reads, one every 100 s or so: bars of five minutes each hold one."""
    known = START_MS + np.cumsum(np.random.default_rng(1).integers(60_000, 140_000, 500))
    grid = grid_of([Stretch(known, np.full(500, 100.0))], most=10_000)

    assert grid.bar_ms == BAR_MS
    assert set(np.diff(grid.pieces[0].known_ms)) == {BAR_MS}


# --- the report ------------------------------------------------------------------------------------------


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "pack.yaml").write_text(PACK)
    closes = days(3, {A_DAY + 144: 92.0})
    rows = [f"{START_MS + i * BAR_MS},BTC/USDT,{c},{c},{c},{c},1" for i, c in enumerate(closes)]
    (tmp_path / "btc.csv").write_text("\n".join(["ts,symbol,open,high,low,close,volume", *rows]) + "\n")
    return tmp_path / "pack.yaml"


def report(pack: Path, *more: str) -> Any:
    args = ["trips", str(pack), "--history", str(pack.parent / "btc.csv"), "--leverage", "10", *more]
    found = CliRunner().invoke(rules_command, args)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout) if "--json" in more else found.stdout


def test_the_document_tells_what_was_played_on_what_and_names_the_rest(pack: Path) -> None:
    document = report(pack, "--json")

    methods = {rung["rule"]: rung["method"] for rung in document["rungs"]}
    assert methods == {
        "size": "computed",
        "margin": "played",
        "far": "played",
        "berlin": "played",
        "tail": "played",
    }
    of_margin = next(rung for rung in document["rungs"] if rung["rule"] == "margin")
    assert of_margin["trips_per_year"] == [pytest.approx(365 / 3, rel=0.01)]
    assert (of_margin["always"], of_margin["mode"], of_margin["direction"]) == ([False], "armed", "over")
    assert of_margin["known_days"] == pytest.approx(3, rel=0.01)
    span = {"from": "2021-01-01T00:05:00.000Z", "to": "2021-01-04T00:00:00.000Z", "days": 3}
    assert document["played"] == {"bar_s": 300, "bars": 864, "leverage": [10.0], "lost": [0]} | span
    own = "is about what guardian reads, which of a simulated account is always in order"
    assert {each["rule"]: each["why"] for each in document["not_told"]} == {
        "integrity": f"unexplained {own}",
        "slow": "candles have no requests",
        "apart": "correlation compares several holdings, and here is one",
        "blind": f"data_age {own}",
    }
    assert any(
        "prices tell no margin: for margin, far 10% of the notional" in line for line in document["warnings"]
    )


def test_people_read_the_same(pack: Path) -> None:
    text = report(pack)

    head = "played through guardian itself on 3.0 days in bars of 300 s, holding 10x, set anew each day:"
    assert f"  {head}\n" in text
    assert "    margin HALT at 20.00%: 122\n" in text
    assert "    far HALT under 5.00% (observe): 122\n" in text
    assert "  size HALT at 3x (observe): always\n" in text
    assert "  not told: slow: candles have no requests\n" in text


def test_where_it_is_known_what_the_account_holds_all_is_played_at_that() -> None:
    """On as many more days; the other multiples tell what is computed."""
    history = History("BTC", (of(days(3, {A_DAY + 144: 92.0})),), "candles")

    document = own_report([margin()], history, 9.996)

    assert document["leverage"] == [1.0, 2.0, 3.0, 5.0, 10.0]
    assert document["played"]["leverage"] == [10.0]
    (told,) = document["rungs"]
    assert told["trips_per_year"][:4] == [None] * 4
    assert told["trips_per_year"][4] == pytest.approx(365 / 3, rel=0.01)
    assert any(line.endswith("margin HALT at 20.00%: 122 now") for line in lines(document))


def test_what_takes_its_time_is_said_before(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ["trips", str(pack), "--history", str(pack.parent / "btc.csv"), "--leverage", "10", "--json"]

    quiet = CliRunner().invoke(rules_command, args)
    monkeypatch.setattr("guardian.cli.act.trips.WORTH_SAYING", 800)
    told = CliRunner().invoke(rules_command, args)

    assert quiet.stderr == ""
    said = "guardian: playing 3.0 days of BTC/USDT in bars of 300 s, at 10x; this takes some seconds\n"
    assert told.stderr == said
    assert json.loads(told.stdout)["played"]["bars"] == 864
