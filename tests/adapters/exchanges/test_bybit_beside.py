"""What the readers beside the snapshots make of rows that no simulated venue shows, and how they ask."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.market import Quote, Rows
from guardian.errors import VenueError
from guardian.exchanges.bybit.beside.history import ORDERS, BybitHistory
from guardian.exchanges.bybit.beside.market import BybitMarket
from guardian.exchanges.bybit.beside.quotes import folded, parse_book, parse_quote
from guardian.exchanges.bybit.beside.trail import Stretch, Trail
from guardian.exchanges.bybit.client import BybitClient
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import WATCH, Raw, Script, Seen, listed

EXECUTIONS = "/v5/execution/list"
TICKERS = "/v5/market/tickers"
BOOK = "/v5/market/orderbook"
DAY_MS = 86_400_000
BTC = "BTC/USDT:USDT"


def now_ms() -> int:
    return round(time.time() * 1000)


def fill(**changes: Any) -> dict[str, Any]:
    usual = {
        "symbol": "BTCUSDT",
        "execId": "e1",
        "execTime": str(now_ms()),
        "execType": "Trade",
        "side": "Sell",
        "execQty": "0.5",
        "execPrice": "50000",
        "execFee": "13.75",
        "feeCurrency": "",
        "orderId": "o1",
        "orderLinkId": "",
        "closedSize": "",
    }
    return usual | changes


def past(**changes: Any) -> dict[str, Any]:
    usual = {
        "symbol": "BTCUSDT",
        "orderId": "o1",
        "orderLinkId": "ft-1",
        "side": "Buy",
        "orderType": "Limit",
        "orderStatus": "Cancelled",
        "rejectReason": "EC_NoError",
        "qty": "1",
        "cumExecQty": "0",
        "price": "40000",
        "avgPrice": "",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "createdTime": str(now_ms()),
        "updatedTime": str(now_ms()),
    }
    return usual | changes


def ticker(**changes: Any) -> dict[str, Any]:
    usual = {
        "symbol": "BTCUSDT",
        "markPrice": "50000",
        "indexPrice": "50001",
        "lastPrice": "50002",
        "bid1Price": "49999",
        "ask1Price": "50003",
        "fundingRate": "-0.0001",
        "nextFundingTime": "1763740800000",
        "fundingIntervalHour": "4",
        "volume24h": "1234.5",
    }
    return usual | changes


# --- rows ---------------------------------------------------------------------------------------


def test_a_quote_with_everything() -> None:
    seen = parse_quote(ticker())

    assert seen == Quote(
        symbol=BTC,
        mark=Decimal(50000),
        index=Decimal(50001),
        last=Decimal(50002),
        bid=Decimal(49999),
        ask=Decimal(50003),
        funding_rate=Decimal("-0.0001"),
        funding_at=datetime(2025, 11, 21, 16, tzinfo=UTC),
        funding_hours=4.0,
        day_volume=Decimal("1234.5"),
    )


def test_a_dated_contract_has_no_funding_and_an_empty_book_no_bid() -> None:
    seen = parse_quote(ticker(fundingRate="", nextFundingTime="0", fundingIntervalHour="", bid1Price=""))

    assert (seen.funding_rate, seen.funding_at, seen.funding_hours, seen.bid) == (None, None, None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"s": "ETHUSDT"},
        {"b": [["99", "1"], ["100", "1"]]},
        {"a": [["102", "1"], ["101", "1"]]},
        {"a": [["101", "-1"]]},
        {"b": [["NaN", "1"]]},
        {"b": [["100"]]},
        {"b": None},
    ],
)
def test_a_book_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    book = {"s": "BTCUSDT", "b": [["100", "1"], ["99", "1"]], "a": [["101", "1"], ["102", "1"]]}
    assert parse_book(book, BTC).bids == ((Decimal(100), Decimal(1)), (Decimal(99), Decimal(1)))

    with pytest.raises(VenueError):
        parse_book(book | changes, BTC)


def test_a_book_as_deep_as_the_question_may_go_on() -> None:
    asks = [[str(100 + n), "1"] for n in range(200)]

    assert parse_book({"s": "BTCUSDT", "b": [], "a": asks}, BTC).truncated
    assert not parse_book({"s": "BTCUSDT", "b": [], "a": asks[:199]}, BTC).truncated


def cost(levels: Rows, quantity: Decimal) -> Decimal | None:
    """What buying so much costs; None where the book ends before."""
    paid, left = Decimal(0), quantity
    for price, offered in levels:
        taken = min(left, offered)
        paid, left = paid + taken * price, left - taken
    return paid if left == 0 else None


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=200),
    share=st.decimals("0.01", "1", places=2),
)
def test_a_folded_book_is_small_and_never_looks_cheaper(sizes: list[int], share: Decimal) -> None:
    whole: Rows = tuple((Decimal(100 + n), Decimal(size)) for n, size in enumerate(sizes))
    wanted = share * sum(sizes)

    short = folded(whole)

    assert len(short) <= 30
    assert short[:8] == whole[:8]
    assert sum(quantity for _, quantity in short) == sum(sizes)
    dear, true = cost(short, wanted), cost(whole, wanted)
    assert dear is not None
    assert true is not None
    assert dear >= true


# --- questions ----------------------------------------------------------------------------------


@pytest.fixture
async def client(script: Script) -> AsyncIterator[BybitClient]:
    opened = BybitClient(script.endpoint())
    yield opened
    await opened.close()


async def test_both_ends_of_a_window_are_asked_and_never_more_than_a_week(script: Script) -> None:
    """The venue refuses one end alone, or more than seven days."""
    script.says(EXECUTIONS, listed([]))
    since = datetime.now(UTC) - timedelta(days=20)
    history = BybitHistory(script.endpoint(done_to=replace(script.endpoint().done_to, fills=since)), WATCH)
    reached = [(await history.recent()).asked_at for _ in range(3)]
    await history.close()

    sent_of_contracts = [sent for sent in script.sent_to(EXECUTIONS) if sent["category"] == "linear"]
    asked = [(int(sent["startTime"]), int(sent["endTime"])) for sent in sent_of_contracts]
    assert all(0 < end - start < 7 * DAY_MS for start, end in asked)
    assert asked[0][0] <= since.timestamp() * 1000 - 100_000, "rows come late: a little of the past again"
    assert all(later[0] <= earlier[1] for earlier, later in itertools.pairwise(asked)), "a gap"
    assert reached == sorted(reached)
    assert datetime.now(UTC) - reached[0] > timedelta(days=12)
    assert datetime.now(UTC) - reached[2] < timedelta(seconds=5)


def only_of(category: str, *rows: dict[str, Any]) -> Callable[[Seen], dict[str, Any]]:
    return lambda seen: listed(list(rows) if seen.sent["category"] == category else [])


async def test_spot_is_asked_beside_the_contracts(script: Script) -> None:
    """Whoever sells the coins of a treasury needs no contract for it."""
    script.says(EXECUTIONS, only_of("spot", fill(execTime=str(now_ms() + 2_000), orderLinkId="thief-1")))
    script.says(stub.HISTORY, only_of("spot", past(updatedTime=str(now_ms() + 2_000), orderType="Market")))
    history = BybitHistory(script.endpoint(), WATCH)
    first, second = await history.recent(), await history.recent()
    await history.close()

    assert [(f.symbol, f.side, f.client_id) for f in first.fills or ()] == [("BTC/USDT", -1, "thief-1")]
    assert [(o.id, o.symbol) for o in first.orders or ()] == [("o1", "BTC/USDT")]
    assert (second.fills, second.orders, first.problem) == ((), (), "")
    asked = {path: {sent["category"] for sent in script.sent_to(path)} for path in (EXECUTIONS, stub.HISTORY)}
    assert asked == {EXECUTIONS: {"linear", "spot"}, stub.HISTORY: {"linear", "spot"}}


async def test_contracts_alone_are_not_all_of_the_fills(script: Script) -> None:
    """A key that may not look at spot proves nothing of it; what did come is told by the next good answer."""
    contract, coins = (fill(execId=name, execTime=str(now_ms() + 2_000)) for name in ("e1", "e2"))
    refused = script.refusal(10005, "Permission denied")
    script.says(EXECUTIONS, lambda seen: refused if seen.sent["category"] == "spot" else listed([contract]))
    history = BybitHistory(script.endpoint(), WATCH)

    half = await history.recent()
    script.says(EXECUTIONS, lambda seen: listed([coins] if seen.sent["category"] == "spot" else [contract]))
    whole = await history.recent()
    await history.close()

    assert (half.fills, half.orders) == (None, ())
    assert half.problem.startswith("executions (spot): 10005")
    assert [(f.id, f.symbol) for f in whole.fills or ()] == [("e1", BTC), ("e2", "BTC/USDT")]


async def test_an_order_placed_long_ago_is_told_when_it_ends(script: Script, client: BybitClient) -> None:
    """As if the venue's window went by creation: what ends later is found by looking at the whole list."""
    old = past(createdTime=str(now_ms() - 3 * DAY_MS), updatedTime=str(now_ms() - 3 * DAY_MS + 1))
    rows = [past(orderId="o2", createdTime=old["createdTime"], updatedTime=str(now_ms() + 3_000)), old]

    def by_creation(seen: Seen) -> dict[str, Any]:
        start, end = int(seen.sent["startTime"]), int(seen.sent["endTime"])
        return listed([row for row in rows if start <= int(row["createdTime"]) <= end])

    script.says(stub.HISTORY, by_creation)
    trail = Trail(client, WATCH, replace(ORDERS, sweep_ms=0), None)
    told = []
    for _ in range(4):
        stretch = await trail.ask()
        trail.keep(stretch)
        told += [order.id for order in stretch.rows]

    assert told == ["o2"], "the other one ended before anybody watched"


