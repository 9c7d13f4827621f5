"""M30: what added risk within hours of the local day, across midnight and changes of the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_DOINGS
from guardian.core.metrics.local_hours import opened_at
from guardian.core.metrics.tally import opening_worth
from guardian.core.model import AtLeast, Known, Unknown, Window
from tests.core.build import order, position, read
from tests.core.metrics.beside.stage import Stage, fill

BERLIN = "Europe/Berlin"
NIGHT = Window("hours", tz=BERLIN, opens=22 * 60, closes=6 * 60)
NOON_TO_FOUR = Window("hours", opens=12 * 60, closes=16 * 60)
"""The desk starts at noon UTC."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- hours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "began"),
    [
        ("2026-03-02 20:59:59", None),
        ("2026-03-02 21:00", "2026-03-02 21:00"),
        ("2026-03-03 04:59:59", "2026-03-02 21:00"),
        ("2026-03-03 05:00", None),
        # The clocks go forward at 01:00 UTC on 29 March: this night has seven hours.
        ("2026-03-29 03:59:59", "2026-03-28 21:00"),
        ("2026-03-29 04:00", None),
        ("2026-03-29 20:00", "2026-03-29 20:00"),
        # They go back at 01:00 UTC on 25 October: this one has nine.
        ("2026-10-25 04:59:59", "2026-10-24 20:00"),
        ("2026-10-25 05:00", None),
        ("2026-10-25 21:00", "2026-10-25 21:00"),
    ],
)
def test_a_night_in_berlin(now: str, began: str | None):
    assert (utc(began) if began else None) == opened_at(NIGHT, utc(now))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_local_day_has_as_many_hours_as_it_has(day: str, hours: int):
    begin = datetime.fromisoformat(f"{day} 00:00").replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
    window, last = Window("session", tz=BERLIN), begin + timedelta(hours=hours, seconds=-1)

    assert (begin, begin) == (opened_at(window, begin), opened_at(window, last))
    assert begin + timedelta(hours=hours) == opened_at(window, last + timedelta(seconds=1))


def test_a_time_that_comes_twice_is_inside_both_times_and_one_that_is_skipped_is_passed():
    twice = Window("hours", tz=BERLIN, opens=150, closes=170)
    inside = [m for m in range(180) if opened_at(twice, utc("2026-10-25 00:00") + timedelta(minutes=m))]
    skipped = [m for m in range(180) if opened_at(twice, utc("2026-03-29 00:00") + timedelta(minutes=m))]

    assert list(range(30, 110)) == inside, "from 02:30 the first time to 02:50 the second time"
    assert [] == skipped, "no clock shows it"


def test_hours_that_begin_or_end_in_what_is_skipped_end_at_the_jump():
    jump = utc("2026-03-29 01:00")
    ending, beginning = (Window("hours", tz=BERLIN, opens=o, closes=c) for o, c in ((90, 150), (150, 300)))

    assert (jump - timedelta(minutes=30), None) == tuple(
        opened_at(ending, jump + timedelta(seconds=s)) for s in (-1, 0)
    )
    assert (None, jump) == tuple(opened_at(beginning, jump + timedelta(seconds=s)) for s in (-1, 0))


MINUTES = st.integers(0, 1439)
EARLY = datetime.fromisoformat("2025-01-01")


@given(MINUTES, MINUTES, st.sampled_from([BERLIN, "UTC", "America/New_York", "Asia/Kolkata"]),
       st.datetimes(EARLY, EARLY + timedelta(days=730)))  # fmt: skip
def test_inside_is_what_a_clock_on_the_wall_shows(opens: int, closes: int, tz: str, naive: datetime):
    window, now = Window("hours", tz=tz, opens=opens, closes=closes), naive.replace(tzinfo=UTC)
    local = now.astimezone(ZoneInfo(tz))
    shown = local.hour * 60 + local.minute
    usual = opens <= shown < closes if opens < closes else shown >= opens or shown < closes
    began = opened_at(window, now)

    offsets = {(local + timedelta(hours=h)).replace(tzinfo=ZoneInfo(tz)).utcoffset() for h in range(-25, 4)}
    if len(offsets) == 1:
        assert usual is (began is not None)
    assert began is None or began <= now < began + timedelta(hours=26)


# --- spending -----------------------------------------------------------------------------------------


