"""`--markets N`: a venue as wide as a real one, with the account's book as it was."""

from __future__ import annotations

from decimal import Decimal


async def test_seven_hundred_markets_are_listed_and_only_the_first_are_held(serve, ccxt_of):
    """A client that loads every market must carry what it carries at the real venue."""
    venue = await serve(markets=700, positions=5)
    client = await ccxt_of(venue, "watch")

    markets = await client.load_markets()
    held = await client.fetch_positions()

    assert 700 == sum(1 for market in markets.values() if market["linear"])
    assert ["BTCUSDT", "DOGEUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"] == sorted(
        p["info"]["symbol"] for p in held
    )


async def test_generated_markets_have_a_price_on_their_own_grid(serve):
    """A step that is zero, or coarser than the price, would refuse every order on that market."""
    venue = await serve(markets=700, positions=0)

    instruments = venue.world.instruments.values()

    assert all(Decimal(0) < i.tick <= i.start_price / 100 for i in instruments)
    assert all(Decimal(0) < i.step == i.min_qty < i.max_market_qty <= i.max_limit_qty for i in instruments)
    assert all(i.start_price == i.round_price(i.start_price) for i in instruments)
