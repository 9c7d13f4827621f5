"""What is told beside an account's snapshots: the market it is in, and what was done on it.

Each is asked by its own timer, one question at a time, under its own deadline, and posts what came or that
nothing did. No snapshot waits for any of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guardian.core.events import ActivityTaken, Event, MarketTaken
from guardian.core.facts.activity import Activity
from guardian.core.facts.market import Market
from guardian.core.state import AccountState
from guardian.ports import Clock, History, MarketReader
from guardian.runtime.clock import wall

MARKET_DEADLINE_SECONDS = 10.0
ACTIVITY_DEADLINE_SECONDS = 10.0
SOON_SECONDS = 1.0
"""After a read that shows a move: the venue lists a fill a moment after it has booked it."""

TOLD_SECONDS = 0.2
CATCH_UP_SECONDS = 0.2
GAP_SECONDS = 2.0
"""Between two questions that moves ask for: a bot that trades all the time moves every read."""

MOST_SYMBOLS = 60
MOST_REMEMBERED = 10
"""Of what is not held any more: each costs a book, and a market is as hot as those that were held last."""


@dataclass(frozen=True, slots=True)
class Seat:
    """From where one account is looked at: its name, guardian's time, where events go."""

    account: str
    clock: Clock
    post: Callable[[Event], None]


class MarketWatch:
    """`symbols` are those of interest now, the most important first.

    Without any the venue is asked nothing, but the look is told: when a position is opened after a week of
    none, what is known of the market is not a week old, it only lacks that symbol for a moment.
    """

    def __init__(self, seat: Seat, reader: MarketReader, symbols: Callable[[], tuple[str, ...]]) -> None:
        self._seat = seat
        self._reader = reader
        self._symbols = symbols
        self._looking: asyncio.Task[None] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._seen: frozenset[str] = frozenset()

    def poll(self) -> None:
        """The timer rang: look, unless an answer is still awaited."""
        if self._looking is None or self._looking.done():
            name = f"market {self._seat.account}"
            self._looking = asyncio.get_running_loop().create_task(self._look(self._symbols()), name=name)

    def soon(self) -> None:
        """Something was done: look, once the core has been told of it, if a symbol is new to us."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(TOLD_SECONDS, self._rang)

    def stop(self) -> None:
        for each in (self._due, self._looking):
            if each is not None:
                each.cancel()

    def _rang(self) -> None:
        self._due = None
        if not set(self._symbols()) <= self._seen:
            self.poll()

    async def _look(self, symbols: tuple[str, ...]) -> None:
        self._seen = frozenset(symbols)
        self._seat.post(await market_event(self._seat, self._reader, symbols))


class ActivityWatch:
    """`history` is None while there is no usable watch key: then nothing is asked."""

    def __init__(
        self, seat: Seat, history: Callable[[], History | None], machine: Callable[[], datetime] = wall
    ) -> None:
        self._seat = seat
        self._history = history
        self._machine = machine
        self._asking: asyncio.Task[None] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._asked_at = -GAP_SECONDS

    def poll(self) -> None:
        """The timer rang: ask, unless an answer is still awaited."""
        history = self._history()
        if history is None or (self._asking is not None and not self._asking.done()):
            return
        loop = asyncio.get_running_loop()
        self._asked_at = loop.time()
        self._asking = loop.create_task(self._ask(history), name=f"activity {self._seat.account}")

    def soon(self) -> None:
        """Something was done: ask as soon as the venue may list it."""
        loop = asyncio.get_running_loop()
        self._ring(max(loop.time() + SOON_SECONDS, self._asked_at + GAP_SECONDS))

    def stop(self) -> None:
        if self._due is not None:
            self._due.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _ring(self, when: float) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_at(when, self._rang)

    def _rang(self) -> None:
        self._due = None
        if self._asking is not None and not self._asking.done():
            # What is under way may have been asked before the move.
            self.soon()
        else:
            self.poll()

    async def _ask(self, history: History) -> None:
        event, behind = await activity_event(self._seat, history, self._machine)
        self._seat.post(event)
        if behind:
            self._ring(asyncio.get_running_loop().time() + CATCH_UP_SECONDS)


async def market_event(seat: Seat, reader: MarketReader, symbols: tuple[str, ...]) -> MarketTaken:
    """One look, whatever comes of it."""
    asked = seat.clock.now()
    try:
        market = await asyncio.wait_for(reader.look(symbols), MARKET_DEADLINE_SECONDS)
    except TimeoutError:
        market = Market(seat.account, asked, None, None, "timeout: the whole look timed out")
    except Exception as error:
        # A bug in a reader is blindness, not death; its message is not told, it may hold a secret.
        market = Market(seat.account, asked, None, None, f"bug: unexpected {type(error).__name__}")
    # The shell's clock stamps the question: the machine's may have been set back since.
    return MarketTaken(seat.clock.now(), replace(market, asked_at=asked))


async def activity_event(
    seat: Seat, history: History, machine: Callable[[], datetime] = wall
) -> tuple[ActivityTaken, timedelta]:
    """One question, whatever comes of it, and how long before it the answer ends."""
    asked, begun = seat.clock.now(), machine()
    try:
        activity = await asyncio.wait_for(history.recent(), ACTIVITY_DEADLINE_SECONDS)
    except TimeoutError:
        activity = Activity(seat.account, begun, None, None, "timeout: the whole question timed out")
    except Exception as error:
        # A bug in a reader is blindness, not death; its message is not told, it may hold a secret.
        activity = Activity(seat.account, begun, None, None, f"bug: unexpected {type(error).__name__}")
    behind = max(timedelta(0), begun - activity.asked_at)
    return ActivityTaken(seat.clock.now(), replace(activity, asked_at=asked - behind)), behind


def symbols_of(account: AccountState | None) -> tuple[str, ...]:
    """The symbols of the newest positions, the largest first, then those of the newest open orders.

    Last what was held of late, the newest first: a flat account still has to know whether its market is calm.
    """
    if account is None:
        return ()
    positions = sorted(account.evidence.positions, key=lambda position: -abs(position.worth))
    named = [*(position.symbol for position in positions), *(o.symbol for o in account.evidence.orders)]
    return tuple(dict.fromkeys([*named, *_remembered(account, set(named))]))[:MOST_SYMBOLS]


def _remembered(account: AccountState, named: set[str]) -> list[str]:
    """What the core follows and nothing else names; a coin of the wallet goes by its own name: no market."""
    followed = account.correlations.followed if account.correlations is not None else ()
    rest = [f for f in followed if "/" in f.symbol and f.symbol not in named]
    rest.sort(key=lambda f: (-(f.held_at or f.seen_at).timestamp(), f.symbol))
    return [f.symbol for f in rest[:MOST_REMEMBERED]]
