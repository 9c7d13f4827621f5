"""M05: how many closes within a window have lost, whatever was made in between."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_DOINGS
from guardian.core.model import AtLeast, Known, Level, Measured, Unknown
from tests.core.build import at
from tests.core.metrics.beside.stage import HOUR, MINUTE, Stage, fill


def close(id: str, second: float, made: float | None, **changes: Any) -> Any:
    usual = fill(id, second, -1, 100, closed=1, **changes)
    return replace(usual, realised=None if made is None else Decimal(str(made)))


def lost(*fills: Any, since: float = -86_400, window: Any = MINUTE) -> Measured:
    stage = Stage("losing_closes", window=window).watched(since)
    stage.did(0, fills=fills)
    return stage.now(0)


def test_vector_of_m05_counts_three_whatever_came_in_between():
    """Closes of -10, +5, -3 and -2: a streak of two, and three that lost."""
    rows = [close(str(n), -9 + n, made) for n, made in enumerate((-10, 5, -3, -2))]

    assert lost(*rows) == Known(3.0)


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        ((), 0.0),
        ((close("1", -59, -1),), 1.0),
        ((close("1", -60, -1),), 0.0),
        ((close("1", -9, 0, fee=0.1),), 1.0),
        ((close("1", -9, 0.2, fee=0.1),), 0.0),
        ((close("1", -9, 0, fee=0.1, fee_currency="BNB"),), 0.0),
        ((close("1", -9, -3, order_id="o"), close("2", -8, -3, order_id="o")), 1.0),
        ((close("1", -9, -3, order_id="o"), close("2", -8, 9, order_id="o")), 0.0),
        ((close("1", -90, -3, order_id="o"), close("2", -8, 1, order_id="o")), 1.0),
        ((close("1", -9, -3, client_id="gdn-1"),), 0.0),
        ((close("1", -9, -3, client_id="", cause="liquidation"),), 1.0),
        ((fill("1", -9, -1, 100),), 0.0),
    ],
    ids=[
        "none",
        "in the window",
        "it is left-open",
        "a fee",
        "more than its fee",
        "another currency",
        "one order",
        "a gain as a whole",
        "begun before",
        "guardian's",
        "forced",
        "an opening",
    ],
)
def test_what_counts(fills: Any, expected: float):
    assert lost(*fills) == Known(expected)


def test_a_close_without_pnl_may_have_lost():
    found = lost(close("1", -9, -1), close("2", -8, None), close("3", -7, float("nan")))

    assert found == AtLeast(1.0, "2 of 3 closing orders tell no P&L")


def test_a_young_window_and_forgotten_rows_are_bounds():
    young = lost(close("1", -9, -1), since=-30)
    many = lost(*(close(f"{n:03}", -50 + n / 100, -1) for n in range(MAXIMUM_DOINGS + 1)))

    assert isinstance(young, AtLeast)
    assert (young.value, young.filling) == (1.0, True)
    assert isinstance(many, AtLeast)
    assert many.value == MAXIMUM_DOINGS


def test_nothing_asked_yet_is_unknown():
    assert isinstance(Stage("losing_closes").now(0), Unknown)


def test_it_goes_no_further_than_halt():
    stage = Stage("losing_closes", window=HOUR).watched()
    stage.did(0, fills=[close(str(n), n - 30, -1) for n in range(20)])
    stage.now(0)

    assert stage.level is Level.CAUTION


@given(st.lists(st.tuples(st.integers(-120, -1), st.integers(-3, 3)), max_size=30))
def test_it_is_the_number_of_losses_of_the_window(rows: list[tuple[int, int]]):
    fills = [close(str(n), second, made) for n, (second, made) in enumerate(rows)]
    expected = sum(f.at > at(-60) and f.realised < 0 for f in fills)

    assert lost(*fills) == Known(float(expected))
