"""What every venue's market reader promises: true prices and books of what is asked, and what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guardian.core.facts.market import Market
from guardian.core.memory import Markets
from guardian.core.metrics.markets import fold_market
from guardian.ports import MarketReader
from guardian.sim.world.orders import Side
from tests.contracts.beds import WIRE, Bed

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
Contract = Callable[[MarketReader, Bed], Awaitable[None]]


def believed(market: Market) -> Markets:
    """What the core makes of it: a number that is none, or a crossed book, would be left out."""
    return fold_market(Markets(), market)


async def it_tells_what_the_market_is(reader: MarketReader, bed: Bed) -> None:
    before = datetime.now(UTC)
    truth = bed.venue.world.markets["BTCUSDT"]

    market = await reader.look([BTC])

    assert market.problem == ""
    assert before <= market.asked_at <= datetime.now(UTC)
    (quote,) = market.quotes or ()
    assert (quote.symbol, quote.mark, quote.index, quote.last) == (BTC, truth.mark, truth.index, truth.last)
    assert (quote.bid, quote.ask) == (truth.best(Side.SELL), truth.best(Side.BUY))
    assert quote.funding_rate == truth.funding_rate
    assert quote.funding_hours == 8
    assert quote.funding_at is not None
    assert timedelta(0) < quote.funding_at - before <= timedelta(hours=8)
    assert quote.day_volume is not None
    assert quote.day_volume > 0
    assert (quote.other, quote.other_venue) == (None, "")


async def inverse_contracts_have_a_market_of_their_own(reader: MarketReader, bed: Bed) -> None:
    """Books of these count dollars. Alone, and in a list that is asked for as a whole."""
    bed.venue.world.list_inverse("BTC")
    bed.venue.world.set_prices({"BTCUSD": Decimal(42_000)}, bed.venue.clock())
    truth = bed.venue.world.markets["BTCUSD"]
    many = [f"{symbol.removesuffix('USDT')}/USDT:USDT" for symbol in list(bed.venue.world.markets)[:12]]

    alone, all_of_them = await reader.look(["BTC/USD:BTC"]), await reader.look(["BTC/USD:BTC", *many])

    (quote,), (book,) = alone.quotes or (), alone.books or ()
    assert (alone.problem, quote.symbol, quote.mark) == ("", "BTC/USD:BTC", truth.mark)
    offered = truth.offered(Side.BUY, bed.venue.clock())
    assert (book.symbol, sum(q for _, q in book.asks)) == ("BTC/USD:BTC", sum(offer.qty for offer in offered))
    assert all_of_them.problem == ""
    assert [q.symbol for q in all_of_them.quotes or ()] == ["BTC/USD:BTC", *many]


async def its_book_holds_what_an_order_would_meet(reader: MarketReader, bed: Bed) -> None:
    truth = bed.venue.world.markets["BTCUSDT"]

    market = await reader.look([BTC])

    (book,) = market.books or ()
    assert (book.symbol, book.contract_size, book.truncated) == (BTC, Decimal(1), False)
    offered = truth.offered(Side.SELL, bed.venue.clock())
    assert [price for price, _ in book.bids[:8]] == [offer.price for offer in offered[:8]]
    assert sum(quantity for _, quantity in book.bids) == sum(offer.qty for offer in offered)
    assert believed(market).books == (book,)


async def it_keeps_to_what_is_asked(reader: MarketReader, bed: Bed) -> None:
    nothing, two = await reader.look([]), await reader.look([ETH, BTC])

    assert (nothing.quotes, nothing.books, nothing.problem) == ((), (), "")
    assert {quote.symbol for quote in two.quotes or ()} == {BTC, ETH}
    assert {book.symbol for book in two.books or ()} == {BTC, ETH}


async def it_sees_many_symbols_at_once(reader: MarketReader, bed: Bed) -> None:
    ids = list(bed.venue.world.instruments)[:20]
    symbols = [f"{venue_id.removesuffix('USDT')}/USDT:USDT" for venue_id in ids]

    market = await reader.look(symbols)

    assert market.problem == ""
    assert [quote.symbol for quote in market.quotes or ()] == symbols
    assert [book.symbol for book in market.books or ()] == symbols


async def a_symbol_that_is_not_listed_blinds_no_other(reader: MarketReader, bed: Bed) -> None:
    market = await reader.look([BTC, "GONE/USDT:USDT"])

    assert [quote.symbol for quote in market.quotes or ()] == [BTC]
    assert [book.symbol for book in market.books or ()] == [BTC]
    assert "GONE/USDT:USDT" in market.problem


async def a_part_that_fails_is_none_and_the_other_stays(reader: MarketReader, bed: Bed) -> None:
    bed.commits("status", "market/orderbook", code=503)

    market = await reader.look([BTC])

    assert market.books is None
    assert "http-503" in market.problem
    assert [quote.symbol for quote in market.quotes or ()] == [BTC]


async def nonsense_is_no_price(reader: MarketReader, bed: Bed) -> None:
    for wrong in ("NaN", "", "0", "-1", None, True):
        bed.behaves()
        bed.commits("replace", "market/tickers", values={"/list/0/markPrice": wrong})
        bed.commits("replace", "market/orderbook", values={"/b": [[wrong, "1"]]})

        market = await reader.look([BTC])

        assert (market.quotes, market.books) == (None, None), wrong
        assert "garbage" in market.problem


async def it_recovers_by_itself(reader: MarketReader, bed: Bed) -> None:
    for effect in ("drop_before", "empty", "garbage", "truncate", "status"):
        bed.commits(effect, "GET /v5/market", count=2)
        await reader.look([BTC])
    bed.behaves()

    market = await reader.look([BTC])

    assert market.problem == ""
    assert market.quotes
    assert market.books


async def it_holds_no_key(reader: MarketReader, bed: Bed) -> None:
    for key in bed.venue.world.keys.values():
        key.delete(bed.venue.clock())

    assert (await reader.look([BTC])).problem == ""


async def each_request_is_told(reader: MarketReader, bed: Bed) -> None:
    await reader.look([BTC])
    bed.commits("status", "market/orderbook", code=503, count=1)

    market = await reader.look([BTC, ETH])

    told = sorted((call.endpoint, call.code) for call in market.calls)
    assert told == [("orderbook", ""), ("orderbook", "http-503"), ("tickers", ""), ("tickers", "")]


CONTRACT: tuple[Contract, ...] = (
    it_tells_what_the_market_is,
    inverse_contracts_have_a_market_of_their_own,
    its_book_holds_what_an_order_would_meet,
    it_keeps_to_what_is_asked,
    it_sees_many_symbols_at_once,
    a_symbol_that_is_not_listed_blinds_no_other,
    a_part_that_fails_is_none_and_the_other_stays,
    nonsense_is_no_price,
    it_recovers_by_itself,
    it_holds_no_key,
    each_request_is_told,
)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", WIRE)
async def test_market_contract(name: str, promise: Contract) -> None:
    async with WIRE[name]() as bed:
        reader = bed.market()
        try:
            await promise(reader, bed)
        finally:
            await reader.close()
