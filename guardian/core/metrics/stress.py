"""M18, the named scenarios: what each of them takes from a book. Losses are positive, amounts signed.

Prices move at once, all of them together (correlations of 1), and nothing is sold on the way. A book is
- `assets`: what is held of each asset as in `gross_exposure`, dollars at their peg aside;
- `dollars`: of each dollar beside the reporting currency, coins less what contracts that settle in it owe at
  entry: an open contract in USDC is an amount of the asset bought for an amount of USDC;
- `legs`: the notional of each perpetual, netted within the symbol, which is what funding is paid on.
The value of linear and of inverse contracts in the reporting currency is a straight line in the price of
the asset, so that what a price of -50 % does is exact and no estimate of first order.

Source: metrics.md M18 (BTC -30 %, alts -50 %, correlations to 1, stablecoins -5 %, a funding spike), which
has no history behind its numbers: they are what an account should survive, not what is likely.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guardian.core.frozen import dataclass

Amounts = Mapping[str, float]

LEAD = "BTC"
LEAD_MOVE, OTHERS_MOVE = 0.3, 0.5
"""What BTC, and what every other asset, falls or rises by."""

STABLE_FALL = 0.05
FUNDING_RATE, FUNDING_HOURS, SPIKE_HOURS = 0.003, 8, 24
"""What each perpetual is paid against the account, every so many hours, and for how long."""

WORST = "worst"
NO_STABLECOIN = "USD"


@dataclass(frozen=True, slots=True)
class Book:
    """In the reporting currency, whose own fall is a rise of everything else if it is a stablecoin."""

    assets: Amounts
    dollars: Amounts
    legs: Amounts
    money_is_stable: bool


def moved(book: Book, lead: float, others: float) -> float:
    """What the book loses when BTC moves by `lead` and all other assets by `others`."""
    return -sum(n * (lead if asset == LEAD else others) for asset, n in book.assets.items())


def depegged(book: Book) -> float:
    """The worse of two: the other stablecoins fall, or the one in which everything is counted does.

    Then all else rises against it, and a short book, or a loan in another dollar, costs more of it.
    """
    others = STABLE_FALL * sum(n for name, n in book.dollars.items() if name != NO_STABLECOIN)
    if not book.money_is_stable:
        return others
    rise = 1 / (1 - STABLE_FALL) - 1
    return max(others, -rise * (sum(book.assets.values()) + sum(book.dollars.values())))


def spiked(book: Book) -> float:
    """A day of funding that every perpetual pays, whichever side it is on."""
    return FUNDING_RATE * SPIKE_HOURS / FUNDING_HOURS * sum(map(abs, book.legs.values()))


SCENARIOS: dict[str, Callable[[Book], float]] = {
    "btc-30": lambda book: moved(book, -LEAD_MOVE, -OTHERS_MOVE),
    "btc+30": lambda book: moved(book, LEAD_MOVE, OTHERS_MOVE),
    "alts-50": lambda book: moved(book, 0.0, -OTHERS_MOVE),
    "alts+50": lambda book: moved(book, 0.0, OTHERS_MOVE),
    "stable-5": depegged,
    "funding-spike": spiked,
}


def losses(book: Book) -> dict[str, float]:
    """What each scenario takes; nothing where it gains."""
    return {name: max(0.0, lost(book)) for name, lost in SCENARIOS.items()}
