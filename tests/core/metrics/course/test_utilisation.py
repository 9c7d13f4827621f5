"""M13: how much of the equity is margin in use, over time; for too much and for too little."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.capital_utilisation import CELL_SECONDS, MAXIMUM_CELLS, grown, mean, utilisation
from guardian.core.model import AtLeast, Known, Level, Measured, Unknown, Verdict, Window
from tests.core.build import Desk, at, position, read, rule, rung, wallet

HOUR = 3600


def desk(window: float, direction: str = "over", limit: float = 0.99) -> Desk:
    own = rule(
        rung(limit, "caution"),
        id="m",
        metric="capital_utilisation",
        window=Window("sliding", window),
        direction=direction,
    )
    return Desk(own)


def see(on: Desk, second: float, used: float) -> Measured:
    on.see(read(second, wallet=wallet(1000, initial_margin=1000 * used)))
    own = on.account.rule("m")
    assert own is not None
    return own.measured


def test_vector_six_hours_and_two():
    """0.2 for six hours and 0.6 for two are 0.3, not 0.4."""
    cells: tuple[tuple[int, float, float], ...] = ()
    samples = [(0, 0.2), *((n * 600, 0.2) for n in range(1, 37)), (6 * HOUR, 0.6)]
    samples += [(6 * HOUR + n * 600, 0.6) for n in range(1, 13)]
    for (a, low), (b, high) in itertools.pairwise(samples):
        cells = grown(cells, (at(a), low), (at(b), high))
    area, seconds = mean(cells, at(8 * HOUR), 8 * HOUR)

    assert 8 * HOUR == seconds
    assert pytest.approx(0.3, abs=1e-12) == area / seconds


def test_the_sums_that_are_remembered_are_those_of_the_cells_inside():
    """Through cells that begin and end, and through a gap in which all of the window is forgotten."""
    cells: tuple[tuple[int, float, float], ...] = ()
    instants = [*range(0, 4 * HOUR, 150), *range(7 * HOUR, 9 * HOUR, 150)]
    for a, b in itertools.pairwise(instants):
        cells = grown(cells, (at(a), a % 7 / 10), (at(b), b % 7 / 10))
        first = int(at(b - HOUR).timestamp()) // CELL_SECONDS
        inside = [cell for cell in cells if cell[0] >= first]
        sums = sum(area for _, area, _ in inside), sum(seconds for _, _, seconds in inside)

        assert sums == mean(cells, at(b), HOUR, "its owner")


def test_vector_nothing_held_is_zero():
    assert 0.0 == utilisation(wallet(1000), ())
    assert 0.0 == utilisation(wallet(0), ())


def test_without_a_margin_told_the_notional_counts():
    assert pytest.approx(0.4) == utilisation(wallet(1000), (position(quantity=-4),))


def test_it_is_the_mean_over_time_and_not_over_reads():
    on = desk(HOUR)
    for second in range(0, 1800, 60):
        see(on, second, 0.2)
    for second in range(1800, 3601, 10):
        found = see(on, second, 0.4)

    assert Known(pytest.approx(0.3, abs=0.002)) == found


def test_while_it_fills_what_was_seen_is_a_bound():
    on = desk(HOUR)
    assert isinstance(see(on, 0, 0.5), Unknown)
    found = None
    for second in range(60, 1801, 60):
        found = see(on, second, 0.5)

    assert isinstance(found, AtLeast)
    assert pytest.approx(0.25) == found.value
    assert found.filling


def test_idle_capital_is_not_told_before_the_window_is_full():
    """Partial evidence never fires an `under` rule either: it may have been used before."""
    on = desk(HOUR, "under", 0.1)
    for second in range(0, 1801, 60):
        see(on, second, 0.01)
    own = on.account.rule("m")
    assert own is not None
    assert Verdict.UNKNOWN is own.verdict

    for second in range(1860, 3660, 60):
        see(on, second, 0.01)
    own = on.account.rule("m")
    assert own is not None
    assert Verdict.BREACHED is own.verdict


def test_a_gap_is_not_seen():
    on = desk(HOUR)
    for second in range(0, 1801, 60):
        see(on, second, 0.2)
    found = see(on, 1801 + CELL_SECONDS, 0.9)

    assert isinstance(found, AtLeast)
    assert "1800 s" in found.why


@pytest.mark.parametrize("claims", [0.001, 0, 400])
def test_a_wallet_that_nothing_explains_is_not_the_mean_of_the_hour(claims: float):
    """One phantom read was: at a thousandth of a dollar of equity any margin is no end of it."""
    on = desk(HOUR, limit=0.5)
    for second in range(0, 3601, 60):
        see(on, second, 0.1)
    on.see(read(3605, wallet=wallet(claims, 1000, initial_margin=100)))

    assert Known(pytest.approx(0.1)) == see(on, 3610, 0.1)
    assert Level.NORMAL is on.level


def test_a_time_that_nobody_saw_drains_no_hold():
    """What was past its limit before it may still be; only what was not watched yet is no evidence."""
    on = desk(HOUR, limit=0.5)
    for second in range(0, 7201, 60):
        see(on, second, 0.6)
    found = see(on, 7200 + 1800, 0.6)

    own = on.account.rule("m")
    assert own is not None
    assert isinstance(found, AtLeast)
    assert (False, True) == (found.filling, found.unseen)
    assert (True,) == own.past


def test_the_memory_is_seven_days():
    cells: tuple[tuple[int, float, float], ...] = ()
    for n in range(MAXIMUM_CELLS + 100):
        cells = grown(cells, (at(n * 600), 0.5), (at((n + 1) * 600), 0.5))

    assert MAXIMUM_CELLS == len(cells)


@given(st.lists(st.floats(0, 3), min_size=2, max_size=50), st.integers(1, 600))
def test_the_mean_lies_between_the_least_and_the_most(values: list[float], spacing: int):
    cells: tuple[tuple[int, float, float], ...] = ()
    for n, (low, high) in enumerate(itertools.pairwise(values)):
        cells = grown(cells, (at(n * spacing), low), (at((n + 1) * spacing), high))
    area, seconds = mean(cells, at(len(values) * spacing), 86_400)

    assert seconds == pytest.approx((len(values) - 1) * spacing)
    assert min(values) - 1e-9 <= area / seconds <= max(values) + 1e-9


@given(
    st.lists(st.integers(0, 200), unique=True, max_size=60), st.integers(0, 120_000), st.floats(60, 90_000)
)
def test_the_cells_of_the_window_are_found_by_halves(numbers: set[int], now: int, seconds: float):
    first_cell = int(at(0).timestamp()) // CELL_SECONDS
    cells = tuple((first_cell + n, 0.1 * n, 600.0) for n in sorted(numbers))

    begins = int(at(now).timestamp() - seconds) // CELL_SECONDS
    inside = [cell for cell in cells if cell[0] >= begins]
    assert (sum(a for _, a, _ in inside), sum(s for _, _, s in inside)) == mean(cells, at(now), seconds)
