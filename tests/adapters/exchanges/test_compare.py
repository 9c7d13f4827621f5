"""A second venue's prices beside an account's own: which are told, of what moment, and what silence means."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from guardian.exchanges.bybit.beside.market import BybitMarket
from guardian.exchanges.bybit.beside.quotes import parse_quote
from guardian.exchanges.generic.compare import OtherVenue, Price, price_of
from guardian.exchanges.generic.venue import Compared
from tests.adapters.exchanges.stub import Raw, Script, listed
from tests.adapters.exchanges.test_bybit_beside import BOOK, BTC, TICKERS, ticker


async def test_a_second_venue_that_does_not_answer_delays_nothing(script: Script) -> None:
    for path in ("/v5/market/instruments-info", TICKERS):
        script.says(path, Raw(b"{}", delay=30))
    other, begun = OtherVenue(Compared("bybit", script.url)), time.monotonic()

    seen = other.beside((parse_quote(ticker()),))
    await other.close()

    assert seen == (replace(parse_quote(ticker()), other_venue="bybit"),), "asked, and no price told"
    assert time.monotonic() - begun < 1


async def test_a_second_venues_price_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    other = OtherVenue(Compared("binance"))
    other._due_at = time.monotonic() + 60
    other._prices = {BTC: Price(time.monotonic() - 10, Decimal(49000), Decimal(50000))}

    (fresh,) = other.beside((parse_quote(ticker()),))
    monkeypatch.setattr("guardian.exchanges.generic.compare.FRESH_S", 5.0)
    (old,) = other.beside((parse_quote(ticker()),))

    assert (fresh.other, fresh.other_venue) == (Decimal(49000), "binance")
    assert (old.other, old.other_venue) == (None, "binance")


async def test_a_second_venues_price_is_compared_with_the_mark_of_its_question() -> None:
    """Two per cent up within the seconds since is the market, and no difference of two venues."""
    other = OtherVenue(Compared("binance"))
    other._due_at = time.monotonic() + 60
    other._prices = {BTC: Price(time.monotonic(), Decimal(49000), Decimal(50000))}

    (risen,) = other.beside((parse_quote(ticker(markPrice="51000")),))

    assert risen.other == Decimal(49980)


async def test_what_the_second_venue_does_not_list_is_not_asked_of_it() -> None:
    other = OtherVenue(Compared("binance"))
    other._due_at = time.monotonic() + 60
    other._unlisted = frozenset({BTC})

    (seen,) = other.beside((parse_quote(ticker()),))

    assert (seen.other, seen.other_venue) == (None, "")


async def test_a_second_venue_that_never_ends_its_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """And while the thread that reads it is stuck no other one joins it."""
    monkeypatch.setattr("guardian.exchanges.generic.compare.FRESH_S", 0.05)
    monkeypatch.setattr("guardian.exchanges.generic.compare._REST_S", 0.0)
    other, stuck, begun = OtherVenue(Compared("binance")), threading.Event(), 0

    def fetch(symbols: list[str]) -> dict[str, Decimal]:
        nonlocal begun
        begun += 1
        stuck.wait(10)
        return {}

    monkeypatch.setattr(other, "_fetch", fetch)
    other.beside((parse_quote(ticker()),))
    asking = other._asking
    assert asking is not None
    await asyncio.wait_for(asking, 2)
    other.beside((parse_quote(ticker()),))
    await asyncio.sleep(0.1)
    stuck.set()
    await other.close()

    assert begun == 1


NOW_S = 1_763_740_800.0


@pytest.mark.parametrize(
    ("told", "price"),
    [
        ({"bid": 99.9, "ask": 100.1}, "100.0"),
        ({"bid": 99.9, "ask": 100.1, "timestamp": NOW_S * 1000 - 14_000}, "100.0"),
        ({"bid": 99.9, "ask": 100.1, "timestamp": NOW_S * 1000 - 16_000}, None),
        ({"bid": 99.9, "ask": 100.1, "timestamp": NOW_S * 1000 + 16_000}, None),
        ({"bid": 1, "ask": 1e5, "last": 60_000, "timestamp": NOW_S * 1000}, None),
        ({"bid": 99, "ask": 100.1}, None),
        ({"bid": 100.1, "ask": 99.9}, None),
        ({"last": 100.0, "timestamp": NOW_S * 1000}, "100.0"),
        ({"last": 100.0}, None),
        ({"last": 100.0, "timestamp": "soon"}, None),
        ({"bid": "NaN", "ask": 100.1, "last": None}, None),
    ],
)
def test_a_price_is_a_narrow_book_or_a_fresh_trade(told: dict[str, Any], price: str | None) -> None:
    assert price_of(told, NOW_S) == (None if price is None else Decimal(price))


async def test_a_look_names_what_the_second_venue_did_not_tell(script: Script) -> None:
    script.says(TICKERS, listed([ticker()]))
    script.says(BOOK, {"s": "BTCUSDT", "b": [["100", "1"]], "a": [["101", "1"]]})
    market = BybitMarket(replace(script.endpoint(), compare=Compared("binance", "http://127.0.0.1:9")))

    seen = await market.look([BTC])
    await market.close()

    assert seen.problem == f"no price from binance: {BTC}"
    assert [q.other_venue for q in seen.quotes or ()] == ["binance"]
