"""The local control, the record of what happened, candles, and the venue as its own process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest

from guardian.errors import ConfigError, GuardianError
from guardian.sim.faces.candles import load_candles
from guardian.sim.launch import start_venue

BUY = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
CSV = """ts,symbol,open,high,low,close,volume
1621382400000,BTC/USDT:USDT,43000,43100,40000,40500,10
1621382460000,BTC/USDT:USDT,40500,40600,30000,36000,10
"""


async def test_a_price_moves_every_view_of_it(venue, raw):
    await raw.sim("POST", "price", {"prices": {"BTCUSDT": 40000, "ETHUSDT": "3000.5"}})

    rows = (await raw.get("watch", "/v5/position/list", "category=linear&settleCoin=USDT"))["result"]["list"]
    truth = await raw.sim("GET", "truth")

    marks = {row["symbol"]: row["markPrice"] for row in rows}
    assert (marks["BTCUSDT"], marks["ETHUSDT"]) == ("40000.00", "3000.50")
    assert truth["prices"]["ETHUSDT"] == "3000.50"


async def test_a_crash_triggers_stops_and_books_them(venue, raw):
    account = venue.tenants[0].account
    btc = next(o for o in account.open_orders.values() if o.symbol == "BTCUSDT" and o.is_conditional)

    await raw.sim("POST", "price", {"symbol": "BTCUSDT", "price": str(btc.trigger - 1)})

    assert btc.filled == btc.qty


async def test_truth_tells_orders_keys_and_every_request_without_secrets(venue, raw):
    await raw.post("bot", "/v5/order/create", {**BUY, "orderLinkId": "ft-9"})
    await raw.post("watch", "/v5/order/create", BUY)

    truth = await raw.sim("GET", "truth")

    made, denied = truth["requests"]
    assert (made["role"], made["code"], made["symbol"], made["order_link_id"]) == (
        "bot",
        0,
        "BTCUSDT",
        "ft-9",
    )
    assert (denied["role"], denied["code"], denied["side"]) == ("watch", 10005, "Buy")
    assert made["at"] <= made["effect_at"]
    execution = truth["accounts"][0]["executions"][-1]
    assert (execution["order_link_id"], execution["role"]) == ("ft-9", "bot")
    text = json.dumps(truth)
    secrets = [a[role]["secret"] for a in venue.accounts for role in ("watch", "hands", "bot", "admin")]
    assert not [secret for secret in secrets if secret in text]


async def test_requests_can_be_read_page_by_page(venue, raw):
    for _ in range(3):
        await raw.post("bot", "/v5/order/create", BUY)
    first = await raw.sim("GET", "truth")
    await raw.post("bot", "/v5/order/create", BUY)

    later = await raw.sim("GET", f"truth?since={first['next']}")

    assert [row["n"] for row in first["requests"]] == [1, 2, 3]
    assert [row["n"] for row in later["requests"]] == [4]


async def test_the_record_of_requests_is_bounded(serve, raw_of):
    venue = await serve(seed=7, log_size=5)
    raw = raw_of(venue)
    for _ in range(8):
        await raw.send("GET", "/v5/market/time", {})

    rows = (await raw.sim("GET", "truth"))["requests"]

    assert [row["n"] for row in rows] == [4, 5, 6, 7, 8]


async def test_a_flip_is_counted(venue, raw):
    size = venue.tenants[0].account.size("BTCUSDT")
    flip = {**BUY, "side": "Sell", "qty": str(size + Decimal("0.01"))}

    await raw.post("bot", "/v5/order/create", flip)

    assert (await raw.sim("GET", "truth"))["accounts"][0]["sign_flips"] == 1


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("price", {"symbol": "BTCUSDT", "price": 0}),
        ("price", {"symbol": "BTCUSDT", "price": "NaN"}),
        ("price", {"symbol": "NOPE", "price": 1}),
        ("price", {}),
        ("flow", {"account": "nobody", "amount": 1}),
        ("faults", [{"effect": "explode"}]),
        ("faults", [{"effect": "hang", "probability": "often"}]),
    ],
)
async def test_wrong_control_input_is_refused_and_changes_nothing(venue, raw, path, sent):
    before = venue.world.markets["BTCUSDT"].mark

    status, _, body = await raw.send("POST", f"/_sim/{path}", {}, json.dumps(sent))

    assert status == 400
    assert json.loads(body)["error"]
    assert venue.world.markets["BTCUSDT"].mark == before
    assert venue.faults.rules == []


async def test_strict_hides_the_control(serve, raw_of):
    venue = await serve(seed=7, strict=True)

    status, _, _ = await raw_of(venue).send("GET", "/_sim/truth", {})

    assert status == 404


async def test_candles_drive_the_price_from_their_first_open(serve, tmp_path):
    file = tmp_path / "crash.csv"
    file.write_text(CSV)

    venue = await serve(seed=7, candles=file, speed=600.0)
    start = venue.world.markets["BTCUSDT"].day_open
    await asyncio.sleep(0.35)

    market = venue.world.markets["BTCUSDT"]
    assert (start, market.mark, market.day_low) == (Decimal(43000), Decimal(36000), Decimal(30000))


def test_a_bar_is_walked_through_its_extremes(tmp_path):
    file = tmp_path / "crash.csv"
    file.write_text(CSV)

    path = list(load_candles(file).path(speed=60))

    assert [seconds for seconds, _ in path] == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]
    assert [int(prices["BTCUSDT"]) for _, prices in path] == [
        43000, 43100, 40000, 40500, 40500, 40600, 30000, 36000
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("a.csv", "ts,symbol\n", "open"),
        ("a.csv", "ts,symbol,open,high,low,close,volume\n", "no candles"),
        ("a.csv", "ts,symbol,open,high,low,close,volume\n1,BTCUSDT,x,1,1,1,1\n", "a.csv:2"),
        ("a.parquet", "", "CSV"),
    ],
)
def test_wrong_candles_say_where(tmp_path, name, text, word):
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises((ConfigError, GuardianError), match=word):
        load_candles(file)


async def test_fifty_orders_at_once_are_cheap(serve, raw_of):
    """The venue must never be what a flatten waits for: an order costs about as much as to ask the time.

    By the processor's time, client included, of one run: the best of three looks, for machines are noisy.
    """
    looks = []
    for _ in range(3):
        venue = await serve(seed=7, positions=50)
        raw = raw_of(venue)
        closes = [close_of(leg) for leg in venue.tenants[0].account.open_legs()]
        await asyncio.gather(*(raw.get("watch", "/v5/market/time") for _ in closes))  # connections are made
        started = time.process_time()
        await asyncio.gather(*(raw.get("watch", "/v5/market/time") for _ in closes))
        asked = time.process_time()

        answers = await asyncio.gather(*(raw.post("hands", "/v5/order/create", close) for close in closes))

        looks.append((time.process_time() - asked) / (asked - started))
        assert [answer["retCode"] for answer in answers] == [0] * 50
        assert venue.tenants[0].account.open_legs() == []

    assert min(looks) < 5, looks


def close_of(leg) -> dict:
    return {
        "category": "linear",
        "symbol": leg.symbol,
        "side": "Sell" if leg.size > 0 else "Buy",
        "orderType": "Market",
        "qty": "0",
        "reduceOnly": True,
        "closeOnTrigger": True,
    }


def truth_of(url: str) -> dict:
    with urllib.request.urlopen(f"{url}/_sim/truth", timeout=5) as answer:
        return json.load(answer)


@pytest.mark.process
def test_the_process_prints_its_accounts_and_stops_on_sigterm():
    launched = start_venue(["--seed", "3", "--accounts", "2", "--positions", "3"])

    try:
        truth = truth_of(launched.url)
        accounts = launched.accounts
    finally:
        code = launched.stop()

    assert code == 0
    assert [account["name"] for account in accounts] == ["sim-1", "sim-2"]
    assert set(accounts[0]) == {"name", "uid", "watch", "hands", "bot", "canary", "admin"}
    assert [len(account["positions"]) for account in truth["accounts"]] == [3, 3]
    assert accounts[0]["bot"]["secret"] not in repr(launched)


def serve_once(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "guardian", "venue", "serve", *arguments]
    plain = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env=plain, check=False)


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--face", "okx"], 2, "not served yet"),
        (["--latency", "soon"], 2, "duration"),
        (["--faults", "p429"], 3, "--faults"),
        (["--candles", "absent.csv"], 3, "absent.csv"),
    ],
)
def test_what_cannot_be_served_is_said_without_a_traceback(arguments, code, word):
    done = serve_once(*arguments)

    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
async def test_a_taken_port_is_said_plainly(venue):
    done = await asyncio.to_thread(serve_once, "--port", str(venue.port))

    assert (done.returncode, done.stdout) == (1, "")
    assert f"{venue.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_face_is_documented():
    page = Path(__file__).parents[3] / "docs" / "venue.md"

    assert "not faithful" in page.read_text(encoding="utf-8")
