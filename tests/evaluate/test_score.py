"""What was saved and what it cost, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from guardian.evaluate.play import Played
from guardian.evaluate.score import Tally, scored, total, week_of
from guardian.replay.worth import Crash, crashes
from tests.evaluate.made import START_MS

FIVE = 300_000


def test_a_week_is_an_iso_week_of_utc() -> None:
    assert week_of(START_MS) == "2020-W53"
    assert week_of(START_MS + 3 * 86_400_000) == "2021-W01"


def test_one_crash_counted_by_hand() -> None:
    known = START_MS + FIVE * np.arange(1, 201)
    free = np.concatenate([[1.0] * 20, [0.8] * 180])
    kept = np.concatenate([[1.0] * 20, [0.9] * 180])
    events = crashes(known, free)
    assert events[0] == Crash(19, 91, int(known[19]), int(known[19]) + 6 * 3_600_000)
    wanted = np.full(200, 2.0)
    held = np.where(np.arange(200) < 150, 2.0, 1.0)
    found = total(
        scored(
            known, events, Played(free, wanted, wanted, ()), Played(kept, held, wanted, (30, 150))
        ).values()
    )
    assert found.events == 1
    assert found.loss_avoided == pytest.approx(0.5)
    assert found.exposure_given_up == pytest.approx(50 * 0.5 / (200 - 73))
    assert found.halts == 1  # bar 30 lies within the event
    assert found.false_halts_per_year == pytest.approx(1 / (199 * FIVE / (365 * 86_400_000)))


def test_where_nothing_is_wanted_nothing_can_be_given_up_or_kept() -> None:
    known = START_MS + FIVE * np.arange(1, 11)
    flat = Played(np.ones(10), np.zeros(10), np.zeros(10), ())
    found = total(scored(known, (), flat, flat).values())
    assert (found.exposure_given_up, found.loss_avoided) == (None, None)
    assert found.false_halts_per_year == 0.0
    assert Tally().false_halts_per_year is None


def test_an_event_belongs_to_the_week_of_its_onset() -> None:
    sunday = START_MS + 2 * 86_400_000 + 86_400_000 - 10 * FIVE
    known = sunday + FIVE * np.arange(1, 31)
    free = np.concatenate([[1.0] * 5, [0.8] * 25])
    even = Played(free, np.ones(30), np.ones(30), ())
    found = scored(known, crashes(known, free), even, even)
    assert {week: tally.events for week, tally in found.items()} == {"2020-W53": 1, "2021-W01": 0}
