"""Frontiers at the same price, and intervals from whole weeks."""

from __future__ import annotations

import numpy as np
import pytest

from guardian.evaluate.bootstrap import difference
from guardian.evaluate.frontier import EXPOSURE, FALSE_HALTS, Frontier, matched, matched_in
from guardian.evaluate.play import Played
from guardian.evaluate.score import Tally, scored
from guardian.replay.worth import crashes
from tests.evaluate.made import START_MS

WEEKS = tuple(f"2021-W{n:02d}" for n in range(1, 31))


def test_between_two_scales_it_is_interpolated() -> None:
    prices, saved = np.array([0.02, 0.06, 0.10]), np.array([0.1, 0.3, 0.4])
    assert matched(prices, saved, 0.04) == pytest.approx(0.2)
    assert matched(prices, saved, 0.01) == pytest.approx(0.05)  # limits wide enough give up nothing
    assert matched(prices[::-1], saved[::-1], 0.04) == pytest.approx(0.2)


def test_a_dearer_scale_never_counts_for_less_and_the_better_of_two_counts() -> None:
    prices, saved = np.array([0.02, 0.04, 0.04, 0.08]), np.array([0.3, 0.1, 0.2, 0.25])
    assert matched(prices, saved, 0.04) == pytest.approx(0.3)
    assert matched(prices, saved, 0.08) == pytest.approx(0.3)


def test_beyond_its_end_a_frontier_says_nothing() -> None:
    assert np.isnan(matched(np.array([0.02]), np.array([0.3]), 0.05))


def made(name: str, saved: np.ndarray) -> Frontier:
    """Two scales; each week loses 1 unprotected, and gives up 4 % or 8 %."""
    weekly = tuple(
        {
            w: Tally(1 - s * half, 1.0, 1 - price, 1.0, 2 * half, 0.1, 1)
            for w, s in zip(WEEKS, saved, strict=True)
        }
        for price, half in ((0.04, 0.5), (0.08, 1.0))
    )
    return Frontier(name, (2.0, 1.0), weekly)


def test_a_difference_known_beforehand() -> None:
    first, second = made("a", np.full(30, 0.6)), made("b", np.full(30, 0.4))
    found = difference((first, second), WEEKS, EXPOSURE, 0.06, seed=1)
    assert found.point == pytest.approx(0.15)
    assert found.low == pytest.approx(0.15)
    assert found.high == pytest.approx(0.15)
    halts = difference((first, second), WEEKS, FALSE_HALTS, 10.0, seed=1)
    assert halts.point == pytest.approx(0.1)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    rng = np.random.default_rng(0)
    pair = made("a", rng.uniform(0, 1, 30)), made("b", rng.uniform(0, 1, 30))
    one, same, other = (difference(pair, WEEKS, EXPOSURE, 0.06, seed) for seed in (1, 1, 2))
    assert one == same
    assert (one.low, one.high) != (other.low, other.high)


def test_no_interval_where_it_cannot_be_told() -> None:
    pair = made("a", np.full(30, 0.6)), made("b", np.full(30, 0.4))
    found = difference(pair, WEEKS, EXPOSURE, 0.5, seed=1)
    assert (found.point, found.low, found.high) == (None, None, None)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Worlds whose true difference is zero: the interval of thirty weeks holds it in most of them."""
    covered = 0
    for world in range(60):
        rng = np.random.default_rng(world)
        pair = made("a", rng.uniform(0, 1, 30)), made("b", rng.uniform(0, 1, 30))
        found = difference(pair, WEEKS, EXPOSURE, 0.06, seed=world)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
    assert 50 <= covered <= 60


EVENTFUL, CALM = WEEKS[:2]


def of_weeks(saved: dict[str, float]) -> Frontier:
    """One scale that gives up 4 %; what is not in `saved` is a week without an event."""

    def week(name: str) -> Tally:
        lost = Tally(1 - saved[name], 1.0, events=1) if name in saved else Tally()
        return lost + Tally(held=0.96, wanted=1.0, years=0.1)

    return Frontier("made", (1.0,), ({name: week(name) for name in WEEKS},))


def test_a_draw_without_an_event_is_no_evidence_that_two_designs_are_alike() -> None:
    """One week of two has the event: a quarter of the draws have none, and tell nothing."""
    pair = of_weeks({EVENTFUL: 0.6}), of_weeks({EVENTFUL: 0.4})
    found = difference(pair, (EVENTFUL, CALM), EXPOSURE, 0.04, seed=1)
    assert (found.low, found.high) == (pytest.approx(0.2), pytest.approx(0.2))


def test_without_any_event_no_design_avoids_anything_and_none_is_compared() -> None:
    calm = of_weeks({})
    assert calm.points[0].loss_avoided is None
    assert np.isnan(matched_in(calm.sums(WEEKS).sum(axis=0), EXPOSURE, 0.04))
    found = difference((calm, calm), WEEKS, EXPOSURE, 0.04, seed=1)
    assert (found.point, found.low, found.high) == (None, None, None)


def test_a_price_that_nobody_saw_paid_is_unknown() -> None:
    """All bars lie in events: what was given up outside of them is not nothing."""
    only = Frontier("made", (1.0,), ({EVENTFUL: Tally(0.5, 1.0, years=0.1, events=1)},))
    assert only.points[0].exposure_given_up is None
    assert np.isnan(matched_in(only.sums((EVENTFUL,)).sum(axis=0), EXPOSURE, 0.04))


def test_a_design_that_halts_in_crashes_only_is_compared_at_any_number_of_false_halts() -> None:
    """It pays nothing, and is no design that never halts: that would leave out the best there could be."""
    known = START_MS + 300_000 * np.arange(1, 201)
    free, kept = (np.concatenate([[1.0] * 20, [low] * 180]) for low in (0.8, 0.9))
    wanted = np.full(200, 2.0)
    played = [Played(equity, wanted, wanted, halts) for equity, halts in ((free, ()), (kept, (30,)))]
    weekly = scored(known, crashes(known, free), *played)
    perfect, idle = Frontier("perfect", (1.0,), (weekly,)), Frontier("idle", (1.0,), ({EVENTFUL: Tally()},))

    assert (perfect.halts, idle.halts) == (True, False)
    assert perfect.points[0].false_halts_per_year == 0.0
    assert matched_in(perfect.sums(tuple(weekly)).sum(axis=0), FALSE_HALTS, 5.0) == pytest.approx(0.5)
