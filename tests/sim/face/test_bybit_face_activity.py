"""Executions, past orders and the public book, as ccxt and a bare client see them."""

from __future__ import annotations

import time
from decimal import Decimal

from guardian.sim.world.orders import Kind, OrderRequest, Side
from guardian.sim.world.takeover import Taken

DAY_MS = 86_400_000
EXECUTIONS, HISTORY, BOOK = "/v5/execution/list", "/v5/order/history", "/v5/market/orderbook"


def buy(venue, qty="0.010", at=None, **more):
    tenant = venue.tenants[0]
    request = OrderRequest(
        symbol="BTCUSDT", side=Side.BUY, qty=Decimal(qty), **({"kind": Kind.MARKET} | more)
    )
    return venue.world.place(tenant.account, request, at or venue.clock())


async def rows(raw, path, query=""):
    answer = await raw.get("watch", path, f"category=linear{query}")
    assert answer["retCode"] == 0, answer
    return answer["result"]["list"]


# --- through ccxt -------------------------------------------------------------------------------


async def test_my_trades_are_the_accounts_executions(venue, ccxt_of):
    order = buy(venue, link_id="ft-9")
    client = await ccxt_of(venue, "watch")

    trades = await client.fetch_my_trades("BTC/USDT:USDT")

    mine = [trade for trade in trades if trade["order"] == order.id]
    fills = [e for e in venue.tenants[0].account.executions if e.order_id == order.id]
    assert [trade["id"] for trade in mine] == [fill.id for fill in fills]
    assert sum(trade["amount"] for trade in mine) == 0.010
    assert [trade["fee"]["cost"] for trade in mine] == [float(fill.fee) for fill in fills]
    assert mine[0]["takerOrMaker"] == "taker"


async def test_closed_and_cancelled_orders_are_told_apart(venue, ccxt_of):
    client = await ccxt_of(venue, "bot")
    made = await client.create_order("BTC/USDT:USDT", "limit", "buy", 0.01, 30000)
    await client.cancel_order(made["id"], "BTC/USDT:USDT")
    filled = buy(venue)

    closed = await client.fetch_closed_orders("BTC/USDT:USDT")
    cancelled = await client.fetch_canceled_orders("BTC/USDT:USDT")

    assert filled.id in {order["id"] for order in closed}
    assert [order["id"] for order in cancelled] == [made["id"]]
    assert cancelled[0]["filled"] == 0


async def test_a_liquidation_is_among_the_liquidations(venue, ccxt_of):
    account = venue.tenants[0].account
    leg = account.open_legs()[0]
    size = abs(leg.size)
    venue.world.take_over(account, Taken(symbol=leg.symbol, index=0, origin="liquidation"), venue.clock())
    client = await ccxt_of(venue, "watch")

    (seen,) = await client.fetch_my_liquidations(f"{leg.symbol.removesuffix('USDT')}/USDT:USDT")

    assert seen["contracts"] == float(size)


async def test_the_book_is_ordered_and_uncrossed(venue, ccxt_of):
    client = await ccxt_of(venue, "watch")

    book = await client.fetch_order_book("BTC/USDT:USDT", 50)

    assert (len(book["bids"]), len(book["asks"])) == (50, 50)
    assert book["bids"][0][0] < book["asks"][0][0]


# --- what a bare client gets --------------------------------------------------------------------


async def test_each_execution_says_what_made_it(venue, raw):
    account = venue.tenants[0].account
    first, second = account.open_legs()[:2]
    venue.world.take_over(account, Taken(symbol=first.symbol, index=0, origin="liquidation"), venue.clock())
    venue.world.take_over(account, Taken(symbol=second.symbol, index=0, origin="adl"), venue.clock())
    buy(venue)

    trade, adl, bust, *_ = await rows(raw, EXECUTIONS)

    assert (trade["execType"], trade["createType"]) == ("Trade", "CreateByUser")
    assert (adl["execType"], adl["createType"]) == ("AdlTrade", "CreateByAdl_PassThrough")
    assert (bust["execType"], bust["createType"]) == ("BustTrade", "CreateByLiq")
    assert bust["closedSize"] == bust["execQty"]
    assert [row["execType"] for row in await rows(raw, EXECUTIONS, "&execType=AdlTrade")] == ["AdlTrade"]


