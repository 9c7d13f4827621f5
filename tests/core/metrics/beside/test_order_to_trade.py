"""M25: how many messages the bot sends for each execution."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.memory import MAXIMUM_DOINGS
from guardian.core.metrics.order_to_trade import order_to_trade
from guardian.core.model import AtLeast, Known, Measured, Unknown
from tests.core.build import at, order
from tests.core.metrics.beside.stage import MINUTE, Stage, fill, past


def ratio(fills: Any = (), orders: Any = (), resting: Any = ()) -> Measured:
    stage = Stage("order_to_trade", window=MINUTE).watched()
    stage.did(0, fills=fills, orders=orders)
    return stage.now(0, *resting)


def test_vector():
    """metrics.md M25: (new + amend + cancel) / fills, of which amendments are not seen."""
    assert order_to_trade(30, 20, 5) == 10.0
    assert order_to_trade(0, 0, 0) == 0.0
    assert order_to_trade(4, 3, 0) == 7.0


@pytest.mark.parametrize(
    ("fills", "orders", "resting", "value"),
    [
        ((), (), (), 0.0),
        ((fill("1", -1, 1),), (past("1", -2, -1),), (), 1.0),
        ((fill("1", -1, 1),), (past("1", -2, -1), past("2", -5, -3, "cancelled")), (), 3.0),
        ((fill("1", -1, 1),), (past("1", -9, -1, "partly"),), (), 2.0),
        ((), (past("2", -90, -3, "cancelled"),), (), 1.0),
        ((), (), (order("7", created_at=at(-5)), order("8", created_at=at(-99))), 1.0),
        ((fill("g", -1, 1, client_id="gdn-1"),), (past("g", -2, -1, client_id="gdn-1"),), (), 0.0),
        ((fill("l", -1, 1, cause="liquidation"),), (past("2", -5, -3, "cancelled"),), (), 2.0),
    ],
    ids=["quiet", "filled", "and a cancel", "in part", "placed before", "resting", "ours", "forced"],
)  # fmt: skip
def test_messages_over_executions(fills: Any, orders: Any, resting: Any, value: float):
    assert ratio(fills, orders, resting) == Known(value)


def test_more_orders_than_are_remembered_are_counted_and_a_young_window_is_a_bound():
    many = tuple(past(str(n), -30, -20 + n / 100, "cancelled") for n in range(MAXIMUM_DOINGS + 1))
    assert ratio((), many) == Known(2.0 * (MAXIMUM_DOINGS + 1))

    young = Stage("order_to_trade", window=MINUTE).watched(since=-10)
    young.did(0, orders=(past("1", -5, -3, "cancelled"),))
    got = young.now(0)

    assert isinstance(got, AtLeast)
    assert (got.value, got.filling) == (2.0, True)


def test_half_an_answer_is_none():
    stage = Stage("order_to_trade", window=MINUTE)
    stage.did(0, fills=None, orders=())

    assert isinstance(stage.now(0), Unknown)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(1, 9))
def test_more_messages_never_lower_it_and_more_executions_never_raise_it(
    placed: int, cancelled: int, fills: int, more: int
):
    found = order_to_trade(placed, cancelled, fills)

    assert order_to_trade(placed + more, cancelled, fills) > found
    assert order_to_trade(placed, cancelled + more, fills) > found
    assert order_to_trade(placed, cancelled, fills + more) <= found