def busy(script: Script, an_hour: float, seconds: float) -> Callable[[Seen], Raw]:
    """A list that is as long as its window, whose every page takes so many seconds."""

    def page(seen: Seen) -> Raw:
        hours = (int(seen.sent["endTime"]) - int(seen.sent["startTime"])) / 3_600_000
        number, limit = int(seen.sent.get("cursor", 0)), int(seen.sent["limit"])
        left = int(an_hour * hours) - number * limit
        rows = [{"orderStatus": "New"}] * max(0, min(limit, left))
        following = str(number + 1) if left > limit else ""
        return Raw(script.envelope(listed(rows, following)), delay=seconds)

    return page


async def asked_in_time(trail: Trail[Any], seconds: float, times: int) -> list[Stretch[Any] | None]:
    """What each question brought, None for one that the deadline has cut."""
    told: list[Stretch[Any] | None] = []
    for _ in range(times):
        try:
            async with asyncio.timeout(seconds):
                stretch = await trail.ask()
        except TimeoutError:
            told.append(None)
        else:
            trail.keep(stretch)
            told.append(stretch)
    return told


async def test_a_span_that_takes_too_long_is_narrowed_until_it_comes(
    script: Script, client: BybitClient
) -> None:
    """Else the same span would be cut by the same deadline for ever, and nothing of it be told."""
    script.says(stub.HISTORY, busy(script, 200, 0.04))
    since = datetime.now(UTC) - timedelta(hours=24)

    told = await asked_in_time(Trail(client, WATCH, ORDERS, since), 0.3, 12)

    reached = [datetime.now(UTC) - each.reaches for each in told if each is not None]
    assert len(reached) >= 3
    assert reached == sorted(reached, reverse=True)
    assert reached[-1] < timedelta(hours=22)


