"""M06: how fast the account loses, and how long until a limit if it goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.loss_velocity import velocity
from guardian.core.metrics.time_to_limit import DAY_SECONDS, limit_of, seconds_left
from guardian.core.metrics.track import LONGEST
from guardian.core.model import AtLeast, Known, LedgerKind, Measured, Unknown, Verdict, Window
from tests.core.build import Desk, position, read, row, rule, rung, says


def desk(metric: str = "loss_velocity", window: float = 300.0, of: str = "", limit: float = 60.0) -> Desk:
    direction = "under" if metric == "time_to_limit" else "over"
    own = rule(
        rung(limit, "caution"), id="m", metric=metric, window=Window("sliding", window), direction=direction
    )
    return Desk(replace(own, of=of))


def found(at: Desk) -> Measured:
    own = at.account.rule("m")
    assert own is not None
    return own.measured


def nav(seconds: float, value: float):
    """A read at which an account that began at 1000 is worth ten times this."""
    return read(seconds, (position(quantity=10, mark=value, entry=100),), cash=1000)


def fall(at: Desk, start: int, end: int, first: float, last: float) -> None:
    """One read each five seconds, from one price to the other."""
    for second in range(start, end + 1, 5):
        at.see(nav(second, first + (last - first) * (second - start) / max(end - start, 1)))


# --- vectors ------------------------------------------------------------------------------------------


def test_vector_two_percent_in_five_minutes():
    assert pytest.approx(0.004) == velocity(100, 98, 300)
    assert pytest.approx(450) == seconds_left(0.05, 0.02, 0.004)


@pytest.mark.parametrize("after", [100, 101])
def test_vector_without_a_loss_there_is_no_speed_and_no_limit_in_sight(after: float):
    assert 0.0 == velocity(100, after, 300)
    assert DAY_SECONDS == seconds_left(0.05, 0.0, 0.0)


# --- on an account ------------------------------------------------------------------------------------


def test_the_speed_is_between_two_instants_and_not_from_the_peak():
    at = desk()
    fall(at, 0, 100, 100, 104)
    fall(at, 105, 300, 104, 98)

    assert Known(pytest.approx(0.02 / 5, rel=1e-6)) == found(at)


def test_a_recovery_is_no_speed():
    at = desk(window=60.0)
    fall(at, 0, 60, 100, 90)
    fall(at, 65, 130, 90, 100)

    assert Known(0.0) == found(at)


def test_it_is_warming_until_the_track_is_as_long_as_the_window():
    at = desk()
    fall(at, 0, 295, 100, 90)
    assert isinstance(found(at), Unknown)

    fall(at, 300, 300, 90, 90)
    assert Known(pytest.approx(0.02)) == found(at)


def test_a_hole_at_the_window_s_beginning_is_unknown():
    at = desk()
    fall(at, 0, 100, 100, 100)
    fall(at, 160, 440, 99, 98)  # five minutes before 440 nothing was seen for 40 s

    assert isinstance(found(at), Unknown)


def test_deposits_and_withdrawals_have_no_speed():
    at = desk(window=60.0)
    fall(at, 0, 60, 100, 100)
    held = (position(quantity=10),)
    at.see(read(65, held, cash=500, ledger=(row("out", -500),)))
    assert Known(0.0) == found(at)

    at.see(read(70, held, cash=2500, ledger=(row("in", 2000),)))
    assert Known(0.0) == found(at)


def test_a_disputed_equity_proves_the_smaller_speed():
    at = desk(window=60.0)
    fall(at, 0, 60, 100, 100)
    at.see(says(nav(65, 90), 980))

    value = found(at)
    assert isinstance(value, AtLeast)
    assert pytest.approx(0.02, rel=0.1) == value.value


def test_a_window_beyond_the_track_is_said_to_be():
    at = desk(window=1800.0)
    fall(at, 0, 60, 100, 100)

    assert Unknown("the track holds 15 minutes") == found(at)


def test_the_track_is_bounded():
    at = desk()
    for half_second in range(2 * 1000):
        at.see(nav(half_second / 2, 100))
    track = at.account.course.track

    assert len(track) <= LONGEST.total_seconds() + 2
    assert track[-1][0] - track[0][0] >= LONGEST


# --- time to limit ------------------------------------------------------------------------------------


def test_the_fastest_of_three_speeds_tells_the_time():
    """2 % in the last minute of an hour: 3 % more would take 90 s at that speed."""
    at = desk("time_to_limit", 3600.0)
    fall(at, 0, 3600, 100, 100)
    fall(at, 3605, 3660, 100 - 2 / 12, 98)

    assert Known(pytest.approx(90, rel=1e-6)) == found(at)


def test_past_the_limit_no_time_is_left():
    at = desk("time_to_limit", 3600.0)
    fall(at, 0, 3600, 100, 100)
    fall(at, 3605, 3660, 99, 94)

    assert Known(0.0) == found(at)


def test_the_rule_may_name_another_limit():
    at = desk("time_to_limit", 3600.0, of="0.10")
    fall(at, 0, 3600, 100, 100)
    fall(at, 3605, 3660, 100 - 2 / 12, 98)

    assert Known(pytest.approx(240, rel=1e-6)) == found(at)


@pytest.mark.parametrize(
    ("name", "limit"), [("", 0.05), ("0.1", 0.1), ("1", None), ("nan", None), ("dd", None), ("-0.1", None)]
)
def test_only_a_fraction_is_a_limit(name: str, limit: float | None):
    assert limit == limit_of(name)


def test_while_the_window_fills_it_may_fire_and_never_clears():
    """The peak may lie before what was watched: the time left is an upper bound."""
    slow, fast = desk("time_to_limit", 86_400.0), desk("time_to_limit", 86_400.0)
    fall(slow, 0, 120, 100, 100)
    fall(fast, 0, 120, 100, 96)

    assert isinstance(found(slow), Unknown)
    assert isinstance(found(fast), Known)
    own = fast.account.rule("m")
    assert own is not None
    assert Verdict.BREACHED is own.verdict


@given(st.floats(0.001, 0.5), st.floats(0, 0.6), st.floats(0, 0.2), st.floats(0, 0.1))
def test_more_loss_never_leaves_more_time(limit: float, fallen: float, speed: float, more: float):
    assert seconds_left(limit, fallen + more, speed) <= seconds_left(limit, fallen, speed)
    assert seconds_left(limit, fallen, speed + more) <= seconds_left(limit, fallen, speed)
    assert 0 <= seconds_left(limit, fallen, speed) <= DAY_SECONDS


def test_a_fee_row_is_a_loss_like_any_other():
    at = desk(window=60.0)
    fall(at, 0, 60, 100, 100)
    at.see(read(65, (position(quantity=10),), cash=980, ledger=(row("f", -20, LedgerKind.FEE),)))

    assert Known(pytest.approx(0.02)) == found(at)
