"""M34: what the account and its paper twin have earned, as the twin's words come."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guardian.bench.metrics.memory import size_of
from guardian.core.facts.telemetry import Tracked, Twin
from guardian.core.metrics.tracking import thinned
from guardian.core.model import AtLeast, Known, LedgerKind, Measured, Unknown, Verdict, Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import at, money, read, row, says
from tests.core.metrics.beside.stage import Stage, days, twin

NOON = 43_200
HOUR = 3600
WEEK = days(7)


class Pair(Stage):
    """An account without positions whose P&L is booked, and its paper twin, told at the same moments."""

    def __init__(self, window: Window | float = WEEK, paper: float = 5000, **changes: Any) -> None:
        kind = Window("sliding", window) if isinstance(window, float | int) else window
        super().__init__("tracking_difference", cash=1000, window=kind, **changes)
        self.paper, self.paid, self.rows = paper, 0.0, 0
        self.times, self.lost = 1.0, 0

    def earns(self, second: float, live: float = 0.0, paper: float = 0.0) -> Measured:
        """Both earn so much of what they have; then both are told."""
        self.books(second, self.cash * live, LedgerKind.TRADE)
        self.paper *= 1 + paper
        return self.word(second)

    def books(self, second: float, change: float, kind: LedgerKind = LedgerKind.FLOW) -> None:
        self.rows += 1
        self.cash += change
        booked = replace(row(f"r{self.rows}", change, kind), at=at(second))
        self.see(read(second, cash=self.cash, ledger=(booked,)))

    def word(self, second: float) -> Measured:
        told = replace(twin("paper", second, self.paper, self.times), transferred=money(self.paid))
        self.tell(second, twins=(told,))
        return self.measured

    @property
    def measured(self) -> Measured:
        return self.account.rules[0].measured

    @property
    def tracked(self) -> Tracked:
        tracked = self.account.stack.tracked
        assert tracked is not None
        return tracked


def value(measured: Measured) -> float:
    assert not isinstance(measured, Unknown), measured
    return measured.value


# --- the formula --------------------------------------------------------------------------------------


def test_vector_of_two_days():
    pair = Pair()
    pair.earns(0)
    pair.earns(days(1), 0.01, 0.012)
    pair.earns(days(2), -0.02, -0.018)

    assert pair.tracked.difference == pytest.approx(-0.004)
    assert value(pair.measured) == pytest.approx(0.004)


EARNED = st.tuples(st.integers(0, 30 * 96), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))


@given(st.lists(EARNED, min_size=1, max_size=30, unique_by=lambda each: each[0]))
def test_the_sum_of_days_is_pandas_however_often_the_twin_speaks(told: list[tuple[int, float, float]]):
    pair, start = Pair(), {"live": 1.0, "paper": 1.0}
    pair.earns(0)
    rows = [(at(0), 1.0, 1.0)]
    for quarter, live, paper in sorted(told):
        pair.earns((quarter + 1) * 900, live, paper)
        start = {"live": start["live"] * (1 + live), "paper": start["paper"] * (1 + paper)}
        rows.append((at((quarter + 1) * 900), *start.values()))
    table = pd.DataFrame(rows, columns=["at", "live", "paper"]).set_index("at")
    ends = pd.concat([table.iloc[[0]], table.groupby(table.index.floor("D")).last()])
    theirs = ends.pct_change().dropna()

    assert pair.tracked.difference == pytest.approx((theirs.live - theirs.paper).sum(), abs=1e-9)


def test_within_a_day_it_does_not_grow_with_how_often_the_twin_speaks():
    """Up and down by a percent a hundred times: sums of each step would be off by the squares."""
    often, once = Pair(), Pair()
    for pair in (often, once):
        pair.earns(0)
    for step in range(100):
        often.earns(60 * (step + 1), (-1) ** step * 0.01)
    once.earns(60, often.cash / 1000 - 1)

    assert often.tracked.difference == pytest.approx(once.tracked.difference, abs=1e-12)


def test_live_that_earns_more_is_as_far_off():
    pair = Pair()
    pair.earns(0)

    assert value(pair.earns(60, 0.03, 0.01)) == pytest.approx(0.02)


def test_an_account_that_is_meant_to_be_twice_the_size_earns_twice():
    pair = Pair()
    pair.times = 2.0
    pair.earns(0)
    pair.times = 1.0
    assert value(pair.earns(60, 0.02, 0.01)) == pytest.approx(0), "until this word it was meant to be twice"

    assert value(pair.earns(120, 0.01, 0.01)) == pytest.approx(0, abs=1e-12)


# --- money that is paid in or out ---------------------------------------------------------------------


@given(st.lists(st.sampled_from([(400, 0), (0, 400), (-100, 0), (0, -300), (250, -250)]), max_size=8))
def test_flows_of_either_earn_nothing(flows: list[tuple[int, int]]):
    pair = Pair()
    pair.earns(0)
    for step, (live, paper) in enumerate(flows):
        pair.books(60 * step + 30, live)
        pair.paper += paper
        pair.paid += paper
        pair.word(60 * step + 31)
        pair.earns(60 * step + 60, 0.01, 0.01)

    assert pair.tracked.difference == pytest.approx(0, abs=1e-9)


def test_a_lost_word_loses_no_flow():
    pair = Pair()
    pair.earns(0)
    pair.paper, pair.paid = 6000, 1000
    pair.paper, pair.paid = 6500, 1500

    assert value(pair.earns(60, 0.01)) == pytest.approx(0.01)


def test_what_the_twin_does_not_tell_counts_as_earned():
    pair = Pair()
    pair.earns(0)
    pair.paper = 6000

    assert value(pair.earns(60)) == pytest.approx(0.2)


# --- windows ------------------------------------------------------------------------------------------


def test_what_was_earned_before_the_window_is_none_of_it():
    pair = Pair(float(2 * HOUR))
    pair.earns(0)
    pair.earns(HOUR, 0.05)
    assert value(pair.earns(2 * HOUR + 60, 0.01)) == pytest.approx(0.0605, abs=1e-3)

    assert pair.earns(3 * HOUR + 60) == Known(pytest.approx(0.0105, abs=1e-3))


def test_a_day_begins_with_the_last_word_before_midnight():
    pair = Pair(Window("session"))
    pair.earns(0)
    assert isinstance(pair.earns(HOUR, 0.05), AtLeast), "since noon nobody knows the whole day"
    pair.earns(NOON - 30, 0.01)
    pair.read(NOON + 1)
    assert isinstance(pair.measured, Unknown), "nothing of the day yet"

    assert pair.earns(NOON + 60, 0.02, 0.01) == Known(pytest.approx(0.01))


def test_a_window_that_is_not_full_may_fire_and_never_clears():
    pair = Pair(float(2 * HOUR))
    calm, off = pair.earns(0), pair.earns(60, -0.6)

    assert isinstance(calm, AtLeast)
    assert calm.filling
    assert off == AtLeast(pytest.approx(0.6), "told for 60 s of 7200 s", filling=True)
    assert Verdict.BREACHED is pair.account.rules[0].verdict


def test_a_word_that_is_missing_where_the_window_begins_never_clears():
    """Half a day of silence: whether it was earned before or after the window began nobody knows."""
    pair = Pair(float(2 * HOUR))
    pair.earns(0)
    found = pair.earns(NOON, 0.01)

    assert found == AtLeast(pytest.approx(0.01), found.why if isinstance(found, AtLeast) else "", unseen=True)
    pair.earns(NOON + HOUR)
    assert isinstance(pair.earns(NOON + 2 * HOUR), Known)


def test_a_silence_within_the_window_hides_nothing():
    pair = Pair(float(10 * HOUR))
    pair.earns(0)
    pair.earns(HOUR)

    assert pair.earns(10 * HOUR, 0.01, 0.03) == Known(pytest.approx(0.02))


# --- what is not known --------------------------------------------------------------------------------


def test_a_twin_that_is_not_told_is_unknown_and_one_that_stops_goes_stale():
    pair = Pair()
    pair.read(0)
    assert isinstance(pair.measured, Unknown)
    pair.earns(1)
    assert not isinstance(pair.measured, Unknown)
    pair.read(62)

    assert isinstance(pair.measured, Unknown)
    assert pair.account.rules[0].stale


def test_what_was_earned_before_a_long_silence_stays_before_it():
    """The silence is longer than what is kept of each hour."""
    pair = Pair(days(30))
    pair.earns(0)
    pair.earns(days(20), 0.3)
    pair.earns(days(55), 0.01)
    found = pair.earns(days(60), 0.01)

    assert isinstance(found, AtLeast)
    assert found.value == pytest.approx(0.02)


def test_a_word_without_an_equity_of_its_moment_waits_for_the_next():
    pair = Pair()
    pair.earns(0)
    pair.cash, pair.paper = 1020, 5100
    pair.word(60)
    assert (at(0), 0.0) == (pair.tracked.at, pair.tracked.difference), "the newest read is a minute old"
    pair.cash = 1000

    assert value(pair.earns(61, 0.02)) == pytest.approx(0, abs=1e-12)


def test_a_disputed_equity_is_compared_with_nothing():
    pair = Pair()
    pair.earns(0)
    for second in range(1, 10):
        pair.see(says(read(second), 2000))
    pair.word(9)

    assert isinstance(pair.measured, Unknown)
    assert at(0) == pair.tracked.at


def test_it_begins_anew_with_the_account_and_with_a_twin_that_lost_everything():
    pair = Pair()
    pair.earns(0)
    pair.earns(60, 0.1)
    pair.books(61, -pair.cash)
    for second in range(62, 70):
        pair.cash = 500
        pair.read(second)
    assert isinstance(pair.measured, Unknown)
    pair.word(70)
    assert (at(70), 0.0) == (pair.tracked.since, pair.tracked.difference)

    pair.paper = 0
    pair.word(71)
    assert pair.account.stack.tracked is None


def test_a_late_word_changes_nothing():
    pair = Pair()
    pair.earns(10)
    before = pair.account.stack
    pair.word(5)

    assert before == pair.account.stack


# --- laws ---------------------------------------------------------------------------------------------

SAME = [replace(twin("paper", 60, 5000), equity=money(e)) for e in (4900, 5000, 5100)]


@given(st.permutations(SAME))
def test_words_of_one_moment_count_in_any_order(words: list[Twin]):
    pair = Pair()
    pair.earns(0)
    pair.read(60)
    for word in words:
        pair.tell(60, twins=(word,))
    pair.paper = 5100
    pair.earns(120, 0.01)

    assert pair.tracked.difference == pytest.approx(0.01 - 0.02)


ODD = st.sampled_from(["0", "1e-300", "1e300", "-5", "NaN", "Infinity", "5000"])


@example([("5000", "0", 1e308), ("1e300", "0", 1e308)])
@given(st.lists(st.tuples(ODD, ODD, st.sampled_from([1.0, 0.0, 1e308, float("nan")])), max_size=8))
def test_no_odd_word_makes_it_fail_or_be_no_number(words: list[tuple[str, str, float]]):
    pair = Pair()
    for second, (equity, paid, times) in enumerate(words):
        odd = replace(twin("paper", second, 1, times), equity=money(equity), transferred=money(paid))
        pair.read(second)
        pair.tell(second, twins=(odd,))
        pair.read(second)

        assert abs(getattr(pair.measured, "value", 0.0)) < float("inf")
        assert "failed" not in getattr(pair.measured, "why", "")
        assert decode_state(encode_state(pair.state)) == pair.state


@given(st.integers(0, 30), st.integers(0, 1))
def test_a_replay_from_any_checkpoint_says_the_same(checkpoint: int, seed: int):
    whole, again = Pair(float(HOUR)), Pair(float(HOUR))
    for step in range(31):
        if step == checkpoint:
            again.state = decode_state(encode_state(again.state))
        for pair in (whole, again):
            pair.earns(step * 400, 0.001 * ((step * 7 + seed) % 5 - 2), 0.001 * (step % 3 - 1))

    assert whole.state == again.state


def test_an_older_journal_begins_anew():
    pair = Pair()
    pair.earns(0)
    told = json.loads(encode_state(pair.state))
    del told["accounts"][0]["stack"]["tracked"]
    del told["accounts"][0]["stack"]["twins"][0]["transferred"]
    pair.state = decode_state(json.dumps(told))

    assert value(pair.earns(60, 0.02)) == 0, "from its next word on"
    assert value(pair.earns(120, 0.02)) == pytest.approx(0.02)


def test_a_month_of_words_is_bounded():
    points: tuple[tuple[Any, float], ...] = ()
    for cell in range(40 * 96):
        points = thinned((*points, (at(cell * 900), float(cell))), at(cell * 900))
    ages = [(points[-1][0] - moment).total_seconds() for moment, _ in points]

    assert len(points) <= 2 * 96 + 29 * 24 + 3
    assert list(points) == sorted(points)
    assert days(31) <= max(ages) < days(31) + HOUR
    assert 900 == max(a - b for a, b in pairwise(ages) if a < days(2))
    assert HOUR == max(a - b for a, b in pairwise(ages) if b > days(2))
    assert size_of(points) < 150_000
