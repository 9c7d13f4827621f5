"""The crash is only fair if every seed crosses the whole ladder, slowly enough to be judged."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from guardian.demo.crash import PUBLISHED_FALLS, Crash, Holding, drive, path, plan, unprotected_loss
from guardian.errors import GuardianError

COINS = sorted(PUBLISHED_FALLS)
EQUITY = 100_000.0


def book_of(seed: int) -> list[Holding]:
    """Five legs, long and short, anything from nearly hedged to leveraged four times."""
    draw = random.Random(f"book {seed}")
    coins = draw.sample(COINS, 5)
    longs, shorts = draw.uniform(0.6, 4.0), draw.uniform(0.05, 0.5)
    sizes = [longs / 3] * 3 + [-shorts / 2 * draw.uniform(0.2, 0.7)] * 2
    prices = [draw.uniform(0.1, 50_000) for _ in coins]
    return [
        Holding(f"{coin}USDT", size * EQUITY / price, price)
        for coin, size, price in zip(coins, sizes, prices, strict=True)
    ]


def crossing(crash: Crash, loss: float) -> float:
    """Seconds at which the unprotected account first has lost this fraction."""
    return next(i / 100 for i in range(int(crash.seconds * 100)) if unprotected_loss(crash, i / 100) >= loss)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_every_seed_passes_the_ladder_slowly_enough_to_be_judged(first: int) -> None:
    """A jump over two rungs between two snapshots would show nothing, and the second account needs calm."""
    for seed in range(first, first + 50):
        crash = plan(seed, book_of(seed), EQUITY, seconds=40)

        caution, reduce, lockout = (crossing(crash, loss) for loss in (0.025, 0.0375, 0.05))
        steps = [unprotected_loss(crash, reduce + i / 10) for i in range(int((lockout - reduce) * 10) + 1)]
        fastest = max((after - before) * 10 for before, after in pairwise(steps))

        assert caution < reduce < lockout < 0.6 * crash.seconds, seed
        assert lockout - reduce >= 3.0, seed
        assert fastest <= 0.0045, seed


def test_every_seed_falls_to_the_published_depth() -> None:
    """The speed is scaled, never the depth: BTC ends at about -22 % and the others fall further."""
    for seed in range(200):
        crash = plan(seed, book_of(seed), EQUITY)

        end = path(crash, crash.seconds)

        for leg in crash.book:
            fall = 1 - end[leg.symbol] / leg.price
            assert fall == pytest.approx(PUBLISHED_FALLS[leg.base], rel=0.031), (seed, leg.symbol)
            assert fall >= 0.20, (seed, leg.symbol)


def test_the_path_is_a_pure_function_of_seed_and_time() -> None:
    """A seed that failed must fail again."""
    once, again, other = (plan(seed, book_of(1), EQUITY) for seed in (7, 7, 8))

    assert path(once, 12.3) == path(again, 12.3)
    assert path(once, 12.3) != path(other, 12.3)
    assert path(once, 0.0) == {leg.symbol: leg.price for leg in book_of(1)}


def test_there_is_a_bounce_in_the_fall() -> None:
    """A market that only falls would not show that a rebound clears nothing above CAUTION."""
    crash = plan(3, book_of(3), EQUITY)

    losses = [unprotected_loss(crash, i / 10) for i in range(400)]

    assert sum(after < before for before, after in pairwise(losses)) >= 10


def test_a_book_that_cannot_lose_is_refused_with_a_sentence() -> None:
    """A short book would gain in the crash; a demo that then shows nothing must say why."""
    short = [Holding("BTCUSDT", -1.0, 50_000.0)]

    with pytest.raises(GuardianError, match="more long than short"):
        plan(1, short, EQUITY)


def test_an_hour_cannot_be_compressed_below_the_slow_stretch() -> None:
    with pytest.raises(GuardianError, match="22 or more"):
        plan(1, book_of(1), EQUITY, seconds=10)


async def test_the_driver_ends_at_the_full_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches the venue must see the last price, however late the last push came."""
    monkeypatch.setattr("guardian.demo.crash.SHORTEST_SECONDS", 0.0)
    crash = plan(5, book_of(5), EQUITY, seconds=40)
    short = Crash(crash.seed, 0.5, crash.equity, crash.book, crash.falls, ((0.0, 0.0), (0.5, 1.0)))
    pushed: list[dict[str, float]] = []

    async def push(prices: object) -> None:
        assert isinstance(prices, dict)
        pushed.append(prices)

    await drive(short, push)

    assert 4 <= len(pushed) <= 8
    assert pushed[-1] == path(short, 0.5)
