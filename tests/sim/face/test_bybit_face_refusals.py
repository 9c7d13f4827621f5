"""Refusals must carry Bybit's raw codes, and ccxt must turn them into the classes it does for Bybit."""

from __future__ import annotations

import json
import time

import ccxt
import pytest

ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}


def order(**change: object) -> dict[str, object]:
    return {**ORDER, **change}


async def test_a_deleted_key_is_unknown_and_ccxt_calls_it_authentication(venue, raw, ccxt_of):
    client = await ccxt_of(venue, "bot")
    await raw.post("admin", "/v5/user/delete-sub-api", {"apikey": venue.accounts[0]["bot"]["key"]})

    with pytest.raises(ccxt.AuthenticationError, match='"retCode":10003'):
        await client.fetch_positions()


async def test_a_fenced_key_reads_but_may_not_trade(venue, raw, ccxt_of):
    client = await ccxt_of(venue, "bot")
    fence = {"apikey": venue.accounts[0]["bot"]["key"], "readOnly": 1, "ips": "*"}
    await raw.post("admin", "/v5/user/update-sub-api", fence)

    with pytest.raises(ccxt.PermissionDenied, match='"retCode":10005'):
        await client.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
    assert await client.fetch_positions()


async def test_a_frozen_sub_account_is_banned_even_for_guardians_hands(venue, raw, ccxt_of):
    """Why the fence touches keys and never the sub-account."""
    client = await ccxt_of(venue, "hands")
    await raw.post("admin", "/v5/user/frozen-sub-member", {"subuid": venue.accounts[0]["uid"], "frozen": 1})

    with pytest.raises(ccxt.AccountSuspended, match='"retCode":10008'):
        await client.cancel_all_orders()


async def test_an_old_timestamp_is_outside_the_window(venue, raw):
    stamp = str(int(time.time() * 1000) - 6000)

    _, _, body = await raw.send("GET", "/v5/user/query-api", raw.headers("watch", "", stamp=stamp))

    assert json.loads(body)["retCode"] == 10002


async def test_a_timestamp_from_the_future_is_outside_the_window(venue, raw):
    stamp = str(int(time.time() * 1000) + 3000)

    _, _, body = await raw.send("GET", "/v5/user/query-api", raw.headers("watch", "", stamp=stamp))

    assert json.loads(body)["retCode"] == 10002


async def test_a_wrong_signature(venue, raw):
    _, _, body = await raw.send("GET", "/v5/user/query-api", raw.headers("watch", "", secret="wrong"))

    assert json.loads(body)["retCode"] == 10004


async def test_a_signature_over_another_body(venue, raw):
    headers = raw.headers("bot", json.dumps(order()))

    _, _, body = await raw.send("POST", "/v5/order/create", headers, json.dumps(order(qty="1")))

    assert json.loads(body)["retCode"] == 10004
    assert venue.tenants[0].account.size("BTCUSDT") < 10


async def test_an_unbound_address(venue, raw):
    change = {"apikey": venue.accounts[0]["bot"]["key"], "ips": "10.1.2.3"}
    await raw.post("admin", "/v5/user/update-sub-api", change)

    assert (await raw.post("bot", "/v5/order/create", order()))["retCode"] == 10010


async def test_an_expired_key(venue, raw):
    venue.tenants[0].keys["bot"].expires = venue.clock() - 1

    assert (await raw.post("bot", "/v5/order/create", order()))["retCode"] == 33004


async def test_no_key_and_no_route(venue, raw):
    missing = await raw.send("GET", "/v5/user/query-api", {})
    lost = await raw.send("GET", "/v5/nowhere", raw.headers("watch", ""))

    assert (missing[0], json.loads(missing[2])["retCode"]) == (401, 10007)
    assert (lost[0], json.loads(lost[2])["retCode"]) == (404, 10017)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NOPEUSDT"}, 10001),
        ({"qty": "0"}, 10001),
        ({"qty": "0.0001"}, 10001),
        ({"qty": "0.0105"}, 10001),
        ({"qty": "100000"}, 10001),
        ({"qty": "-1"}, 10001),
        ({"qty": None}, 10001),
        ({"side": "Long"}, 10001),
        ({"positionIdx": 1}, 10001),
        ({"orderType": "Limit"}, 10001),
        ({"orderType": "Limit", "price": "40000.05"}, 10001),
        ({"orderType": "Limit", "price": "90000"}, 110003),
        ({"orderType": "Limit", "price": "200", "qty": "0.001"}, 110094),
        ({"qty": "100"}, 110007),
        ({"triggerPrice": "10000", "triggerDirection": 1}, 110092),
        ({"triggerPrice": "90000", "triggerDirection": 2}, 110093),
        ({"triggerPrice": "90000"}, 10001),
        ({"reduceOnly": True}, 110017),
        ({"orderLinkId": "x" * 37}, 10001),
        ({"category": "nonsense"}, 10001),
    ],
)
async def test_order_refusals(venue, raw, change, code):
    before = venue.tenants[0].account.size("BTCUSDT")

    answer = await raw.post("bot", "/v5/order/create", order(**change))

    assert answer["retCode"] == code
    assert answer["result"] == {}
    assert venue.tenants[0].account.size("BTCUSDT") == before


async def test_a_client_order_id_is_accepted_once_for_ever(venue, raw):
    """What makes a retry with the same id safe."""
    first = await raw.post("bot", "/v5/order/create", order(orderLinkId="gdn-7"))
    second = await raw.post("bot", "/v5/order/create", order(orderLinkId="gdn-7"))

    assert (first["retCode"], second["retCode"]) == (0, 110072)


async def test_a_batch_refuses_order_by_order(venue, raw):
    items = [order(orderLinkId="a"), order(orderLinkId="a"), order(symbol="NOPEUSDT"), order()]

    answer = await raw.post("bot", "/v5/order/create-batch", {"category": "linear", "request": items})

    assert answer["retCode"] == 0
    assert [row["code"] for row in answer["retExtInfo"]["list"]] == [0, 110072, 10001, 0]
    assert [bool(row["orderId"]) for row in answer["result"]["list"]] == [True, False, False, True]


async def test_a_batch_of_twenty_one_is_refused_whole(venue, raw):
    request = {"category": "linear", "request": [order()] * 21}

    assert (await raw.post("bot", "/v5/order/create-batch", request))["retCode"] == 10001


async def test_lists_want_a_symbol_or_a_coin(venue, raw):
    assert (await raw.get("watch", "/v5/position/list", "category=linear"))["retCode"] == 10001
    assert (await raw.get("watch", "/v5/order/realtime", "category=linear"))["retCode"] == 10001