async def test_a_page_that_times_out_narrows_the_span_too(script: Script, client: BybitClient) -> None:
    script.says(stub.HISTORY, Raw(delay=5.0))
    trail = Trail(client, WATCH, ORDERS, datetime.now(UTC) - timedelta(days=20))
    for _ in range(2):
        with pytest.raises(VenueError, match="no answer"):
            await trail.ask()

    first, second = (int(s["endTime"]) - int(s["startTime"]) for s in script.sent_to(stub.HISTORY))
    assert second < 0.6 * first


async def test_a_sweep_that_takes_too_long_leaves_the_window_to_the_next_question(
    script: Script, client: BybitClient
) -> None:
    script.says(stub.HISTORY, busy(script, 20, 0.04))
    trail = Trail(client, WATCH, replace(ORDERS, sweep_ms=400), None)

    told = []
    for _ in range(6):
        told += await asked_in_time(trail, 0.3, 2)
        await asyncio.sleep(0.5)

    assert None in told, "a week of orders does not come in time"
    assert all(later is not None for earlier, later in itertools.pairwise(told) if earlier is None)
    assert told[-1] is not None
    spans = [int(sent["endTime"]) - int(sent["startTime"]) for sent in script.sent_to(stub.HISTORY)]
    assert min(span for span in spans if span > DAY_MS / 10) < DAY_MS, "it gets narrower, not given up"


async def test_the_market_is_asked_no_faster_than_ten_times_a_second(script: Script) -> None:
    """The address has one budget for everybody: whoever acts may need the rest of it."""
    book = {"b": [["100", "1"]], "a": [["101", "1"]]}
    script.says(TICKERS, lambda _: listed([ticker(symbol=f"A{n}USDT") for n in range(25)]))
    script.says(BOOK, lambda seen: book | {"s": seen.sent["symbol"]})
    market = BybitMarket(script.endpoint())

    seen = await market.look([f"A{n}/USDT:USDT" for n in range(25)])
    await market.close()

    assert seen.problem == ""
    assert len(seen.books or ()) == 25
    asked = sorted(request.at for request in script.seen if request.path in (TICKERS, BOOK))
    assert len(asked) == 26, "one answer holds all tickers"
    assert all(asked[n + 11] - asked[n] > 0.9 for n in range(len(asked) - 11))


async def test_symbols_without_a_turn_for_their_book_are_told(script: Script) -> None:
    script.says(TICKERS, listed([ticker(symbol=f"A{n}USDT") for n in range(40)]))
    script.says(BOOK, Raw(b"", 503))
    market = BybitMarket(script.endpoint())

    seen = await market.look([f"A{n}/USDT:USDT" for n in range(40)])
    await market.close()

    assert len(seen.quotes or ()) == 40
    assert seen.books is None
    assert "no book asked for 10 more symbols" in seen.problem
    assert "and 25 more" in seen.problem, "thirty reasons are not all told"
