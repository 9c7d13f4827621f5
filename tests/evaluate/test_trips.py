"""The arming report: trips and sizes that can be counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from guardian.cli.setup.rules import rules as rules_command
from guardian.core.model import Rule, Window
from guardian.evaluate.arming import History, Sizes, told
from guardian.evaluate.designs.every import played
from guardian.evaluate.trips import (
    DAY_MS,
    YEAR_MS,
    Stretch,
    daily_cvar,
    declustered,
    equity_of,
    gross_for,
    losses,
    trips,
)
from tests.core.build import rule, rung
from tests.evaluate.made import BAR_MS, START_MS

HOUR_MS = 3_600_000


def hourly(close: list[float]) -> Stretch:
    return Stretch(START_MS + HOUR_MS * np.arange(1, len(close) + 1), np.array(close, float))


def hour_rule() -> Rule:
    return next(rule for rule in played("breaker").rules if rule.window.kind == "sliding")


def test_one_bad_day_is_one_trip() -> None:
    known = START_MS + BAR_MS * np.arange(600)
    past = np.zeros(600, dtype=bool)
    past[[10, 20, 200, 10 + 288]] = True
    assert (
        declustered(known, past) == 2
    )  # bars 10 and 298; what lies within 24 hours of a trip is the same one


def test_what_stays_past_its_limit_trips_once() -> None:
    known = START_MS + BAR_MS * np.arange(600)
    assert declustered(known, np.ones(600, dtype=bool)) == 1


def test_bars_as_long_as_the_window_tell_nothing_of_it() -> None:
    """Half is lost within one bar of an hour: an hour's window holds one close, and would read 0 trips."""
    prices = [100.0] * 48 + [50.0] * 200

    (hour, *_), (longer, *_) = (
        trips([replace(hour_rule(), window=Window("sliding", seconds))], [hourly(prices)], (1.0,))
        for seconds in (3600.0, 3660.0)
    )
    said = told([hour_rule()], History("BTC", (hourly(prices),), "candles"), Sizes((1.0,), (1.0,)))

    assert hour.a_year == (None,)
    assert longer.a_year[0] is not None
    assert longer.a_year[0] > 0
    why = "a window of 3600 s holds one close of bars of 3600 s: give shorter bars"
    assert said["not_told"] == [{"rule": "breaker-dd-1h", "why": why}]


def test_trips_a_year_by_hand() -> None:
    """Ten days, two falls of 3 % within a bar: past 5 % at 2x, not at 1x."""
    close = np.full(10 * 288, 100.0)
    close[500:] *= 0.97
    close[1500:] *= 0.97
    stretch = Stretch(START_MS + BAR_MS * np.arange(1, len(close) + 1), close)
    found = {t.limit: t.a_year for t in trips([hour_rule()], [stretch], (1.0, 2.0))}
    assert found[0.05] == pytest.approx((0.0, 2 * 365 / 10))
    assert found[0.025] == pytest.approx((2 * 365 / 10, 2 * 365 / 10))
    assert stretch.years == pytest.approx(10 * DAY_MS / YEAR_MS)


def test_what_closes_cannot_tell_is_none() -> None:
    rule = replace(hour_rule(), metric="realised_loss")
    assert {t.a_year for t in trips([rule], [hourly([100.0, 90.0])], (1.0,))} == {(None,)}


def test_a_days_loss_begins_at_the_last_close_before_midnight() -> None:
    stretch = hourly([100.0] * 24 + [95.0] + [96.0] * 23 + [93.0])
    found = losses(Window("session"), stretch.known_ms, stretch.close, from_peak=False)
    assert found[24] == pytest.approx(0.05)
    assert found[47] == pytest.approx(0.04)
    assert found[48] == pytest.approx(1 - 93 / 96)


def test_a_days_drawdown_is_from_the_highest_of_that_day() -> None:
    """It opens at 100, rises to 104 and falls to 98.5, at which the next day opens."""
    stretch = hourly([100.0] * 24 + [99.0, 104.0, *[98.5] * 22] + [98.5, 100.0, 95.0])
    found = losses(Window("session"), stretch.known_ms, stretch.close)

    assert found[24:27] == pytest.approx([0.01, 0, 0.052885], abs=5e-7)
    assert found[48:] == pytest.approx([0, 0, 0.05])


def test_trips_of_a_day_are_counted_from_what_its_metric_falls_from() -> None:
    day = replace(hour_rule(), window=Window("session"))
    rise_and_fall = hourly([100.0] * 24 + [104.0, *[98.5] * 23])
    of = {
        metric: trips([replace(day, metric=metric)], [rise_and_fall], (1.0,))
        for metric in ("daily_loss", "daily_drawdown")
    }
    past = {metric: [t.limit for t in found if t.a_year != (0.0,)] for metric, found in of.items()}

    assert past == {"daily_loss": [], "daily_drawdown": [0.025, 0.0375, 0.05]}


def test_a_fall_from_the_peak() -> None:
    known = START_MS + BAR_MS * np.arange(7)
    path = np.array([100, 110, 104.5, 120, 90, 99, 130])
    assert losses(Window("hwm"), known, path) == pytest.approx([0, 0, 0.05, 0, 0.25, 0.175, 0])


def test_what_is_lost_is_lost() -> None:
    assert equity_of(np.array([100.0, 40.0, 80.0]), 2.0).tolist() == [1.0, 0.0, 0.0]


