"""A wallet of several coins on the wire: what ccxt and guardian's reader make of it."""

from __future__ import annotations

from decimal import Decimal

from guardian.sim.world.orders import Kind, OrderRequest, Side
from guardian.sim.world.takeover import Taken

D = Decimal


async def test_a_spot_holding_is_one_more_coin_of_the_wallet(venue, raw, ccxt_of):
    account = venue.tenants[0].account
    before = venue.world.margin(account).equity
    venue.world.transfer(account, D("0.5"), venue.clock(), "BTC")
    client = await ccxt_of(venue, "watch")

    answer = await raw.get("watch", "/v5/account/wallet-balance", "accountType=UNIFIED")
    balance = await client.fetch_balance()

    wallet = answer["result"]["list"][0]
    coins = {coin["coin"]: coin for coin in wallet["coin"]}
    worth = D("0.5") * venue.world.markets["BTCUSDT"].mark
    assert set(coins) == {"USDT", "BTC"}
    assert (coins["BTC"]["walletBalance"], D(coins["BTC"]["usdValue"])) == ("0.5", worth)
    assert abs(D(wallet["totalEquity"]) - before - worth) < D("0.01")
    assert balance["BTC"]["total"] == 0.5


async def test_a_deposit_of_a_coin_is_a_ledger_row_in_that_coin(venue, raw):
    venue.world.transfer(venue.tenants[0].account, D("0.5"), venue.clock(), "BTC")

    answer = await raw.get("watch", "/v5/account/transaction-log", "currency=BTC")

    (row,) = answer["result"]["list"]
    assert (row["currency"], row["type"], row["change"]) == ("BTC", "TRANSFER_IN", "0.5")


async def test_what_is_not_linear_is_not_listed_as_linear(venue, raw):
    account, world = venue.tenants[0].account, venue.world
    world.list_inverse("BTC")
    world.transfer(account, D("0.5"), venue.clock(), "BTC")
    taken = Taken(symbol="BTCUSD", index=0, origin="block", signed_qty=D(1000))
    world.take_over(account, taken, venue.clock())
    request = OrderRequest(symbol="BTCUSD", side=Side.BUY, kind=Kind.LIMIT, qty=D(10), price=D(30_000))
    resting = world.place(account, request, venue.clock())

    held = await raw.get("watch", "/v5/position/list", "category=linear&settleCoin=USDT&limit=200")
    listed = await raw.get("watch", "/v5/market/instruments-info", "category=linear&limit=1000")
    orders = await raw.get("watch", "/v5/order/realtime", "category=linear&settleCoin=USDT&limit=50")

    symbols = {row["symbol"] for row in held["result"]["list"]}
    assert "BTCUSDT" in symbols
    assert "BTCUSD" not in symbols | {row["symbol"] for row in listed["result"]["list"]}
    assert resting.id not in {row["orderId"] for row in orders["result"]["list"]}
