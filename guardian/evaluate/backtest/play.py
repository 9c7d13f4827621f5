"""The history once through the core, for each multiple of the equity: every rule observes, nothing acts.

The account holds one asset as a linear contract; at the first close of each UTC day its quantity is set anew
to the multiple, at no cost, and in between it drifts as a bot's would. Everything is lost at an equity of
zero, or below a thousandth of the first at the end of a day: the account then begins anew with the next bar,
and has to get to know its market again. Margins are the replay's convention (guardian/replay/view.py), for
prices tell none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from guardian.core.metrics.folds import needed
from guardian.core.model import Rule
from guardian.evaluate.backtest.grid import Grid, candles_of, grid_of
from guardian.evaluate.backtest.tally import Steps, Tally
from guardian.evaluate.backtest.told import sorted_out
from guardian.evaluate.trips import DAY_MS, YEAR_MS, Stretch, Trips
from guardian.replay.account import Plan
from guardian.replay.book import ZERO, bought
from guardian.replay.drive import TOLD_EVERY, Ride

MOST_BARS, MOST_LIGHT_BARS = 36_000, 120_000
"""Of all multiples together, some fifteen seconds at most: where a rule remembers returns, and where none."""

LIGHT_FOLDS = frozenset({"track", "used"})

LEAST_MS = DAY_MS
"""A value that was known for less than that tells nothing of a year."""

START_EQUITY, LOST = Decimal(10_000), Decimal(10)
"""What is left of years at a high multiple would buy less than a step of quantity, and pass for calm."""

DAYS = YEAR_MS / DAY_MS

Tell = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: rules on bars of one asset at these multiples. `why` is by rule that is not played."""

    rules: tuple[Rule, ...]
    grid: Grid
    symbol: str
    multiples: tuple[float, ...]
    why: dict[str, str]

    @property
    def bars(self) -> int:
        """Of all multiples together."""
        return len(self.grid) * len(self.multiples) if self.rules else 0


@dataclass(frozen=True, slots=True)
class Played:
    """`trips` of the rules that had a value, each with the days in which it was known at the least.

    `why` is by rule that has none; `lost` is how often the account was, by multiple.
    """

    trips: tuple[tuple[Trips, float], ...]
    why: dict[str, str]
    lost: tuple[int, ...]


def play_of(
    rules: Sequence[Rule], history: Sequence[Stretch], asset: str, multiples: Sequence[float]
) -> Play:
    """All that is not told by other means; `asset` is the base of what is held."""
    light = LIGHT_FOLDS.issuperset(needed(_observing(sorted_out(rules, 0.0)[0])))
    grid = grid_of(history, (MOST_LIGHT_BARS if light else MOST_BARS) // len(multiples))
    played, why = sorted_out(rules, grid.bar_ms / 1000)
    observing = _observing(played)
    return Play(observing, grid, f"{asset}/USDT", tuple(multiples), why)


def _observing(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Nothing acts, so that nothing clears by itself: that would cost the score of the market."""
    return tuple(replace(rule, armed=False, clears="operator") for rule in rules)


def played(play: Play, tell: Tell = lambda _: None) -> Played:
    """`tell` hears of bars done."""
    if not play.rules:
        return Played((), play.why, (0,) * len(play.multiples))
    every = [tallied(play, multiple, tell) for multiple in play.multiples]
    found: list[tuple[Trips, float]] = []
    why = dict(play.why)
    for each in zip(*(tally.rules for tally, _ in every), strict=True):
        if said := _unknown(each):
            why[each[0].rule.id] = said
        else:
            found += _rungs(each)
    return Played(tuple(found), why, tuple(lost for _, lost in every))


def tallied(play: Play, multiple: float, tell: Tell = lambda _: None) -> tuple[Tally, int]:
    """What came of it at one multiple, and how often everything was lost."""
    tally = Tally(play.rules, play.grid.bar_ms)
    return tally, sum(_piece(play, piece, multiple, tally, tell) for piece in play.grid.pieces)


def _piece(play: Play, piece: Stretch, multiple: float, tally: Tally, tell: Tell) -> int:
    """One piece of history; how often everything was lost in it."""
    lost, own = 0, Decimal(repr(multiple))
    plan = Plan(START_EQUITY, hold=((play.symbol, own),), cost=ZERO)
    left = candles_of(piece, play.symbol, play.grid.bar_ms)
    while len(left):
        tally.begin(int(left.ts[0]))
        ride = Ride(left, plan, play.rules, tally.look)
        done = _until_lost(ride, own, tell)
        if ride.trading.book.over:
            tally.lost(ride.closed_ms)
        lost += done < len(ride.ts) or ride.trading.book.over
        left = left.between(int(left.ts[done - 1]) + 1, int(left.ts[-1]) + 1)
    return lost


def _until_lost(ride: Ride, multiple: Decimal, tell: Tell) -> int:
    """How many bars the account lived: until its equity is gone, or at the end of a day next to nothing."""
    day = ride.closed_ms // DAY_MS
    for row in range(len(ride.ts)):
        ride.bar(row)
        if row % TOLD_EVERY == TOLD_EVERY - 1:
            tell(TOLD_EVERY)
        if ride.trading.book.over:
            return row + 1
        if ride.closed_ms // DAY_MS != day:
            day = ride.closed_ms // DAY_MS
            equity = ride.trading.book.equity(ride.prices)
            if equity < LOST:
                return row + 1
            ride.hold(_quantities(multiple * equity, ride.prices))
    return len(ride.ts)


def _quantities(worth: Decimal, prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {symbol: bought(symbol, worth, price) for symbol, price in prices.items()}


def _unknown(steps: Sequence[Steps]) -> str:
    """Why a rule is not told that was played; "" where it is."""
    least = min(steps, key=lambda each: each.known_ms)
    if least.known_ms >= LEAST_MS:
        return ""
    known = f"known for {least.known_ms / 3_600_000:.1f} hours only" if least.known_ms else "never known"
    return f"its value was {known}" + (f": {least.why}" if least.why else "")


def _rungs(steps: Sequence[Steps]) -> Iterator[tuple[Trips, float]]:
    """Trips a year of the time in which the value was known, of each rung."""
    rule = steps[0].rule
    years = [each.known_ms / YEAR_MS for each in steps]
    for i, rung in enumerate(rule.ladder):
        a_year = tuple(each.trips[i] / own for each, own in zip(steps, years, strict=True))
        always = tuple(each.always[i] and each.trips[i] > 0 for each in steps)
        yield Trips(rule.id, rung.level.name, rung.limit, a_year, rung.to, always), min(years) * DAYS
