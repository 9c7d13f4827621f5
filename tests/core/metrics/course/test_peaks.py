"""peaks.py: the packed peaks of a window against a plain list of all points, and what they weigh."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.bench.metrics.memory import size_of
from guardian.core.memory import MAXIMUM_BASELINE_POINTS, Baseline
from guardian.core.metrics.baseline import fold_baseline, peak
from guardian.core.metrics.peaks import CHUNK, count, unpacked
from guardian.core.model import Window
from guardian.core.state import AccountState, RuleState, State
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import at
from tests.core.build import policy as policy_of

MINUTES = Window("sliding", 600.0)

legs = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 7, 400]),  # seconds between two NAVs
        st.sampled_from([-0.01, -0.01, 0.0, 0.5]),  # what each changes
        st.integers(1, 3 * CHUNK),  # how many of them
    ),
    max_size=8,
)


def told(story: list[tuple[int, float, int]]) -> list[tuple[float, float]]:
    """(second, NAV): falls and rises long enough to pack and to unpack."""
    second, nav, found = 0.25, 100.0, []
    for later, change, times in story:
        for _ in range(times):
            second, nav = second + later, nav + change
            found.append((second, nav))
    return found


@settings(max_examples=60, deadline=None)
@given(legs)
def test_the_peak_is_that_of_all_points_of_the_window(story: list[tuple[int, float, int]]):
    baseline: Baseline | None = None
    points = told(story)
    for i, (second, nav) in enumerate(points):
        baseline = fold_baseline(baseline, MINUTES, at(0) + timedelta(seconds=second), nav)
        now = second + (i % 3) * 250  # also later than the newest point
        inside = [value for then, value in points[max(0, i - 620) : i + 1] if then > now - 600]

        assert max(inside, default=None) == peak(baseline, MINUTES, at(0) + timedelta(seconds=now))


def falling(seconds: int) -> Baseline:
    baseline: Baseline | None = None
    for i in range(seconds):
        baseline = fold_baseline(baseline, Window("sliding", 3600.0), at(i), 1e6 - i / 7)
    assert baseline is not None
    return baseline


def test_an_hour_that_falls_without_a_pause_takes_a_tenth_of_a_megabyte():
    baseline = falling(2 * MAXIMUM_BASELINE_POINTS)

    assert MAXIMUM_BASELINE_POINTS <= count(baseline) < MAXIMUM_BASELINE_POINTS + 2 * CHUNK
    assert size_of(baseline) < 110_000


def test_what_is_packed_keeps_every_bit():
    baseline = falling(5 * CHUNK)
    points = (*(p for chunk in baseline.packed for p in unpacked(chunk)), *baseline.points)

    assert tuple((at(i), 1e6 - i / 7) for i in range(5 * CHUNK)) == points


def test_a_checkpoint_keeps_what_is_packed():
    own = RuleState("r", baseline=falling(5 * CHUNK))
    state = State(accounts=(AccountState(policy_of(), at(0), rules=(own,)),))

    assert own.baseline is not None
    assert own.baseline.packed
    assert state == decode_state(encode_state(state))


def test_a_long_tuple_of_points_of_an_older_checkpoint_is_packed_little_by_little():
    old = Baseline(tuple((at(i), 1e6 - i / 7) for i in range(1000)), at(0))
    now = fold_baseline(old, Window("sliding", 3600.0), at(1000), 1.0)
    for i in range(20):
        now = fold_baseline(now, Window("sliding", 3600.0), at(1001 + i), 0.9 - i / 100)

    assert len(now.points) < 2 * CHUNK
    assert 1021 == count(now)
    assert 1e6 == peak(now, Window("sliding", 3600.0), at(1100))


def test_a_short_window_keeps_only_what_may_still_count():
    baseline: Baseline | None = None
    for i in range(200):
        baseline = fold_baseline(baseline, Window("sliding", 60.0), at(i), 1e6 - i)

    assert baseline is not None
    assert (60, ()) == (len(baseline.points), baseline.packed)