async def test_funding_is_listed_with_the_executions(venue, raw):
    """What it cost is the row's fee, negative where it was received: the ledger says the same."""
    venue.world.settle_funding("BTCUSDT", Decimal("0.0001"), venue.clock())
    change = venue.tenants[0].account.ledger[-1].change

    (row,) = await rows(raw, EXECUTIONS, "&execType=Funding")

    assert (row["symbol"], row["execType"], row["closedSize"]) == ("BTCUSDT", "Funding", "0")
    assert Decimal(row["execFee"]) == -change
    assert row["execTime"] == str(venue.tenants[0].account.ledger[-1].at)


async def test_pages_of_executions_join_without_a_gap(venue, raw):
    for _ in range(130):
        buy(venue, "0.001")

    first = (await raw.get("watch", EXECUTIONS, "category=linear"))["result"]
    seen, cursor = [row["execId"] for row in first["list"]], first["nextPageCursor"]
    while cursor:
        page = (await raw.get("watch", EXECUTIONS, f"category=linear&limit=1000&cursor={cursor}"))["result"]
        assert len(page["list"]) <= 100, "a hundred a page at most"
        seen, cursor = [*seen, *(row["execId"] for row in page["list"])], page["nextPageCursor"]

    assert len(first["list"]) == 50, "fifty a page unless asked"
    assert seen == [e.id for e in reversed(venue.tenants[0].account.executions)]


async def test_an_orders_id_goes_before_its_symbol(venue, raw):
    order = buy(venue, link_id="ft-1")

    by_id = await rows(raw, EXECUTIONS, f"&orderId={order.id}&symbol=ETHUSDT")
    by_link = await rows(raw, EXECUTIONS, "&orderLinkId=ft-1")
    by_base = await rows(raw, EXECUTIONS, "&baseCoin=ETH")

    assert {row["orderId"] for row in by_id} == {row["orderId"] for row in by_link} == {order.id}
    assert {row["symbol"] for row in by_base} == {"ETHUSDT"}


async def test_more_than_a_week_at_once_is_refused(venue, raw):
    now = int(time.time() * 1000)
    for path in (EXECUTIONS, HISTORY):
        long = await raw.get("watch", path, f"category=linear&startTime={now - 8 * DAY_MS}&endTime={now}")
        back = await raw.get("watch", path, f"category=linear&startTime={now}&endTime={now - DAY_MS}")

        assert (long["retCode"], back["retCode"]) == (10001, 10001)


async def test_one_end_of_a_range_is_a_week_from_there(venue, raw):
    now = int(time.time() * 1000)
    buy(venue, at=now - 9 * DAY_MS)

    newest = await rows(raw, EXECUTIONS)
    older = await rows(raw, EXECUTIONS, f"&endTime={now - 8 * DAY_MS}")
    from_then = await rows(raw, EXECUTIONS, f"&startTime={now - 10 * DAY_MS}")

    assert now - 9 * DAY_MS not in {int(row["execTime"]) for row in newest}
    assert {int(row["execTime"]) for row in older} == {now - 9 * DAY_MS}
    assert now - 9 * DAY_MS in {int(row["execTime"]) for row in from_then}


async def test_an_order_that_ended_without_a_fill_is_forgotten_after_a_day(venue, raw):
    now, world, account = int(time.time() * 1000), venue.world, venue.tenants[0].account
    old = buy(venue, kind=Kind.LIMIT, price=Decimal(30000), at=now - 3 * DAY_MS)
    young = buy(venue, kind=Kind.LIMIT, price=Decimal(30000), at=now - 3 * DAY_MS)
    world.cancel(account, old, now - 2 * DAY_MS)
    world.cancel(account, young, now - DAY_MS // 2)

    listed = {row["orderId"] for row in await rows(raw, HISTORY)}

    assert old.id not in listed
    assert young.id in listed


async def test_a_book_shows_less_where_something_was_taken(venue, raw):
    async def asks():
        answer = await raw.get("watch", BOOK, "category=linear&symbol=BTCUSDT&limit=200")
        return [(Decimal(price), Decimal(size)) for price, size in answer["result"]["a"]]

    before = await asks()
    market = venue.world.markets["BTCUSDT"]
    buy(venue, str(before[0][1]), at=venue.clock() + 60_000)

    after = await asks()

    assert sum(size for _, size in after) < sum(size for _, size in before)
    assert after[0][0] > before[0][0]
    assert market.mark == venue.world.markets["BTCUSDT"].mark
    assert (await raw.get("watch", BOOK, "category=linear&symbol=NOPE"))["retCode"] == 10001
