"""What was done by the minute: no number of fills or orders is too large to be counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import ActivityTaken
from guardian.core.facts.activity import Activity, Fill, PastOrder, Tally
from guardian.core.memory import MAXIMUM_DOINGS, Doings
from guardian.core.metrics.doings import fold_activity
from guardian.core.metrics.tally import fold_tally, resting_by_minute
from guardian.core.model import AtLeast, Known, Level, Measured, OnUnknown, Window
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT, Desk, at, order, read, rule, rung
from tests.core.metrics.beside.stage import Stage, fill, past

DAY = Window("session")
FIVE = Window("sliding", 300.0)
NEXT_DAY = 43_200.0  # the first midnight that is watched
Told = tuple[tuple[Fill, ...], tuple[PastOrder, ...]]


def answer(second: float, fills: Any = (), orders: Any = ()) -> Activity:
    return Activity(ACCOUNT, at(second), tuple(fills), tuple(orders))


def folded(*answers: Activity) -> Tally:
    doings: Doings | None = None
    tally: Tally | None = None
    for each in answers:
        tally = fold_tally(tally, doings, each, {})
        doings = fold_activity(doings, each)
    assert tally is not None
    return tally


# --- what many small fills spend ----------------------------------------------------------------------


def test_many_small_fills_spend_as_much_as_a_few_large_ones():
    """Two thousand fills of 0.3 % of the equity each, ten seconds apart: six times the equity."""
    ladder = rung(2.0, "caution"), rung(3.0, "halt")
    spending = {"id": "day", "metric": "tod_spending", "window": DAY, "stale_after_seconds": 45.0}
    desk = Desk(rule(*ladder, on_unknown=OnUnknown.CAUTION, **spending)).warm(cash=1000)
    desk.send(ActivityTaken(at(-4), answer(-4)))
    desk.send(ActivityTaken(at(NEXT_DAY), answer(NEXT_DAY)))
    for n in range(2000):
        second = NEXT_DAY + 60 + 10 * n
        desk.send(ActivityTaken(at(second), answer(second, [fill(f"f{n}", second - 1, 0.03)])))
        if n % 100 == 99:
            desk.see(read(second, cash=1000))
            assert desk.account.rules[0].measured == Known(pytest.approx((n + 1) * 0.003))

    assert desk.level is Level.HALT


def test_what_an_older_memory_has_forgotten_is_not_taken_for_nothing():
    """As after an upgrade: its rows were never counted by the minute, and the oldest of them are gone."""
    stage = Stage("tod_spending", window=DAY, cash=1000).watched(-86_400)
    many = [fill(f"f{n:04}", -4000 + n, 0.01) for n in range(MAXIMUM_DOINGS + 100)]
    stage.did(0, many)
    course = replace(stage.account.course, tally=None)
    stage.state = replace(stage.state, accounts=(replace(stage.account, course=course),))
    stage.did(10, [fill("new", 5, 1)])

    got = stage.now(11)
    assert isinstance(got, AtLeast)
    assert (got.filling, got.value) == (False, pytest.approx((MAXIMUM_DOINGS * 0.01 + 1) * 100 / 1000))


# --- each row once --------------------------------------------------------------------------------------

rows = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 3000), st.sampled_from(["filled", "partly", "cancelled"])),
    unique_by=lambda row: row[0],
    max_size=25,
)


@given(told=rows, cuts=st.lists(st.integers(0, 25), max_size=5), repeat=st.integers(0, 25))
def test_however_rows_are_told_each_is_counted_once(
    told: list[tuple[int, int, str]], cuts: list[int], repeat: int
):
    fills = [fill(str(n), -s, 1 + n) for n, s, _ in told]
    orders = [past(str(n), -s - 90, -s, status) for n, s, status in told]
    once = folded(answer(-1, fills, orders))

    pieces, start = [answer(-3600)], 0
    for cut in [*sorted(cuts), len(told)]:
        back = max(0, start - repeat)
        pieces.append(answer(-1, fills[back:cut], orders[back:cut]))
        start = max(start, cut)

    assert folded(*pieces).minutes == once.minutes


def test_a_new_word_on_an_order_and_rows_of_before_the_oldest_count_nothing():
    many = [past(f"{n:04}", -900, -800 + n / 10, "cancelled") for n in range(MAXIMUM_DOINGS + 100)]
    first = folded(answer(-2000), answer(-1, (), many))
    again = folded(answer(-2000), answer(-1, (), many), answer(0, (), many))
    amended = folded(
        answer(-2000), answer(-1, (), many), answer(0, (), [replace(many[-1], updated_at=at(-0.5))])
    )

    assert sum(m[5] for m in first.minutes) == MAXIMUM_DOINGS + 100
    assert again == first
    assert amended == first


def test_guardians_own_and_what_the_venue_forces_are_not_counted():
    fills = [fill("1", -5, 1, client_id="gdn-1"), fill("2", -5, 1, cause="adl")]
    own = past("1", -5, client_id="gdn-1")

    assert sum(map(sum, (m[1:] for m in folded(answer(-9), answer(0, fills, [own])).minutes))) == 0


def test_they_are_bounded_also_by_a_clock_that_is_wrong():
    """A row of the year 2100 must not take the place of all that is known."""
    ages = [fill(f"f{n}", -60 * n, 0.01) for n in range(3000)]
    minutes = folded(answer(-200_000), answer(0, ages)).minutes
    ahead = folded(answer(-200_000), answer(0, ages), answer(1, [fill("x", 1e9, 0.01)])).minutes

    assert len(minutes) == 1500
    assert sum(m[2] for m in ahead) == sum(m[2] for m in minutes) + 1


def test_they_outlive_a_restart():
    stage = Stage("order_rate", window=FIVE).watched()
    stage.did(0, [fill("1", -5, 1)], [past("1", -5)])

    assert stage.account.course.tally is not None
    assert stage.account.course.tally.minutes
    assert decode_state(encode_state(stage.state)) == stage.state


# --- orders -----------------------------------------------------------------------------------------------


def steady(metric: str, per_minute: int, **more: Any) -> Stage:
    """So many orders a minute for fifteen minutes, cancelled after half a second, told every five."""
    stage = Stage(metric, window=FIVE, **more).watched()
    ended = [
        past(f"p{n}", -900 + n * 60 / per_minute, -899.5 + n * 60 / per_minute, "cancelled")
        for n in range(per_minute * 15)
    ]
    for k in range(0, 905, 5):
        stage.did(
            -900 + k, (), [o for o in ended if -905 + k < (o.updated_at - at(0)).total_seconds() <= -900 + k]
        )
    stage.did(0)
    return stage


def value(measured: Measured) -> float:
    assert isinstance(measured, Known), measured
    return measured.value


@pytest.mark.parametrize("per_minute", [50, 120, 300])
def test_a_runaway_is_measured_however_fast_it_is(per_minute: int):
    assert value(steady("order_to_trade", per_minute).now(1)) == pytest.approx(10 * per_minute, rel=0.02)
    assert value(steady("order_rate", per_minute).now(1)) == pytest.approx(per_minute, rel=0.02)
    assert value(steady("open_order_growth", per_minute).now(1)) <= 1.0


def test_what_piles_up_among_many_orders_is_seen():
    stage = steady("open_order_growth", 300)
    piling = [order(str(n), created_at=at(-n)) for n in range(100)]

    assert value(stage.now(1, *piling)) > 150


@given(
    lives=st.lists(st.tuples(st.integers(-600, 0), st.integers(0, 300)), max_size=40),
    still=st.lists(st.integers(-600, 0), max_size=10),
)
def test_at_whole_minutes_the_number_that_rests_is_exact(lives: list[tuple[int, int]], still: list[int]):
    over = [past(str(n), a, min(a + long, 0)) for n, (a, long) in enumerate(lives)]
    instants = [-60 * n for n in range(9, -1, -1)]
    minutes = folded(answer(-2000), answer(0, (), over)).minutes

    found = resting_by_minute(minutes, [at(s) for s in still], [at(i - 1e-6) for i in instants], at(0))

    rested = [
        sum(a < i <= min(a + long, 0) for a, long in lives) + sum(s < i for s in still) for i in instants
    ]
    assert [round(each, 2) for each in found[:-1]] == rested[:-1]
