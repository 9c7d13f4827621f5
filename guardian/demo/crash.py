"""A crash to published figures: pure price paths, and a driver that pushes them to the simulated venue.

Published figures (Binance's public one-minute spot candles of 2021-05-19, the hour that ended 13:09 UTC;
largest fall of the close within sixty minutes): BTC -22.4 %, ETH -29.8 %, XRP -33.4 %, ADA -36.5 %,
LINK -37.5 %, LTC -38.4 %, EOS -42.4 %, DOGE -44.2 %. The press told the same day as "$40,000 to $30,202"
(CoinDesk's 24-hour low, The Free Press Journal, 2021-05-19; Fortune, 2021-05-20).

Only the path is compressed: an hour into `seconds`. The depth is never scaled. The speed is, from the book's
own exposure, so that an account that nobody protects loses 2.5 %, 3.75 % and 5 % of its equity in this order,
with more than three seconds between the last two and never more than 0.45 % of equity a second from the first
wave's low to 7 %. What comes after is as steep as the remaining depth needs.
"""

from __future__ import annotations

import asyncio
import math
import random
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from guardian.errors import GuardianError

PUBLISHED_FALLS = {
    "BTC": 0.224,
    "ETH": 0.298,
    "XRP": 0.334,
    "ADA": 0.365,
    "LINK": 0.375,
    "LTC": 0.384,
    "EOS": 0.424,
    "DOGE": 0.442,
}
"""Largest one-hour fall of the close on 2021-05-19, as a fraction."""

UNLISTED_FALL = 0.36
"""For a coin without a published figure: the middle of the alternatives that have one."""

PUSHES_PER_SECOND = 10
SHORTEST_SECONDS, LONGEST_SECONDS = 22.0, 3600.0
DEEP_ENOUGH = 0.08


@dataclass(frozen=True, slots=True)
class Holding:
    """One leg of the book: `quantity` in base units, signed; `price` is the mark before the crash."""

    symbol: str
    quantity: float
    price: float

    @property
    def base(self) -> str:
        """The coin of "BTCUSDT", "BTC/USDT:USDT" or "BTC-USDT-SWAP"."""
        return self.symbol.replace("-", "/").split("/")[0].removesuffix("USDT")


@dataclass(frozen=True, slots=True)
class Fall:
    """How one symbol falls: `depth` at the end, and a wobble around the common progress (lead and lag)."""

    depth: float
    wobble: float
    waves: int

    def at(self, progress: float) -> float:
        """The fraction lost at `progress` (0 to 1): 0 at 0, exactly `depth` at 1, never turning back."""
        turn = 2 * math.pi * self.waves
        return self.depth * (progress + self.wobble * math.sin(turn * progress) / turn)


@dataclass(frozen=True, slots=True)
class Crash:
    """A planned crash. `knots` are (seconds, progress); between them the path is straight."""

    seed: int
    seconds: float
    equity: float
    book: tuple[Holding, ...]
    falls: tuple[Fall, ...]
    knots: tuple[tuple[float, float], ...]


def plan(seed: int, book: Sequence[Holding], equity: float, seconds: float = 40.0) -> Crash:
    """Plan the crash of `seed` for this book; `seconds` is what the hour is compressed into.

    Raises GuardianError when the book would not lose 8 % at the published depth (nothing to demonstrate),
    or when `seconds` leaves no room for the stretch that is kept slow.
    """
    if seconds < SHORTEST_SECONDS:
        raise GuardianError(f"--seconds {seconds:g} is too short, use {SHORTEST_SECONDS:g} or more")
    draw = random.Random(seed)
    weights = [leg.quantity * leg.price / equity for leg in book]
    depths = [PUBLISHED_FALLS.get(leg.base, UNLISTED_FALL) * draw.uniform(0.97, 1.03) for leg in book]
    net = math.fsum(weight * depth for weight, depth in zip(weights, depths, strict=True))
    gross = math.fsum(abs(weight) * depth for weight, depth in zip(weights, depths, strict=True))
    if net < DEEP_ENOUGH:
        raise GuardianError(
            f"this book would lose {net:.1%} of its equity in the crash, less than the {DEEP_ENOUGH:.0%} "
            "that the demo needs; start the venue with a book that is more long than short"
        )
    # A hedged book must not gain while its shorts lead, so the lead and lag shrink with the net exposure.
    wobble = min(0.15, 0.5 * net / gross)
    falls = tuple(Fall(depth, draw.uniform(-wobble, wobble), draw.choice((1, 2, 3))) for depth in depths)
    knots = _knots(draw, weights, falls, seconds)
    return Crash(seed, seconds, equity, tuple(book), falls, knots)


