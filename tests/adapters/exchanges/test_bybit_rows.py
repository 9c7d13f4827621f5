"""What executions and orders that are over become, word by word of the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from guardian.errors import VenueError
from guardian.exchanges.bybit.beside.rows import parse_fill, parse_past_order
from tests.adapters.exchanges.test_bybit_beside import fill, past


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("Trade", "trade"),
        ("BustTrade", "liquidation"),
        ("AdlTrade", "adl"),
        ("Delivery", "delivery"),
        ("BlockTrade", "BlockTrade"),
        ("SomethingOfNextYear", "SomethingOfNextYear"),
    ],
)
def test_a_fill_says_what_made_it(kind: str, cause: str) -> None:
    seen = parse_fill(fill(execType=kind, feeCurrency="", symbol="BTC-27MAR26"))

    assert seen is not None
    assert (seen.cause, seen.fee_currency) == (cause, "USDC")
    assert (seen.side, seen.quantity, seen.closed) == (-1, Decimal("0.5"), 0)


@pytest.mark.parametrize(
    ("made", "stop", "origin"),
    [
        ("CreateByUser", "UNKNOWN", ""),
        ("CreateByStopOrder", "Stop", ""),
        ("CreateByClosing", "", ""),
        ("CreateByStopLoss", "StopLoss", "attached"),
        ("CreateByPartialTakeProfit", "PartialTakeProfit", "attached"),
        ("CreateByTrailingStop", "TrailingStop", "attached"),
        ("CreateByLiq", "UNKNOWN", "liquidation"),
        ("CreateByTakeOver_PassThrough", "UNKNOWN", "liquidation"),
        ("CreateByAdl_PassThrough", "", "adl"),
        ("CreateBySettle", "", "delivery"),
        ("", "TakeProfit", "attached"),
        ("", "Stop", ""),
        (None, None, ""),
    ],
)
def test_who_made_an_order_is_told_of_it_and_of_its_fills(made: str, stop: str, origin: str) -> None:
    words = {"createType": made, "stopOrderType": stop}
    done, ended = parse_fill(fill(**words)), parse_past_order(past(**words))

    assert done is not None
    assert ended is not None
    assert (done.origin, ended.origin) == (origin, origin)


@pytest.mark.parametrize(
    ("told", "realised"), [({}, None), ({"execPnl": ""}, None), ({"execPnl": "-3.5"}, Decimal("-3.5"))]
)
def test_what_a_close_earned_where_the_venue_tells(told: dict[str, str], realised: Decimal | None) -> None:
    seen = parse_fill(fill(closedSize="0.5", **told))

    assert seen is not None
    assert seen.realised == realised


@pytest.mark.parametrize("kind", ["Funding", "Settle", "SessionSettlePnL"])
def test_what_is_listed_with_the_fills_but_trades_nothing_is_none(kind: str) -> None:
    assert parse_fill(fill(execType=kind, execQty="0")) is None


def test_a_kind_that_nobody_has_described_blinds_no_fill() -> None:
    """The list is asked for again and again: one row that is refused would refuse all of them for ever."""
    assert parse_fill(fill(execType="SomethingOfNextYear", execQty="")) is None
    with pytest.raises(VenueError):
        parse_fill(fill(execType="Trade", execQty=""))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"orderStatus": "Filled", "cumExecQty": "1"}, "filled", ""),
        ({"orderStatus": "Cancelled", "cumExecQty": "0.4"}, "partly", ""),
        ({"orderStatus": "PartiallyFilledCanceled", "cumExecQty": "0.4"}, "partly", ""),
        ({"orderStatus": "Deactivated"}, "cancelled", ""),
        (
            {"orderStatus": "Rejected", "rejectReason": "EC_NoEnoughQtyToFill"},
            "rejected",
            "EC_NoEnoughQtyToFill",
        ),
    ],
)
def test_how_an_order_ended(changes: dict[str, Any], status: str, code: str) -> None:
    seen = parse_past_order(past(**changes))

    assert seen is not None
    assert (seen.status, seen.code, seen.price) == (status, code, 40000)


@pytest.mark.parametrize("status", ["New", "PartiallyFilled", "Untriggered", "Triggered"])
def test_an_order_that_is_still_open_is_no_past_order(status: str) -> None:
    assert parse_past_order(past(orderStatus=status)) is None
