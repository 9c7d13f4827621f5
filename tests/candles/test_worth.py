"""What a protection is worth, on equities of which every number can be reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from guardian.core.model import Level
from guardian.replay.drive import Transition
from guardian.replay.report import halts, times_in_level
from guardian.replay.worth import crashes, exposure_given_up, fall, false_halts, loss_avoided

HOUR_MS = 3_600_000
START = 1_600_000_000_000


def hourly(*values: float) -> tuple[np.ndarray, np.ndarray]:
    return START + np.arange(len(values), dtype=np.int64) * HOUR_MS, np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("values", "spans"),
    [
        ((100, 99, 91), []),  # nine percent is no crash
        ((100, 99, 90), [(0, 2)]),  # ten is; the data end before six hours are over
        ((90, 100, 95, 90, 80, 80, 80, 80, 80, 80), [(1, 7)]),  # from the peak through six hours
        ((100, 98, 97, 96, 95, 94, 93, 90), []),  # ten percent, but in seven hours
        ((100, 90, 80, 80, 80, 80, 80, 72, 72), [(0, 6), (6, 8)]),  # the next is looked for from the end on
        ((100, 100, 90), [(1, 2)]),  # of two equal peaks the later: the fall had not begun before
        ((0, 0, 0), []),
    ],
)
def test_a_crash_is_ten_percent_within_six_hours(
    values: tuple[float, ...], spans: list[tuple[int, int]]
) -> None:
    found = crashes(*hourly(*values))

    assert [(crash.onset, crash.end) for crash in found] == spans
    assert all(crash.end_ms - crash.onset_ms == 6 * HOUR_MS for crash in found)


def test_loss_avoided_compares_the_deepest_falls_of_the_same_crashes() -> None:
    times, unprotected = hourly(100, 80, 60, 90)
    _, protected = hourly(200, 180, 180, 180)
    found = crashes(times, unprotected)

    assert fall(unprotected, found[0]) == pytest.approx(0.4)
    assert loss_avoided(found, protected, unprotected) == pytest.approx(1 - 0.1 / 0.4)
    assert loss_avoided((), protected, unprotected) is None


def test_exposure_is_given_up_outside_crashes_only() -> None:
    times, unprotected = hourly(100, 80, *[80] * 8)
    found = crashes(times, unprotected)
    wanted = np.full(10, 50.0)
    held = np.array([50.0] * 7 + [0.0, 25.0, 50.0])

    assert exposure_given_up(found, held, wanted) == pytest.approx((1.0 + 0.5 + 0.0) / 3)
    assert exposure_given_up((), held, np.zeros(10)) is None


def test_rounding_gives_nothing_up() -> None:
    """Marks of the same position, a rounding apart: nothing was given up, and nothing below nothing."""
    wanted = np.full(10, 0.3)
    held = np.full(10, 0.1 + 0.2)

    assert exposure_given_up((), held, wanted) == 0
    assert "-" not in str(exposure_given_up((), held, wanted))


def test_a_halt_is_false_outside_every_crash() -> None:
    times, unprotected = hourly(100, 80, *[80] * 8)
    found = crashes(times, unprotected)

    inside = [START, START + 6 * HOUR_MS]
    outside = [START - 1, START + 6 * HOUR_MS + 1]

    assert false_halts(found, inside) == 0
    assert false_halts(found, outside) == 2


def change(hour: int, before: Level, after: Level, to: float | None = None) -> Transition:
    at = datetime.fromtimestamp((START + hour * HOUR_MS) / 1000, UTC)
    return Transition(at, "a", before, after, "dd", None, None, to)


@pytest.mark.parametrize(
    ("after", "to", "counts"),
    [
        (Level.CAUTION, None, False),
        (Level.HALT, None, True),
        (Level.REDUCE, 0.5, False),
        (Level.REDUCE, 0.0, True),
        (Level.FLATTEN, None, True),
        (Level.LOCKOUT, None, True),
    ],
)
def test_a_halt_is_a_stop_and_not_a_part_reduced(after: Level, to: float | None, counts: bool) -> None:
    assert len(halts([change(1, Level.NORMAL, after, to)])) == counts


def test_one_incident_is_one_halt() -> None:
    changes = [
        change(1, Level.NORMAL, Level.REDUCE, 0.5),
        change(2, Level.REDUCE, Level.REDUCE, 0.0),
        change(3, Level.REDUCE, Level.FLATTEN),
        change(4, Level.FLATTEN, Level.NORMAL),
        change(5, Level.NORMAL, Level.HALT),
    ]

    assert halts(changes) == [START + 2 * HOUR_MS, START + 5 * HOUR_MS]


def test_the_times_in_the_levels_add_up() -> None:
    changes = [change(1, Level.NORMAL, Level.HALT), change(3, Level.HALT, Level.NORMAL)]

    spent = times_in_level(changes, START, START + 9 * HOUR_MS)

    assert (spent["NORMAL"], spent["HALT"]) == (7 * 3600, 2 * 3600)
    assert sum(spent.values()) == 9 * 3600
    assert times_in_level([], START, START)["NORMAL"] == 0
