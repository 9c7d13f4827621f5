"""M17 through reads: bars are those that pandas makes of the same marks, and so are their volatilities."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.bars import unpacked
from guardian.core.model import AtLeast, Known, LedgerKind, Level, Measured, Unknown, Window
from guardian.core.observe import blank
from tests.core.build import Desk, at, position, read, row, says
from tests.core.metrics.risk.walk import CELL, DAY, NAMES, Walk, asking


def test_the_bars_are_those_that_pandas_makes_of_the_same_marks() -> None:
    walk = Walk(asking("range_volatility")).run(20)
    own = {bars.asset: bars for bars in walk.desk.account.bars}

    for name in ("BTC", "ETH"):
        theirs, bars = np.log(walk.bars(name)), unpacked(own[name].packed)
        assert [10] * 19 == bars["reads"].tolist()
        for part in ("high", "low", "close"):
            assert np.allclose((theirs[part] - theirs["open"]).to_numpy(), bars[part], atol=1e-8)
        gaps = (theirs["open"] - theirs["close"].shift()).to_numpy()
        assert np.isnan(bars["open"][0])
        assert np.allclose(gaps[1:], bars["open"][1:], atol=1e-8)


def test_realised_volatility_is_the_root_of_the_sum_of_squares() -> None:
    """At the exposures of now, scaled from the window's twelve cells to a day's 288."""
    walk = Walk(asking("realised_volatility")).run(30)
    moves = {name: walk.bars(name)["close"].pct_change().iloc[-12:] for name in ("BTC", "ETH")}
    gains = sum(walk.worth(name) * moves[name] for name in moves)

    told = sqrt((gains**2).sum() * 288 / 12) / walk.equity

    assert Known(pytest.approx(told, rel=1e-6)) == walk.found("realised_volatility")


@pytest.mark.parametrize("name", ["yang-zhang", "garman-klass", "parkinson"])
def test_range_volatility_is_the_worst_holding_s_by_the_estimator_of_the_rule(name: str) -> None:
    rules = [asking("range_volatility", of=name), asking("range_volatility", id="usual")]
    walk = Walk(*rules, reads=40).run(30)

    told = max(abs(walk.worth(a)) * _sigma(name, np.log(walk.bars(a))) for a in ("BTC", "ETH")) / walk.equity

    assert Known(pytest.approx(told, rel=1e-5)) == walk.found(name)
    assert (walk.found("usual") == walk.found(name)) is (name == "yang-zhang")


def _sigma(name: str, logs: pd.DataFrame) -> float:
    """Of a day, by pandas."""
    newest = logs.iloc[-12:]
    o, h, lo, c = (newest[part] for part in ("open", "high", "low", "close"))
    if name == "parkinson":
        variance = ((h - lo) ** 2 / (4 * log(2))).mean()
    elif name == "garman-klass":
        variance = (0.5 * (h - lo) ** 2 - (2 * log(2) - 1) * (c - o) ** 2).mean()
    else:
        across = (logs["open"] - logs["close"].shift()).iloc[-12:].var()
        inside = ((h - o) * (h - c) + (lo - o) * (lo - c)).mean()
        k = 0.34 / (1.34 + 13 / 11)
        variance = across + k * (c - o).var() + (1 - k) * inside
    return float(sqrt(variance * 288))


def test_what_comes_back_within_five_minutes_is_seen_by_ranges_alone() -> None:
    """A wick of 3 % an hour: closes know nothing of it."""
    walk = Walk(asking("realised_volatility"), asking("range_volatility"), reads=40).run(14, size=0.0005)
    calm = [walk.found(name) for name in ("realised_volatility", "range_volatility")]
    walk.logs["BTC"] += 0.03
    walk.see()
    walk.logs["BTC"] -= 0.03
    walk.now += 1
    walk.run(2, size=0.0005)

    wicked = [walk.found(name) for name in ("realised_volatility", "range_volatility")]

    assert all(isinstance(own, Known) for own in (*calm, *wicked))
    assert wicked[0].value < 1.3 * calm[0].value  # type: ignore[union-attr]
    assert wicked[1].value > 3 * calm[1].value  # type: ignore[union-attr]


def test_a_jump_is_a_share_of_the_day_s_variance() -> None:
    window = Window("sliding", 4 * 3600.0)
    walk = Walk(asking("jump_share", window), reads=2).run(50)
    before = walk.found("jump_share")
    walk.run(1, BTC=0.03).run(1)

    after = walk.found("jump_share")

    assert isinstance(before, Known)
    assert isinstance(after, Known)
    assert before.value < 0.35
    assert after.value > 0.7


def test_a_jump_counts_once_its_cell_is_over() -> None:
    """Nothing enters before: a bar that is still filling may come back."""
    walk = Walk(asking("realised_volatility")).run(20)
    before = walk.found("realised_volatility")
    walk.logs["BTC"] += 0.05
    walk.see()

    during = walk.found("realised_volatility")
    walk.run(2)

    assert during.value < 1.1 * before.value  # type: ignore[union-attr]
    assert walk.found("realised_volatility").value > 5 * before.value  # type: ignore[union-attr]


# --- what is not known ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_nothing_held_moves_nothing(name: str) -> None:
    desk = Desk(asking(name, DAY)).warm()

    assert Known(0.0) == desk.account.rules[0].measured


@pytest.mark.parametrize(
    ("name", "least"), [("realised_volatility", 11), ("range_volatility", 10), ("jump_share", 38)]
)
def test_it_warms_until_there_is_enough_and_is_a_bound_while_the_window_fills(name: str, least: int) -> None:
    walk = Walk(asking(name, DAY), reads=40 if name == "range_volatility" else 2).run(least - 1)
    early = walk.found(name)
    walk.run(1)

    assert isinstance(early, Unknown)
    assert early.warming
    assert isinstance(walk.found(name), AtLeast)


@pytest.mark.parametrize("name", NAMES)
def test_after_fifteen_minutes_without_a_mark_it_is_unknown(name: str) -> None:
    window = Window("sliding", 5 * 3600.0)
    own = asking(name, window, stale_after_seconds=3600.0)
    walk = Walk(own, reads=2).run(60)
    account = walk.desk.account

    def later(cells: int) -> Measured:
        return BY_NAME[name].measure(View(account, own, blank(own), at(walk.now + cells * CELL)))

    assert not isinstance(later(1), Unknown)
    assert isinstance(later(4), Unknown)


@pytest.mark.parametrize("name", NAMES)
def test_an_asset_without_bars_makes_it_a_bound(name: str) -> None:
    """It was bought a moment ago, and may hedge nothing of the rest."""
    walk = Walk(asking(name, Window("sliding", 4 * 3600.0)), reads=40 if "range" in name else 2).run(52)
    assert isinstance(walk.found(name), Known)

    walk.logs["SOL"], walk.held["SOL"] = log(10.0), 30.0
    walk.see()

    found = walk.found(name)
    assert isinstance(found, AtLeast)
    assert "no bars of SOL" in found.why


@pytest.mark.parametrize("name", NAMES)
def test_many_small_assets_without_bars_make_it_a_bound_too(name: str) -> None:
    """Each is under 1 % of gross exposure, and together they are 14 % of it: that is a book, and no dust."""
    walk = Walk(asking(name, Window("sliding", 4 * 3600.0)), reads=40 if "range" in name else 2).run(52)
    assert isinstance(walk.found(name), Known)
    dust = [f"NEW{n:02}" for n in range(20)]

    walk.logs.update(dict.fromkeys(dust[:1], log(100.0)))
    walk.held.update(dict.fromkeys(dust[:1], 0.04))
    walk.see()
    alone = walk.found(name)
    walk.logs.update(dict.fromkeys(dust, log(100.0)))
    walk.held.update(dict.fromkeys(dust, 0.04))
    walk.now += 1
    walk.see()

    assert isinstance(alone, Known)
    assert isinstance(walk.found(name), AtLeast)


@pytest.mark.parametrize(
    ("reads", "of", "kind"),
    [
        (40, "parkinson", Known),
        (10, "parkinson", AtLeast),
        (10, "yang-zhang", AtLeast),
        (1, "yang-zhang", Known),
        (1, "parkinson", AtLeast),
    ],
)
def test_a_range_of_few_marks_is_a_bound(reads: int, of: str, kind: type) -> None:
    walk = Walk(asking("range_volatility", of=of), reads=reads).run(20)

    assert kind is type(walk.found(of))


def test_a_hole_in_the_window_makes_it_a_bound_until_it_has_left() -> None:
    walk = Walk(asking("realised_volatility", Window("sliding", 2 * 3600.0)), reads=2).run(30)
    assert isinstance(walk.found("realised_volatility"), Known)
    walk.now += 4 * CELL
    walk.run(4)

    assert isinstance(walk.found("realised_volatility"), AtLeast)
    assert isinstance(walk.run(24).found("realised_volatility"), Known)


def test_what_happened_while_nobody_looked_counts_where_it_ends() -> None:
    """An outage of ten minutes through a crash: to leave it out would be to call not looking calm."""
    rules = [asking(name, Window("sliding", 4 * 3600.0)) for name in NAMES]
    walk = Walk(*rules, reads=40).run(52)
    before = {name: walk.found(name) for name in NAMES}
    walk.logs["BTC"] -= 0.05
    walk.now += 2 * CELL
    walk.run(2)
    after = {name: walk.found(name) for name in NAMES}

    closes = walk.frame().resample("5min").last().iloc[:-1].dropna().iloc[-47:].pct_change().dropna()
    gains = walk.worth("BTC") * closes["BTC"] + walk.worth("ETH") * closes["ETH"]
    told = sqrt((gains**2).sum() * 288 / 48) / walk.equity
    assert Known(pytest.approx(told, rel=1e-6)) == after["realised_volatility"]
    assert all(after[name].value > 3 * before[name].value for name in NAMES[:2])  # type: ignore[union-attr]
    assert after["jump_share"].value > 0.5  # type: ignore[union-attr]


def test_a_long_outage_thins_nothing_out() -> None:
    """Three days of silence are no calm that an hour is spread over; until that is full it is a bound."""
    walk = Walk(asking("realised_volatility"), reads=2).run(20)
    before = walk.found("realised_volatility")
    walk.now += 3 * 288 * CELL
    kinds = []
    for _ in range(14):
        kinds.append(type(walk.run(1).found("realised_volatility")))

    after = walk.found("realised_volatility")

    assert kinds == [Unknown] * 10 + [AtLeast] * 2 + [Known] * 2
    assert after.value > 0.5 * before.value  # type: ignore[union-attr]


def test_another_contract_s_price_is_no_return() -> None:
    """A dated contract stands 5 % above the perpetual that it is rolled into."""
    walk = Walk(asking("realised_volatility"), reads=2).run(20)
    before = walk.found("realised_volatility")
    legs = (position("BTC/USDT:USDT-260626", 3, 105, entry=100), position("ETH/USDT:USDT", -4, 50, entry=50))
    for n in range(8):
        walk.desk.see(read(walk.now + n * CELL / 2, legs, cash=10_000))

    after = walk.found("realised_volatility")

    assert isinstance(before, Known)
    assert after.value < 1.2 * before.value  # type: ignore[union-attr]


def test_while_the_equity_is_disputed_it_is_a_bound() -> None:
    walk = Walk(asking("realised_volatility"), asking("range_volatility"), reads=40).run(20)
    legs = walk.desk.account.evidence.positions
    walk.desk.see(says(read(walk.now, legs, cash=10_000), 15_000))

    assert isinstance(walk.found("realised_volatility"), AtLeast)
    assert isinstance(walk.found("range_volatility"), AtLeast)


def test_a_deposit_moves_no_price() -> None:
    walk = Walk(asking("realised_volatility"), asking("jump_share", DAY), reads=2).run(60)
    walk.see()
    before = [walk.found(name) for name in ("realised_volatility", "jump_share")]
    legs = walk.desk.account.evidence.positions
    seen = read(walk.now, legs, cash=20_000, ledger=(row("in", 10_000, LedgerKind.FLOW),))
    equity = walk.equity
    walk.desk.see(replace(seen, asked_at=at(walk.now)))

    after = [walk.found(name) for name in ("realised_volatility", "jump_share")]

    assert before[0].value * equity / walk.equity == pytest.approx(after[0].value)  # type: ignore[union-attr]
    assert before[1] == after[1]


def test_forecasts_move_no_position() -> None:
    assert {Level.HALT} == {BY_NAME[name].ceiling for name in NAMES}
