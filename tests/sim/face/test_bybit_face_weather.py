"""Latency, rate limits and faults: what the network and a bad day do to an answer."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal

import aiohttp
import ccxt
import pytest

from guardian.errors import ConfigError
from guardian.sim.faces.faults import parse_shorthand, rule_of

BUY = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.001"}
WALLET = ("/v5/account/wallet-balance", "accountType=UNIFIED")


async def equity(raw) -> str:
    return (await raw.get("watch", *WALLET))["result"]["list"][0]["totalEquity"]


async def test_latency_is_a_round_trip_with_the_effect_at_half(serve, raw_of):
    venue = await serve(seed=7, latency_ms=1200)
    raw = raw_of(venue)
    before = venue.tenants[0].account.size("BTCUSDT")
    started = time.monotonic()
    call = asyncio.create_task(raw.post("bot", "/v5/order/create", BUY))

    await asyncio.sleep(0.2)
    early = venue.tenants[0].account.size("BTCUSDT")
    await asyncio.sleep(0.6)
    half = venue.tenants[0].account.size("BTCUSDT")
    still_waiting = not call.done()
    await call

    assert (early, half) == (before, before + Decimal("0.001"))
    assert still_waiting
    assert 1.2 <= time.monotonic() - started < 2.4


async def test_the_eleventh_order_within_a_second_is_refused(serve, raw_of):
    venue = await serve(seed=7, limits=True)
    raw = raw_of(venue)

    answers = await asyncio.gather(*(raw.post("bot", "/v5/order/create", BUY) for _ in range(15)))
    batch = {"category": "linear", "request": [BUY] * 12}
    batched = await raw.post("bot", "/v5/order/create-batch", batch)
    await asyncio.sleep(1.05)
    later = await raw.post("bot", "/v5/order/create", BUY)

    assert sorted(a["retCode"] for a in answers) == [0] * 10 + [10006] * 5
    assert [row["code"] for row in batched["retExtInfo"]["list"]] == [0] * 10 + [10006] * 2
    assert later["retCode"] == 0


async def test_limits_are_told_in_headers(serve, raw_of):
    venue = await serve(seed=7, limits=True)
    raw = raw_of(venue)

    _, headers, _ = await raw.send("GET", "?".join(WALLET), raw.headers("watch", WALLET[1]))

    assert (headers["X-Bapi-Limit"], headers["X-Bapi-Limit-Status"]) == ("50", "49")
    assert int(headers["X-Bapi-Limit-Reset-Timestamp"]) > 0


async def test_an_address_that_floods_is_banned(serve, raw_of):
    venue = await serve(seed=7, limits=True)
    raw = raw_of(venue)
    for _ in range(600):
        venue.server.limits.banned("127.0.0.1", venue.clock())

    status, _, _ = await raw.send("GET", "/v5/market/time", {})

    assert status == 403


async def test_a_lost_answer_still_had_its_effect(venue, raw):
    before = venue.tenants[0].account.size("BTCUSDT")
    await raw.sim("POST", "faults", [{"match": "order/create", "effect": "timeout_after_effect", "count": 1}])
    text = json.dumps(BUY)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(
            raw.send("POST", "/v5/order/create", raw.headers("bot", text), text), timeout=0.3
        )

    assert venue.tenants[0].account.size("BTCUSDT") == before + Decimal("0.001")
    assert (await raw.post("bot", "/v5/order/create", BUY))["retCode"] == 0


async def test_a_dropped_request_had_none(venue, raw):
    before = venue.tenants[0].account.size("BTCUSDT")
    await raw.sim("POST", "faults", [{"match": "order/create", "effect": "drop_before"}])
    text = json.dumps(BUY)

    with pytest.raises(aiohttp.ClientError):
        await raw.send("POST", "/v5/order/create", raw.headers("bot", text), text)

    assert venue.tenants[0].account.size("BTCUSDT") == before


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"effect": "status", "code": 429}, ccxt.ExchangeError),
        ({"effect": "status", "code": 502, "body": "bad gateway"}, ccxt.ExchangeNotAvailable),
        ({"effect": "ret_code", "code": 10006}, ccxt.RateLimitExceeded),
        ({"effect": "ret_code", "code": 10016}, ccxt.ExchangeError),
        ({"effect": "ret_code", "code": 10002}, ccxt.InvalidNonce),
        ({"effect": "drop_before"}, ccxt.NetworkError),
    ],
)
async def test_what_ccxt_makes_of_an_answer_that_is_none(venue, raw, ccxt_of, rule, expected):
    client = await ccxt_of(venue, "watch")
    await raw.sim("POST", "faults", [{"match": "position/list", **rule}])

    with pytest.raises((expected, ccxt.RateLimitExceeded, ccxt.DDoSProtection)) as caught:
        await client.fetch_positions()

    assert issubclass(caught.type, expected) or rule.get("code") == 429


async def test_spoilt_bodies_are_spoilt(venue, raw):
    bodies = {}
    for effect in ("garbage", "empty", "truncate"):
        await raw.sim("POST", "faults", [{"match": "wallet", "effect": effect, "count": 1}])
        _, _, bodies[effect] = await raw.send("GET", "?".join(WALLET), raw.headers("watch", WALLET[1]))

    assert bodies["garbage"].startswith(b"<html>")
    assert bodies["empty"] == b""
    assert bodies["truncate"].startswith(b'{"retCode":0')
    with pytest.raises(json.JSONDecodeError):
        json.loads(bodies["truncate"])


async def test_a_stale_answer_repeats_the_old_one_with_its_old_time(venue, raw):
    first = await raw.get("watch", *WALLET)
    await raw.sim("POST", "price", {"symbol": "BTCUSDT", "price": 30000})
    await raw.sim("POST", "faults", [{"match": "wallet", "effect": "stale", "count": 1}])

    stale, fresh = await raw.get("watch", *WALLET), await raw.get("watch", *WALLET)

    assert stale == first
    assert fresh["result"] != first["result"]


async def test_replace_and_scale_lie_in_the_answer_only(venue, raw):
    honest = await equity(raw)
    scale = {"match": "wallet", "effect": "scale", "pointers": ["/list/0/totalEquity"], "factor": 0.4}
    replace = {"match": "position", "effect": "replace", "values": {"/list/*/size": "NaN"}}
    await raw.sim("POST", "faults", [{**scale, "count": 1}, replace])

    lie, later = await equity(raw), await equity(raw)
    rows = (await raw.get("watch", "/v5/position/list", "category=linear&settleCoin=USDT"))["result"]["list"]

    assert float(lie) == pytest.approx(float(honest) * 0.4)
    assert later == honest
    assert {row["size"] for row in rows} == {"NaN"}


async def test_rules_select_by_role_and_symbol_and_count_what_they_changed(venue, raw):
    rules = [
        {"match": "order/create", "symbol": "ETHUSDT", "key": "bot", "effect": "ret_code", "code": 10016}
    ]
    await raw.sim("POST", "faults", rules)

    codes = [
        (await raw.post(role, "/v5/order/create", {**BUY, "symbol": symbol, "qty": "0.01"}))["retCode"]
        for role, symbol in (("bot", "BTCUSDT"), ("bot", "ETHUSDT"), ("hands", "ETHUSDT"))
    ]

    assert codes == [0, 10016, 0]
    assert [fault["changed"] for fault in (await raw.sim("GET", "truth"))["faults"]] == [1]
    cleared = await raw.sim("DELETE", "faults")
    assert cleared["faults"][0]["changed"] == 1
    assert (await raw.post("bot", "/v5/order/create", {**BUY, "symbol": "ETHUSDT"}))["retCode"] != 10016


async def test_a_hang_before_the_effect_delays_the_effect(venue, raw):
    before = venue.tenants[0].account.size("BTCUSDT")
    await raw.sim("POST", "faults", [{"match": "create", "effect": "hang", "seconds": 0.2, "when": "before"}])
    call = asyncio.create_task(raw.post("bot", "/v5/order/create", BUY))

    await asyncio.sleep(0.1)
    meanwhile = venue.tenants[0].account.size("BTCUSDT")
    await call

    assert meanwhile == before
    assert venue.tenants[0].account.size("BTCUSDT") > before


def test_the_command_lines_grammar():
    rules = parse_shorthand("p429=0.1, p10016@order/create=0.05,pdrop=1")

    told = [(r.effect, r.code, r.match, r.probability) for r in rules]
    assert told == [
        ("status", 429, "", 0.1),
        ("ret_code", 10016, "order/create", 0.05),
        ("drop_before", 0, "", 1.0),
    ]


@pytest.mark.parametrize("text", ["429=0.1", "p429", "p429=2", "pnonsense=0.1", "preplace=0.1"])
def test_a_wrong_fault_on_the_command_line_says_so(text):
    with pytest.raises(ConfigError, match="--faults"):
        parse_shorthand(text)


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"effect": "explode"}, "effect"),
        ({"effect": "hang", "path": "x"}, "path"),
        ({"effect": "hang", "probability": 5}, "0.05"),
        ([], "object"),
    ],
)
def test_a_wrong_rule_names_what_is_wrong(rule, word):
    with pytest.raises(ConfigError, match=word):
        rule_of(rule)