def spent(*fills: Any, metric: str = "tod_spending", **changes: Any) -> Stage:
    stage = Stage(metric, cash=10_000, **{"window": NOON_TO_FOUR, **changes}).watched()
    stage.did(0, fills=fills)
    return stage


VECTOR = (
    fill("1", 0, 6, 100),
    fill("2", 10, 3, 100),
    fill("3", 20, -4, 100, closed=4),
)


def test_vector_reductions_are_free_and_the_next_buy_is_too_much():
    stage = spent(*VECTOR)

    assert stage.now(30) == Known(pytest.approx(0.09))
    stage.did(31, fills=(fill("4", 31, 2, 100),))
    assert stage.now(31) == Known(pytest.approx(0.11))


def test_outside_of_the_hours_nothing_is_spent_and_the_budget_is_whole_again():
    stage = spent(*VECTOR, stale_after_seconds=3600.0)
    stage.did(4 * 3600, fills=())
    assert Known(0.0) == stage.now(4 * 3600)

    stage.did(24 * 3600 + 1, fills=())

    assert Known(0.0) == stage.now(24 * 3600 + 1), "noon of the next day"


def test_what_came_before_the_hours_is_not_in_them_and_their_first_instant_is():
    stage = spent(fill("0", -0.001, 5, 100), fill("1", 0, 1, 100))

    assert stage.now(1) == Known(pytest.approx(0.01))


def test_a_flip_opens_what_it_did_not_close():
    assert 200 == opening_worth(fill("1", 0, -5, 100, closed=3))
    assert 0 == opening_worth(fill("1", 0, -5, 100, symbol="BTC/USDT"))
    assert 500 == opening_worth(fill("1", 0, 5, 100, symbol="BTC/USDT"))
    assert 500 == opening_worth(fill("1", 0, 5, 100, symbol="BTC/USD:BTC", inverse=True)) * 100


@pytest.mark.parametrize("free", [{"client_id": "gdn-1"}, {"cause": "liquidation"}])
def test_what_guardian_or_the_venue_did_is_not_spent(free: dict[str, str]):
    assert Known(0.0) == spent(fill("1", 0, 5, 100, **free)).now(1)


def test_watching_that_began_within_the_hours_never_clears():
    stage = Stage("tod_spending", cash=10_000, window=NOON_TO_FOUR).watched(-1)
    stage.did(100, fills=(fill("1", 50, 6, 100),))
    known = stage.now(100)
    late = Stage("tod_spending", cash=10_000, window=NOON_TO_FOUR)
    late.did(40, fills=())
    late.did(100, fills=(fill("1", 50, 6, 100),))

    assert known == Known(pytest.approx(0.06))
    got = late.now(100)
    assert isinstance(got, AtLeast)
    assert (got.filling, got.value) == (True, pytest.approx(0.06))


def test_more_fills_than_are_remembered_are_all_counted():
    rows = tuple(fill(f"{n:04}", n / 10, 0.01, 100) for n in range(MAXIMUM_DOINGS + 100))

    assert spent(*rows).now(60) == Known(pytest.approx((MAXIMUM_DOINGS + 100) * 0.0001))


def test_before_the_first_answer_nothing_is_known():
    assert isinstance(Stage("tod_spending", window=NOON_TO_FOUR).now(0), Unknown)


def test_committed_counts_what_resting_orders_would_open():
    """A buy of 5, a reduce-only sale, and a sale of 3 of which 1 would close the long position."""
    held = position(quantity=1)
    stage = Stage("tod_committed", held, cash=10_000, window=NOON_TO_FOUR).watched()
    stage.did(0, fills=VECTOR[:1])
    orders = (
        order("1", remaining=held.quantity * 5, price=held.mark),
        order("2", side=-1, remaining=held.quantity, price=held.mark, reduce_only=True),
        order("3", side=-1, remaining=held.quantity * 3, price=held.mark),
    )

    assert stage.now(1, *orders) == Known(pytest.approx((600 + 500 + 200) / 10_000))


def test_an_order_without_a_price_leaves_a_bound():
    stage = Stage("tod_committed", window=NOON_TO_FOUR).watched()
    stage.did(0)
    unpriced = replace(order("1"), price=None)

    assert isinstance(stage.now(1, unpriced), AtLeast)
    stage.see(read(2, (position(quantity=1),), (unpriced,)))
    assert isinstance(stage.account.rules[0].measured, Known), "a mark prices it"
