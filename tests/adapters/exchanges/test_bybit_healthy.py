"""Odd answers of a healthy account: refused, they would blind guardian for as long as the account is so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import Script

EMPTY_ROWS: dict[str, dict[str, Any]] = {
    "one-way, never held": {"side": "", "avgPrice": "0", "positionValue": "", "markPrice": "60000"},
    "side is none": {"size": "0.000", "side": "None", "avgPrice": "0", "positionValue": "0", "liqPrice": ""},
    "hedge leg that was closed": {"positionIdx": 1, "side": "Buy", "avgPrice": "0", "positionValue": ""},
    "liquidation and take profit left": {
        "positionIdx": 2,
        "side": "Sell",
        "avgPrice": "0.00",
        "positionValue": "0.00000000",
        "liqPrice": "71000",
        "takeProfit": "50000",
        "stopLoss": "70000",
    },
    "entry left": {"avgPrice": "59800", "positionValue": "0", "unrealisedPnl": ""},
    "symbol in no mode, no mark": {"side": "", "avgPrice": "", "positionValue": "", "markPrice": ""},
}


@pytest.mark.parametrize("changes", EMPTY_ROWS.values(), ids=EMPTY_ROWS)
async def test_what_an_empty_row_has_kept_blinds_nothing(
    script: Script, reader: BybitReader, changes: dict[str, Any]
) -> None:
    rows = [stub.position(symbol="ETHUSDT"), stub.position(size="0") | changes]
    script.says(stub.POSITIONS, lambda seen: stub.listed(rows if seen.sent["settleCoin"] == "USDT" else []))

    snapshot = await reader.snapshot()

    assert snapshot.complete, snapshot.failures
    assert [leg.symbol for leg in snapshot.positions or ()] == ["ETH/USDT:USDT"]


def without_cursor(rows: list[Any], **cursor: Any) -> dict[str, Any]:
    return {"list": rows, "category": "linear"} | cursor


@pytest.mark.parametrize("path", [stub.POSITIONS, stub.ORDERS, stub.LEDGER])
@pytest.mark.parametrize("cursor", [{}, {"nextPageCursor": None}], ids=["absent", "null"])
async def test_a_quiet_account_that_is_told_no_cursor_is_seen(
    script: Script, reader: BybitReader, path: str, cursor: dict[str, Any]
) -> None:
    """Public clients have an empty last page of the transaction log with null among their fixtures."""
    script.says(stub.WALLET, stub.flat_wallet())
    script.says(stub.POSITIONS, stub.listed([]))
    script.says(path, without_cursor([], **cursor))

    snapshot = await reader.snapshot()

    assert snapshot.complete, snapshot.failures


@pytest.mark.parametrize("cursor", [{}, {"nextPageCursor": None}], ids=["absent", "null"])
@pytest.mark.parametrize(("listed", "whole"), [(49, True), (50, False)])
async def test_only_a_full_page_without_a_cursor_may_have_been_cut(
    script: Script, reader: BybitReader, cursor: dict[str, Any], listed: int, whole: bool
) -> None:
    page = without_cursor([stub.order(number) for number in range(listed)], **cursor)
    script.says(stub.ORDERS, lambda seen: page if seen.sent["settleCoin"] == "USDT" else stub.listed([]))

    snapshot = await reader.snapshot()

    assert snapshot.complete is whole
    assert len(snapshot.orders or ()) == (listed if whole else 0)


@pytest.mark.parametrize(
    "changes",
    [{"orderStatus": "PartiallyFilled", "leavesQty": "0.040", "cumExecQty": "0.060"}, {"price": "62000"}],
)
async def test_an_order_that_fills_or_is_amended_between_two_pages_is_seen_as_it_is_now(
    script: Script, reader: BybitReader, changes: dict[str, Any]
) -> None:
    """A new order shifts the pages, so that the second one repeats a row, as it has become."""
    pages = stub.paged([stub.order(1), *(stub.order(n) for n in range(2, 51)), stub.order(1, **changes)], 50)
    script.says(
        stub.ORDERS, lambda seen: pages(seen) if seen.sent["settleCoin"] == "USDT" else stub.listed([])
    )

    snapshot = await reader.snapshot()

    assert snapshot.orders is not None
    assert len(snapshot.orders) == 50
    (seen,) = (order for order in snapshot.orders if order.id == "order-1")
    assert seen.remaining == Decimal(changes.get("leavesQty", "0.100"))
    assert seen.price == Decimal(changes.get("price", "61000"))