def _knots(
    draw: random.Random, weights: Sequence[float], falls: Sequence[Fall], seconds: float
) -> tuple[tuple[float, float], ...]:
    """A wave and a bounce, the slow stretch through the ladder, then the rest with a bounce at two thirds."""
    scale = seconds / 40.0
    low, bounce = draw.uniform(0.018, 0.021), draw.uniform(0.004, 0.007)
    by_loss = [(0.0, 0.0)]
    for pause, loss in (
        (draw.uniform(5.2, 5.8) * scale, low),
        (draw.uniform(1.0, 1.4) * scale, low - bounce),
        ((0.0375 - low + bounce) / draw.uniform(0.0042, 0.0044), 0.0375),
        (0.0125 / draw.uniform(0.0037, 0.0040), 0.05),
        (0.02 / draw.uniform(0.0040, 0.0043), 0.07),
    ):
        by_loss.append((by_loss[-1][0] + pause, loss))
    knots = [(at, _progress_for(loss, weights, falls)) for at, loss in by_loss]
    start, here = knots[-1]
    left, rest = seconds - start, 1.0 - here
    knots.append((start + 0.45 * left, here + draw.uniform(0.60, 0.70) * rest))
    knots.append((start + 0.60 * left, here + draw.uniform(0.50, 0.56) * rest))
    knots.append((start + 0.95 * left, 1.0))
    knots.append((seconds, 1.0))
    return tuple(knots)


def _loss(progress: float, weights: Sequence[float], falls: Sequence[Fall]) -> float:
    return math.fsum(weight * fall.at(progress) for weight, fall in zip(weights, falls, strict=True))


def _progress_for(loss: float, weights: Sequence[float], falls: Sequence[Fall]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _loss(middle, weights, falls) < loss else (low, middle)
    return high


def progress(crash: Crash, t: float) -> float:
    """How much of the full depth is reached `t` seconds after the start (0 to 1)."""
    times = [at for at, _ in crash.knots]
    after = bisect_right(times, t)
    if after == 0:
        return 0.0
    if after == len(times):
        return crash.knots[-1][1]
    (t0, p0), (t1, p1) = crash.knots[after - 1], crash.knots[after]
    return p0 + (p1 - p0) * (t - t0) / (t1 - t0)


def path(crash: Crash, t: float) -> dict[str, float]:
    """The price of every symbol of the book `t` seconds after the start: pure in the plan and `t`."""
    done = progress(crash, t)
    falls = zip(crash.book, crash.falls, strict=True)
    return {leg.symbol: leg.price * (1.0 - fall.at(done)) for leg, fall in falls}


def unprotected_loss(crash: Crash, t: float) -> float:
    """The fraction of starting equity that the same book loses by `t` if nobody ever touches it."""
    prices = path(crash, t)
    return math.fsum(leg.quantity * (leg.price - prices[leg.symbol]) for leg in crash.book) / crash.equity


Push = Callable[[Mapping[str, float]], Awaitable[None]]
"""Gives prices by symbol to the venue; returns once the market has moved."""


async def drive(crash: Crash, push: Push) -> None:
    """Push the path until its end, about ten times a second, by the wall and never behind it."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    while True:
        t = loop.time() - start
        await push(path(crash, t))
        if t >= crash.seconds:
            return
        await asyncio.sleep(max(0.0, 1 / PUSHES_PER_SECOND - (loop.time() - start - t)))
