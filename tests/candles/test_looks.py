"""Looks between two closes: as few as tell the same as one every second."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.model import Rule
from guardian.replay import drive as driving
from guardian.replay.drive import Course
from tests.candles.build import START_MS, driven
from tests.core.build import SLIDING_HOUR, rule, rung

CALM = [100.0] * 3
CROSSING = START_MS // 1000 + 4 * 60
"""Where the fourth bar closes."""


def looked_at(monkeypatch: pytest.MonkeyPatch, closes: list[float], *rules: Rule) -> tuple[list[int], Course]:
    """Seconds after the fourth close at which the account is looked at, but for closes; and the course."""
    seconds: list[int] = []
    look = driving.Ride._look

    def counted(ride: Any, at: Any) -> None:
        seconds.append(round(at.timestamp()) - CROSSING)
        look(ride, at)

    monkeypatch.setattr(driving.Ride, "_look", counted)
    course = driven(closes, *rules)
    return [second for second in seconds if second > 0 and second % 60], course


@pytest.mark.parametrize(
    ("hold", "seconds"),
    [
        (1.0, [1]),
        (4.0, [4]),
        (7.0, [5, 7]),
        (28.5, [5, 10, 15, 20, 25, 29]),
        (30.0, [5, 10, 15, 20, 25, 30]),
    ],
)
def test_a_hold_that_fills_is_looked_at_when_it_is_full_and_every_five_seconds(
    monkeypatch: pytest.MonkeyPatch, hold: float, seconds: list[int]
) -> None:
    looked, course = looked_at(monkeypatch, [*CALM, 94.0, 94.0], rule(rung(0.05, "halt", hold)))

    assert looked == seconds
    (change,) = course.transitions
    assert change.at.timestamp() - CROSSING == seconds[-1]


def test_a_long_hold_is_looked_at_every_five_seconds_and_before_each_close_until_it_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Past the limit for one bar: a minute has filled, and drains half a second a second."""
    looked, _ = looked_at(monkeypatch, [*CALM, 94.0, *[100.0] * 4], rule(rung(0.05, "halt", 300.0)))

    fills, drains = [s for s in looked if s < 60], [s for s in looked if s > 60]
    assert fills == [*range(5, 60, 5), 59]  # what changes at a close counts from the second before it
    assert drains[:12] == [*range(65, 120, 5), 119]
    assert drains[-1] == 180 - 1


@settings(max_examples=150, deadline=None)
@given(
    closes=st.lists(st.sampled_from([100.0, 98.0, 96.5, 94.0, 92.0]), min_size=3, max_size=9),
    holds=st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 3.5, 7.0, 30.0, 61.0, 150.0])] * 3),
    clears=st.sampled_from(["operator", "auto"]),
)
def test_what_happens_is_what_a_look_every_second_would_see(
    closes: list[float], holds: tuple[float, ...], clears: Any
) -> None:
    """To the second, and to the cent of what is left."""
    ladder = rung(0.03, "caution", holds[0]), rung(0.05, "halt", holds[1]), rung(0.07, "flatten", holds[2])
    slow = rule(rung(0.04, "reduce", holds[2], to=0.5), id="slow", window=SLIDING_HOUR, clears=clears)
    rules = rule(*ladder), slow
    few = driven([100.0, *closes], *rules)

    with pytest.MonkeyPatch.context() as patched:
        holding = driving.holding
        patched.setattr(driving, "holding", lambda *about: None if holding(*about) is None else 1.0)
        all_of_them = driven([100.0, *closes], *rules)

    assert few.transitions == all_of_them.transitions
    assert few.protected.tolist() == all_of_them.protected.tolist()