def test_cvar_of_a_day_and_the_size_it_allows() -> None:
    """100 days, one of them -10 %: the worst 1 % is that day, and 2 % of CVaR allow a fifth of the equity."""
    close = np.full(101, 100.0)
    close[50:] = 90.0
    stretch = Stretch(START_MS + DAY_MS * np.arange(1, 102), close)
    cvar = daily_cvar([stretch])
    assert cvar == pytest.approx(0.10)
    assert gross_for(0.02, cvar or 0) == pytest.approx(0.2)
    assert daily_cvar([hourly([1.0, 2.0])]) is None


def test_the_command_prints_one_document(tmp_path: Path) -> None:
    rows = ["ts,symbol,open,high,low,close,volume"]
    rows += [f"{START_MS + i * BAR_MS},BTC/USDT,100,100,90,{100 - 7 * (i > 300)},1.0" for i in range(600)]
    (tmp_path / "btc.csv").write_text("\n".join(rows) + "\n")
    args = ["trips", "breaker", "--history", str(tmp_path), "--leverage", "1", "--leverage", "2", "--json"]
    found = CliRunner().invoke(rules_command, args)
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["leverage"] == [1.0, 2.0]
    first = document["rungs"][0]
    told = {"rule", "level", "to", "limit", "direction", "unit", "hottest_limit", "mode"}
    told |= {"method", "known_days", "trips_per_year", "always"}
    assert set(first) == told
    assert all(value > 0 for value in first["trips_per_year"])
    assert first["always"] == [False, False]
    assert (document["cvar"]["limit"], document["cvar"]["limits"]) == (0.02, [])
    assert document["warnings"]
    text = CliRunner().invoke(rules_command, args[:-1]).stdout
    assert "breaker-dd-1h REDUCE to 0 at 5.00%" in text
    assert "for example, a limit of 2.00% means about" in text


@pytest.mark.parametrize(
    ("metric", "limit", "always"),
    [
        ("leverage", 2.0, [False, True, True]),
        ("gross_exposure", 2.5, [False, False, True]),
        ("net_exposure", 3.0, [False, False, True]),
        ("cluster_exposure", 0.5, [True, True, True]),
        ("concentration", 0.8, [True, True, True]),
    ],
)
def test_a_limit_of_size_is_past_at_a_multiple_always_or_never(
    metric: str, limit: float, always: list[bool]
) -> None:
    """Whoever arms it at that multiple is halted at once, however calm the market."""
    size = rule(rung(limit, "halt"), metric=metric)

    (found,) = trips([size], [hourly([100.0] * 50)], (1.0, 2.0, 3.0))

    assert (list(found.always), found.a_year) == (always, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("changes", [{"direction": "under"}, {"scope": "portfolio"}])
def test_what_a_size_does_not_decide_is_not_told(changes: dict[str, Any]) -> None:
    assert trips([rule(rung(2.0, "halt"), metric="leverage", **changes)], [hourly([1.0, 2.0])], (1.0,)) == ()


def test_each_rung_of_a_cvar_rule_is_told_as_a_size(tmp_path: Path) -> None:
    """The limit that halts is the one that a plan names; the mildest rung alone hides it."""
    rows = ["ts,symbol,open,high,low,close,volume"]
    rows += [f"{START_MS + i * BAR_MS},BTC/USDT,100,100,90,{100 - 10 * (i > 300)},1.0" for i in range(600)]
    (tmp_path / "btc.csv").write_text("\n".join(rows) + "\n")
    args = ["trips", "ats-plan", "--history", str(tmp_path), "--json"]
    cvar = json.loads(CliRunner().invoke(rules_command, args).stdout)["cvar"]
    assert cvar["of_a_day_at_1x"] == pytest.approx(0.1)
    found = [(each["rule"], each["level"], each["limit"], each["gross_exposure"]) for each in cvar["limits"]]
    assert found == [
        ("ats-cvar", "CAUTION", 0.015, pytest.approx(0.15)),
        ("ats-cvar", "HALT", 0.02, pytest.approx(0.2)),
    ]
    assert (cvar["limit"], cvar["from_the_rules"]) == (0.015, True)
    assert cvar["gross_exposure"] == pytest.approx(0.15)
    text = CliRunner().invoke(rules_command, args[:-1]).stdout
    assert "  ats-leverage REDUCE to 0.5 at 5x (observe): 0.0 / 0.0 / 0.0 / always\n" in text
    assert "  always: at that multiple the rule is past its limit all the time" in text
    assert "  CVaR 99 % of a day at 1x was 10.0%, so that\n" in text
    assert "    ats-cvar CAUTION: a limit of 1.50% means about 0.15x gross in BTC\n" in text
    assert "    ats-cvar HALT: a limit of 2.00% means about 0.20x gross in BTC\n" in text


def test_a_history_that_only_rises_says_nothing_of_size(tmp_path: Path) -> None:
    """An infinite size was told, which is no number in JSON and none in words."""
    rows = ["ts,symbol,open,high,low,close,volume"]
    rows += [f"{START_MS + i * BAR_MS},BTC/USDT,100,200,90,{100 + i / 10},1.0" for i in range(600)]
    (tmp_path / "btc.csv").write_text("\n".join(rows) + "\n")
    args = ["trips", "ats-plan", "--history", str(tmp_path), "--json"]
    cvar = json.loads(CliRunner().invoke(rules_command, args).stdout)["cvar"]
    assert cvar["of_a_day_at_1x"] < 0
    assert {each["gross_exposure"] for each in (cvar, *cvar["limits"])} == {None}
    text = CliRunner().invoke(rules_command, args[:-1]).stdout
    assert "Even the worst day in a hundred gained here: this history says nothing of size." in text
    assert "gross in BTC" not in text
