"""M31: a mark that stands still while answers are fresh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import MarketTaken
from guardian.core.facts.market import Market
from guardian.core.memory import Markets
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.mark_age import still_seconds
from guardian.core.metrics.markets import MAXIMUM_MISSED, fold_market
from guardian.core.model import AtLeast, Known, Level, Unknown, Verdict
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT, BTC, ETH, Desk, at, kinds, order, position, read, rule, rung
from tests.core.metrics.beside.stage import Stage, quote


def watching(*held: Any, **changes: Any) -> Stage:
    return Stage("mark_age", *(held or (position(quantity=1),)), **changes)


def shown(stage: Stage, *marks: float | None, symbol: str = BTC, start: float = 0) -> Stage:
    """One answer a second with these marks; None is an answer without the symbol."""
    for second, mark in enumerate(marks):
        stage.shows(start + second, () if mark is None else (quote(symbol, mark),), ())
    return stage


def test_a_mark_is_as_old_as_the_first_answer_that_told_it():
    assert Known(0.0) == shown(watching(), 100, 101).now(1)
    assert Known(3.0) == shown(watching(), 100, 101, 101, 101, 101).now(4)
    assert Known(0.0) == shown(watching(), 100, 101, 101, 101, 100).now(4)


def test_a_mark_that_was_never_seen_to_change_may_be_older():
    found = shown(watching(), 100, 100, 100).now(2)

    assert isinstance(found, AtLeast)
    assert (2.0, True) == (found.value, found.filling)
    assert Verdict.CLEAR is not shown(watching(), 100).account.rules[0].verdict


def test_it_may_fire_all_the_same():
    stage = shown(watching(), *[100] * 3)
    stage.now(2)

    assert Verdict.BREACHED is stage.account.rules[0].verdict, "past half a second"


def test_the_worst_of_what_is_held_or_ordered_counts_and_nothing_else():
    stage = watching()
    for second in range(5):
        moving = quote(BTC, 100 + second), quote(ETH, 10 + (second == 1))
        stage.shows(second, moving, ())

    assert Known(0.0) == stage.now(4)
    assert Known(2.0) == stage.now(5, order(symbol=ETH))


def test_with_nothing_at_stake_no_price_matters():
    stage = Stage("mark_age")
    assert Known(0.0) == shown(stage, 100, 100, 100).now(2)


def test_a_symbol_that_an_answer_lacks_goes_on_counting():
    stage = shown(watching(), 100, 101, 101)
    stage.shows(3, (quote(ETH, 10),), ())
    assert stage.now(3) == AtLeast(1.0, f"no quote of {BTC}")

    assert Known(3.0) == shown(stage, 101, start=4).now(4)


def test_half_of_what_is_held_is_not_all_of_it():
    stage = watching(position(quantity=1), position(ETH, 1))

    assert shown(stage, 100, 101).now(1) == AtLeast(0.0, f"no quote of {ETH}")


def test_before_any_quote_nothing_is_known():
    stage = watching()
    stage.shows(0, (), ())
    assert isinstance(stage.now(0), Unknown)
    stage.shows(1, None, ())
    assert isinstance(stage.now(1), Unknown)


def test_answers_that_stop_are_blindness_and_no_still_mark():
    stage = shown(watching(), 100, 101)
    stage.now(62)

    assert isinstance(stage.account.rules[0].measured, Unknown)
    assert stage.account.rules[0].stale


def test_an_answer_that_comes_late_changes_nothing():
    stage = shown(watching(), 100, 101, 101)
    stage.shows(1.5, (quote(BTC, 99),), ())

    assert Known(1.0) == stage.now(2)


def test_after_an_hour_without_it_a_symbol_begins_anew():
    stage = shown(watching(), 100, 101)
    stage.shows(3602, (quote(ETH, 10),), ())
    stage.shows(3603, (quote(BTC, 101),), ())

    assert isinstance(stage.now(3603), AtLeast)


def test_only_the_symbol_that_stands_still_is_halted_and_nothing_is_closed():
    ladder = (rung(60, "caution"), rung(300, "halt"))
    held = (position(quantity=1), position(ETH, 1))
    desk = Desk(rule(*ladder, id="m", metric="mark_age", scope="symbol")).warm(*held)
    for second in range(0, 310, 5):
        quotes = quote(BTC, 100 + second), quote(ETH, 10 + (second > 0))
        desk.send(MarketTaken(at(second), Market(ACCOUNT, at(second), quotes, ())))
        desk.see(read(second, held))

    assert Level.HALT is BY_NAME["mark_age"].ceiling
    assert (Level.HALT, (ETH,)) == (desk.level, desk.incident.only)
    assert [] == kinds(desk.effects, "close_position", "close_order", "cancel_order", "fence_key")


@pytest.mark.parametrize("without", [("marks",), ()])
def test_since_when_survives_the_journal_and_an_older_one_begins_anew(without: tuple[str, ...]):
    stage = shown(watching(), 100, 101, 101)
    told = json.loads(encode_state(stage.state))
    for name in without:
        del told["accounts"][0]["markets"][name]

    decoded = decode_state(json.dumps(told))
    if not without:
        assert decoded == stage.state
    stage.state = decoded
    found = shown(stage, 101, 101, start=3).now(4)

    assert isinstance(found, AtLeast if without else Known)
    assert (1.0 if without else 3.0) == found.value


def test_symbols_that_are_gone_are_bounded():
    known = Markets()
    for second in range(5 * MAXIMUM_MISSED):
        seen = (quote(f"C{second}/USDT:USDT", 1),)
        known = fold_market(known, Market(ACCOUNT, at(second), seen, None))

    assert MAXIMUM_MISSED + 1 == len(known.marks)
    assert any(mark.symbol == f"C{5 * MAXIMUM_MISSED - 1}/USDT:USDT" for mark in known.marks)


@given(st.lists(st.sampled_from([1, 2, 3, None]), min_size=1, max_size=40))
def test_it_is_as_long_as_pandas_run_of_the_same(marks: list[int | None]):
    known = Markets()
    for second, mark in enumerate(marks):
        seen = () if mark is None else (quote(BTC, mark),)
        known = fold_market(known, Market(ACCOUNT, at(second), seen, None))
    told = pd.Series(marks, dtype="float64").dropna()
    if told.empty:
        assert () == known.marks
        return
    run = told[(told != told.shift()).cumsum() == (told != told.shift()).cumsum().iloc[-1]]

    (found,) = known.marks
    assert still_seconds(found) == run.index[-1] - run.index[0]
    assert found.moved == (len(run) < len(told))


def test_a_recorded_feed_froze_in_the_worst_hour_of_a_crash_and_at_no_other_time(market_data: Path):
    """Five-minute closes as answers: that of November 2022 stood still for nearly an hour, in all symbols."""
    longest = {}
    for file in sorted((market_data / "dev").glob("*_okx_perp_5m.parquet")):
        bars = pd.read_parquet(file).sort_values("ts")
        known, still = Markets(), 0.0
        for ts, rows in bars.groupby("ts"):
            closes = zip(rows["symbol"], rows["close"], strict=True)
            seen = tuple(quote(symbol, close) for symbol, close in closes)
            known = fold_market(known, Market(ACCOUNT, at(int(ts) / 1000), seen, None))
            still = max(still, *(still_seconds(mark) for mark in known.marks))
        longest[file.name[:10]] = still

    assert longest["2022-11-08"] >= 3300
    assert max(still for day, still in longest.items() if day != "2022-11-08") <= 900
