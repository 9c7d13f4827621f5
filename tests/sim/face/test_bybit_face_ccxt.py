"""The real ccxt client over real sockets must see what it would see at Bybit."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import pytest


async def test_markets_carry_the_lot_and_notional_rules(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    market = client.market("BTC/USDT:USDT")

    assert (market["precision"]["amount"], market["precision"]["price"]) == (0.001, 0.1)
    assert market["limits"]["cost"]["min"] == 5
    assert market["info"]["lotSizeFilter"]["maxMktOrderQty"] == "120.000"


async def test_positions_are_those_of_the_world(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    seen = await client.fetch_positions()

    truth = {leg.symbol: leg.size for leg in venue.tenants[0].account.open_legs()}
    signed = {p["info"]["symbol"]: p["contracts"] * (1 if p["side"] == "long" else -1) for p in seen}
    assert signed == {symbol: float(size) for symbol, size in truth.items()}
    assert {"long", "short"} == {p["side"] for p in seen}


async def test_a_symbol_without_a_position_gives_a_zero_row(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    rows = await client.fetch_positions(["LTC/USDT:USDT"])

    assert [row["contracts"] for row in rows] == [0.0]
    assert rows[0]["info"]["side"] == ""


async def test_twenty_of_sixty_orders_are_seen_without_paging(venue, ccxt_of):
    """The venue's default page is 20 and ccxt sends no limit: the trap that a reader must know."""
    client = await ccxt_of(venue, "bot")
    await client.cancel_all_orders()
    for number in range(60):
        await client.create_order("BTC/USDT:USDT", "limit", "buy", 0.001, 30000 + number)

    naive = await client.fetch_open_orders()
    paged = await client.fetch_open_orders(params={"paginate": True, "limit": 50})

    assert len(naive) == 20
    assert len({order["id"] for order in paged}) == 60


async def test_create_fetch_amend_cancel_a_limit_order(venue, ccxt_of):
    client = await ccxt_of(venue, "bot")

    made = await client.create_order("ETH/USDT:USDT", "limit", "sell", 0.5, 4000, {"clientOrderId": "ft-one"})
    seen = await client.fetch_open_order(made["id"])
    await client.edit_order(made["id"], "ETH/USDT:USDT", "limit", "sell", 0.4, 4100)
    edited = await client.fetch_open_order(made["id"])
    await client.cancel_order(made["id"], "ETH/USDT:USDT")

    assert (seen["clientOrderId"], seen["side"], seen["remaining"]) == ("ft-one", "sell", 0.5)
    assert (edited["price"], edited["amount"]) == (4100, 0.4)
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(made["id"], "ETH/USDT:USDT")


async def test_a_closed_order_is_still_found_by_its_client_id(venue, ccxt_of):
    client = await ccxt_of(venue, "bot")
    await client.create_order("BTC/USDT:USDT", "market", "buy", 0.01, params={"clientOrderId": "gdn-1"})

    answer = await client.privateGetV5OrderRealtime({"category": "linear", "orderLinkId": "gdn-1"})

    row = answer["result"]["list"][0]
    assert (row["orderStatus"], row["cumExecQty"], row["leavesQty"]) == ("Filled", "0.010", "0.000")


async def test_balance_counts_open_profit_in_total_equity_only(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    balance = await client.fetch_balance()

    margin = venue.world.margin(venue.tenants[0].account)
    row = balance["info"]["result"]["list"][0]
    assert Decimal(row["totalEquity"]) == margin.equity.quantize(Decimal("1e-8"))
    assert balance["USDT"]["total"] == float(margin.cash)
    assert Decimal(row["totalPerpUPL"]) == (margin.equity - margin.cash).quantize(Decimal("1e-8"))


async def test_a_deposit_shows_in_the_ledger_as_a_transfer(venue, raw, ccxt_of):
    client = await ccxt_of(venue, "watch")
    await raw.sim("POST", "flow", {"account": "sim-1", "amount": 2500})
    await raw.sim("POST", "flow", {"account": "sim-1", "amount": -400})

    rows = await client.fetch_ledger("USDT")

    flows = {(r["info"]["type"], r["amount"], r["direction"]) for r in rows}
    assert flows == {("TRANSFER_IN", 2500.0, "in"), ("TRANSFER_OUT", 400.0, "out")}


async def test_close_with_quantity_zero_closes_the_whole_position(venue, ccxt_of):
    client = await ccxt_of(venue, "hands")
    leg = next(leg for leg in venue.tenants[0].account.open_legs() if leg.symbol == "BTCUSDT")
    assert leg.size > 0

    await client.privatePostV5OrderCreate(
        {
            "category": "linear",
            "symbol": "BTCUSDT",
            "side": "Sell",
            "orderType": "Market",
            "qty": "0",
            "reduceOnly": True,
            "closeOnTrigger": True,
            "positionIdx": 0,
        }
    )

    assert leg.size == 0
    assert venue.tenants[0].account.sign_flips == 0


async def test_cancel_all_takes_stops_with_it(venue, ccxt_of):
    """Without a filter conditional orders go too: why nobody may cancel-all at HALT."""
    client = await ccxt_of(venue, "hands")
    assert any(o.is_conditional for o in venue.tenants[0].account.open_orders.values())

    await client.cancel_all_orders()

    assert venue.tenants[0].account.open_orders == {}


async def test_stops_are_listed_with_the_open_orders(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    orders = await client.fetch_open_orders(params={"limit": 50})

    kinds = {order["info"]["stopOrderType"] for order in orders}
    assert kinds == {"", "Stop", "StopLoss"}
    assert all(o["reduceOnly"] for o in orders if o["info"]["stopOrderType"])
    assert all(o["stopPrice"] for o in orders if o["info"]["stopOrderType"])


async def test_hidden_requests_before_a_first_order_are_served(venue, ccxt_of):
    client = await ccxt_of(venue, "bot")

    assert await client.is_unified_enabled() == [False, True]


async def test_public_prices_and_book(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    ticker = await client.fetch_ticker("BTC/USDT:USDT")
    book = await client.fetch_order_book("BTC/USDT:USDT")
    candles = await client.fetch_ohlcv("BTC/USDT:USDT", "1m", limit=3)

    assert ticker["bid"] < ticker["ask"]
    assert float(ticker["info"]["markPrice"]) == float(venue.world.markets["BTCUSDT"].mark)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert len(candles) == 3


async def test_my_trades_follow_an_order(venue, ccxt_of):
    client = await ccxt_of(venue, "bot")
    made = await client.create_order("SOL/USDT:USDT", "market", "buy", 3)

    trades = await client.fetch_order_trades(made["id"], "SOL/USDT:USDT")

    assert sum(trade["amount"] for trade in trades) == 3
    assert all(trade["takerOrMaker"] == "taker" for trade in trades)


async def test_leverage_and_hedge_mode(venue, ccxt_of):
    client = await ccxt_of(venue, "bot")
    await client.set_leverage(7, "LTC/USDT:USDT")
    await client.set_position_mode(True, "LTC/USDT:USDT")

    with pytest.raises(ccxt.BadRequest, match="position idx not match"):
        await client.create_order("LTC/USDT:USDT", "market", "buy", 1)
    await client.create_order("LTC/USDT:USDT", "market", "buy", 1, params={"positionIdx": 1})
    await client.create_order("LTC/USDT:USDT", "market", "sell", 1, params={"positionIdx": 2})
    rows = await client.fetch_positions(["LTC/USDT:USDT"])

    assert [(r["side"], r["contracts"], r["leverage"]) for r in rows] == [("long", 1, 7), ("short", 1, 7)]
