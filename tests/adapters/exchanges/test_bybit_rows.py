"""What executions and orders that are over become, word by word of the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from guardian.errors import VenueError
from guardian.exchanges.bybit.beside.rows import (
    parse_fill,
    parse_option_fill,
    parse_past_order,
    parse_spot_fill,
    parse_spot_order,
)
from guardian.exchanges.bybit.ledger import entry_of
from guardian.exchanges.bybit.symbols import spot_symbol_of
from tests.adapters.exchanges import stub
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
    ("venue_id", "symbol", "fee_currency", "inverse"),
    [
        ("BTCUSD", "BTC/USD:BTC", "BTC", True),
        ("ETHUSDZ26", "ETH/USD:ETH-261225", "ETH", True),
        ("BTCUSDT", "BTC/USDT:USDT", "USDT", False),
        ("BTC-27MAR26-70000-C", "BTC-27MAR26-70000-C", "", False),
    ],
)
def test_a_fill_says_whether_its_quantity_counts_dollars(
    venue_id: str, symbol: str, fee_currency: str, inverse: bool
) -> None:
    seen = parse_fill(fill(symbol=venue_id, execQty="500"))

    assert seen is not None
    assert (seen.symbol, seen.fee_currency, seen.inverse) == (symbol, fee_currency, inverse)
    assert seen.worth == (500 if inverse else 500 * 50_000)
    assert not seen.spot


@pytest.mark.parametrize("kind", ["Funding", "Delivery"])
def test_the_end_of_an_option_is_no_fill(kind: str) -> None:
    """It is told at the price of its underlying: of a premium of 900 it would make a gain of 49,100."""
    option = {"symbol": "BTC-27MAR26-70000-C", "execType": kind}

    assert parse_option_fill(fill(**option)) is None
    assert parse_option_fill(fill(**option | {"execType": "Trade"})) is not None


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


@pytest.mark.parametrize(
    ("venue_id", "symbol"),
    [
        ("BTCUSDT", "BTC/USDT"),
        ("ETHBTC", "ETH/BTC"),
        ("USDCUSDT", "USDC/USDT"),
        ("BTCUSD1", "BTC/USD1"),
        ("BTCRLUSD", "BTC/RLUSD"),
        ("BTCXYZ", "BTCXYZ/"),
        ("USDT", "USDT/"),
    ],
)
def test_a_spot_market_is_not_called_as_a_contract(venue_id: str, symbol: str) -> None:
    """Else selling coins would look like opening a short."""
    done, ended = parse_spot_fill(fill(symbol=venue_id)), parse_spot_order(past(symbol=venue_id))

    assert done is not None
    assert ended is not None
    assert (done.symbol, ended.symbol, spot_symbol_of(venue_id)) == (symbol, symbol, symbol)
    assert done.spot


def test_a_contract_is_no_spot_market() -> None:
    for venue_id in ("BTCUSDT", "BTC-27MAR26", "SOMETHING"):
        seen = parse_fill(fill(symbol=venue_id))
        assert seen is not None
        assert not seen.spot


def test_coins_bought_for_an_amount_of_money_are_so_many_as_were_filled() -> None:
    bought = parse_spot_order(
        past(orderType="Market", orderStatus="Filled", qty="1000", cumExecQty="0.02", price="0")
    )
    cancelled = parse_spot_order(past(qty="2", cumExecQty="0.5"))

    assert bought is not None
    assert cancelled is not None
    assert (bought.quantity, bought.price, bought.status) == (Decimal("0.02"), None, "filled")
    assert (cancelled.quantity, cancelled.status) == (2, "partly")


@pytest.mark.parametrize(("kind", "order"), [("TRADE", "o1"), ("LIQUIDATION", ""), ("SETTLEMENT", "")])
def test_a_row_of_the_ledger_names_the_order_that_somebody_placed(kind: str, order: str) -> None:
    row = stub.ledger_row(1, 1_767_225_600_000, type=kind, orderId="o1", orderLinkId="thief-1")

    assert entry_of(row)[1].order_id == order
