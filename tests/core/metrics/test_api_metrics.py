"""Latency, error rate and the clock's offset, measured from the requests that reads report."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.core.metrics import BY_NAME, View
from guardian.core.metrics.api_calls import ERROR_CLASSES, SLOTS, error_class, failures, recent, requests
from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.model import AtLeast, Call, ClockOffset, Known, Level, Measured, Part, Unknown, Verdict
from tests.core.build import Desk, at, read, rule, rung, without

OK = Call("wallet-balance", 0.05)
LATE = Call("wallet-balance", 4.0, "timeout", answered=False)
REFUSED = Call("wallet-balance", 0.001, "network", answered=False)
METRICS = [f"api_latency_p{p}" for p in (50, 95, 99)] + ["api_error_rate", "rate_budget", "clock_offset"]


def calls(*seconds: float) -> tuple[Call, ...]:
    return tuple(Call("orders", each) for each in seconds)


def desk_on(metric: str, *ladder: Any) -> Desk:
    return Desk(rule(*(ladder or (rung(0.5, "caution"),)), id="m", metric=metric))


def asked(desk: Desk, second: float, *made: Call, clock: ClockOffset | None = None) -> None:
    """A read of that second in which every part failed: its requests are all the evidence there is."""
    desk.see(without(read(second, calls=made, clock=clock), *Part, code="timeout"))


def measured(desk: Desk, metric: str, second: float) -> Measured:
    own = desk.account.rules[0]
    return BY_NAME[metric].measure(View(desk.account, desk.state.rules[0], own, at(second)))


@pytest.mark.parametrize("metric", METRICS)
def test_blindness_goes_no_further_than_halt_and_needs_no_read(metric: str) -> None:
    chosen = BY_NAME[metric]

    assert (Level.HALT, (), ("none",)) == (chosen.ceiling, chosen.needs, chosen.windows)


@pytest.mark.parametrize("metric", METRICS)
def test_before_the_first_request_nothing_is_known_and_nothing_is_demanded(metric: str) -> None:
    desk = desk_on(metric).warm()

    assert Verdict.WARMING is desk.account.rules[0].verdict
    assert Level.NORMAL is desk.level


# --- latency ------------------------------------------------------------------------------------------


def test_quantiles_of_a_hundred_answers() -> None:
    desk = desk_on("api_latency_p99")
    asked(desk, 0, *calls(*(n / 100 for n in range(1, 101))))

    got = {p: measured(desk, f"api_latency_p{p}", 0) for p in (50, 95, 99)}

    for percent, value in got.items():
        assert isinstance(value, Known)
        assert value.value == pytest.approx(percent / 100, rel=0.0101)


def test_a_quantile_that_falls_on_a_request_without_an_answer_is_at_least_its_time() -> None:
    desk = desk_on("api_latency_p99")
    asked(desk, 0, *[OK] * 97, *[LATE] * 3)

    middle, tail = (measured(desk, f"api_latency_p{p}", 0) for p in (50, 99))

    assert isinstance(middle, Known)
    assert middle.value == pytest.approx(0.05, rel=0.0101)
    assert isinstance(tail, AtLeast)
    assert tail.value == pytest.approx(4.0, rel=0.0101)


def test_a_line_that_breaks_at_once_is_not_a_fast_venue() -> None:
    """A refused connection takes a millisecond; counted as an answer it would look like health."""
    desk = desk_on("api_latency_p50")
    asked(desk, 0, *[OK] * 4, *[REFUSED] * 6)

    value = measured(desk, "api_latency_p50", 0)

    assert isinstance(value, AtLeast)
    assert value.value < 0.01


def test_what_lies_between_an_answer_and_a_wait_is_only_bounded() -> None:
    """One of three had no answer after 20 ms: the median is 10 ms or more, 50 ms at most."""
    desk = desk_on("api_latency_p50")
    asked(desk, 0, *calls(0.01, 0.05), Call("orders", 0.02, "network", answered=False))

    value = measured(desk, "api_latency_p50", 0)

    assert isinstance(value, AtLeast)
    assert value.value == pytest.approx(0.02, rel=0.0101)


def test_timeouts_halt_while_every_read_fails() -> None:
    desk = desk_on("api_latency_p95", rung(2.0, "caution"), rung(3.0, "halt", hold=10))
    levels = []
    for second in range(0, 60, 5):
        asked(desk, second, *[LATE] * 3)
        levels.append(desk.level)

    assert levels[0] is Level.CAUTION
    assert Level.HALT is desk.level


def test_a_minute_later_a_slow_time_is_over_and_an_idle_one_is_unknown() -> None:
    desk = desk_on("api_latency_p99")
    asked(desk, 0, LATE)
    asked(desk, 58, OK)

    within = measured(desk, "api_latency_p99", 59)
    after = measured(desk, "api_latency_p99", 60)
    idle = measured(desk, "api_latency_p99", 200)

    assert isinstance(within, AtLeast)
    assert isinstance(after, Known)
    assert isinstance(idle, Unknown)
    assert not idle.warming, "it was known once: silence is not a fresh start"


def test_memory_is_bounded_in_a_day_of_any_latencies() -> None:
    desk = desk_on("api_latency_p99")
    for n in range(2000):
        asked(desk, n * 43.2, *calls(10.0 ** (n % 7 - 4), 1 + n % 13))
    for n in range(600):
        asked(desk, 86400 + n / 10, *calls(1 + n / 600))

    assert len(desk.account.api.slots) <= SLOTS
    assert max(len(slot.answered) for slot in desk.account.api.slots) <= 871


def test_requests_of_a_read_that_was_overtaken_still_count() -> None:
    desk = desk_on("api_error_rate")
    asked(desk, 5, OK)
    desk.see(read(3, calls=(LATE,)), arrives=6)

    assert 2 == requests(recent(desk.account.api, at(6)))


# --- errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "of", "bound"), [(1, 1, 0.2065), (5, 10, 0.2366), (50, 100, 0.4038), (0, 300, 0.0)]
)
def test_wilsons_lower_bound(hits: int, of: int, bound: float) -> None:
    assert wilson_lower(hits, of) == pytest.approx(bound, abs=5e-5)


def test_the_error_rate_is_what_is_proven() -> None:
    desk = desk_on("api_error_rate")
    asked(desk, 0, *[OK] * 5, *[LATE] * 5)

    value = measured(desk, "api_error_rate", 0)

    assert isinstance(value, Known)
    assert value.value == pytest.approx(0.2366, abs=5e-5)


@pytest.mark.parametrize(
    ("code", "answered", "kind"),
    [
        ("", True, ""),
        ("http-429", True, "rate_limit"),
        ("http-403", True, "rate_limit"),
        ("10006", True, "rate_limit"),
        ("10018", True, "rate_limit"),
        ("http-500", True, "server"),
        ("http-503", True, "server"),
        ("10003", True, "auth"),
        ("http-401", True, "auth"),
        ("timeout", False, "no_answer"),
        ("network", False, "no_answer"),
        ("garbage", True, "other"),
        ("110001", True, "other"),
    ],
)
def test_failures_are_told_by_what_they_ask_of_people(code: str, answered: bool, kind: str) -> None:
    assert kind == error_class(Call("orders", 0.1, code, answered))


def test_failures_are_counted_by_class_over_the_slots() -> None:
    desk = desk_on("api_error_rate")
    for second, code in ((0, "http-429"), (6, "10006"), (12, "http-502")):
        asked(desk, second, OK, Call("orders", 0.1, code))

    counted = failures(recent(desk.account.api, at(12)))

    assert {"rate_limit": 2, "server": 1, "auth": 0, "no_answer": 0, "other": 0} == counted
    assert set(ERROR_CLASSES) == set(counted)


def test_a_venue_that_refuses_everything_halts() -> None:
    desk = desk_on("api_error_rate", rung(0.2, "caution"), rung(0.5, "halt", hold=5))
    for second in range(10):
        asked(desk, second, *[Call("orders", 0.05, "10003")] * 5)

    assert Level.HALT is desk.level


# --- the clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "error", "expected"),
    [
        (0.25, 0.05, Known(0.25)),
        (-2.5, 0.1, Known(2.5)),
        (-3.0, 0.5, 2.5),
        (0.25, 0.4, 0.0),
    ],
)
def test_the_clock_is_known_or_only_bounded(seconds: float, error: float, expected: Known | float) -> None:
    desk = desk_on("clock_offset")
    asked(desk, 0, clock=ClockOffset(seconds, error))

    value = measured(desk, "clock_offset", 1)

    if isinstance(expected, Known):
        assert expected == value
    else:
        assert isinstance(value, AtLeast)
        assert expected == value.value


def test_a_clock_that_is_no_longer_told_is_unknown_not_right() -> None:
    desk = desk_on("clock_offset")
    asked(desk, 0, clock=ClockOffset(0.01, 0.01))
    asked(desk, 20)

    value = measured(desk, "clock_offset", 20)

    assert isinstance(value, Unknown)
    assert not value.warming


def test_an_offset_that_is_no_number_is_no_evidence() -> None:
    desk = desk_on("clock_offset")
    asked(desk, 0, clock=ClockOffset(float("nan"), 0.01))

    assert isinstance(measured(desk, "clock_offset", 0), Unknown)


def test_a_clock_two_seconds_off_halts() -> None:
    desk = desk_on("clock_offset", rung(0.5, "caution"), rung(2.0, "halt"))
    asked(desk, 0, clock=ClockOffset(-2.2, 0.02))

    assert Level.HALT is desk.level
