"""What is looked at beside the snapshots: one question at a time, its own deadline, and soon after a move."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.events import ActivityTaken, Event, MarketTaken, SnapshotTaken
from guardian.core.facts.activity import Activity
from guardian.core.facts.market import Market, Quote
from guardian.core.model import Balance, Snapshot
from guardian.runtime import beside
from guardian.runtime.beside import ActivityWatch, MarketWatch, Seat, symbols_of
from guardian.runtime.watch import Watch
from tests.core import build
from tests.shell.whole import until

START = datetime(2026, 1, 1, tzinfo=UTC)
BTC = "BTC/USDT:USDT"


class Clock:
    """Guardian's time, and the machine's where it was set back by `behind`."""

    def __init__(self) -> None:
        self.behind = timedelta(0)

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def machine(self) -> datetime:
        return self.now() - self.behind


class Desk:
    """A market reader and a history in one: it answers after `delay`, or raises what it is told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.asked: list[float] = []
        self.delay = 0.0
        self.behind = timedelta(0)
        self.error: Exception | None = None
        self.seat = Seat(build.ACCOUNT, self.clock, self.events.append)

    async def look(self, symbols: Sequence[str]) -> Market:
        await self._answer()
        quotes = tuple(Quote(symbol, Decimal(1)) for symbol in symbols)
        return Market(build.ACCOUNT, self.clock.machine(), quotes, ())

    async def recent(self) -> Activity:
        asked = self.clock.machine()
        await self._answer()
        return Activity(build.ACCOUNT, asked - self.behind, (), ())

    async def _answer(self) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        if self.error is not None:
            raise self.error
        await asyncio.sleep(self.delay)

    async def close(self) -> None:
        return None

    def market(self, *symbols: str) -> MarketWatch:
        return MarketWatch(self.seat, self, lambda: symbols)

    def activity(self) -> ActivityWatch:
        return ActivityWatch(self.seat, lambda: self, self.clock.machine)

    @property
    def markets(self) -> list[Market]:
        return [event.market for event in self.events if isinstance(event, MarketTaken)]

    @property
    def activities(self) -> list[Activity]:
        return [event.activity for event in self.events if isinstance(event, ActivityTaken)]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Ten times as fast, but for the deadlines: a loaded machine must not look like a dead venue."""
    for name in ("SOON_SECONDS", "GAP_SECONDS", "CATCH_UP_SECONDS", "TOLD_SECONDS"):
        monkeypatch.setattr(beside, name, getattr(beside, name) / 10)
    return Desk()


async def test_one_look_at_a_time(desk: Desk) -> None:
    desk.delay = 0.05
    watch = desk.market(BTC)

    for _ in range(5):
        watch.poll()
        await asyncio.sleep(0)
    await until(lambda: len(desk.markets) == 1)
    watch.poll()
    await until(lambda: len(desk.markets) == 2)

    assert len(desk.asked) == 2
    assert [quote.symbol for market in desk.markets for quote in market.quotes or ()] == [BTC, BTC]


async def test_without_symbols_the_look_is_told_all_the_same(desk: Desk) -> None:
    """Or a position opened after a quiet week would find a market that is a week old."""
    desk.market().poll()
    await until(lambda: desk.markets)

    (market,) = desk.markets
    assert (market.quotes, market.books) == ((), ())


async def test_a_symbol_that_is_new_is_looked_at_soon(desk: Desk) -> None:
    held = [BTC]
    watch = MarketWatch(desk.seat, desk, lambda: tuple(held))
    watch.poll()
    await until(lambda: desk.markets)
    for _ in range(3):
        watch.soon()
    await asyncio.sleep(0.05)
    known = len(desk.asked)
    held.append(build.ETH)
    for _ in range(3):
        watch.soon()
    await until(lambda: len(desk.markets) == 2)

    assert (known, len(desk.asked)) == (1, 2)
    assert [quote.symbol for quote in desk.markets[-1].quotes or ()] == [BTC, build.ETH]


async def test_a_look_that_does_not_end_is_told_as_missing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MARKET_DEADLINE_SECONDS", "ACTIVITY_DEADLINE_SECONDS"):
        monkeypatch.setattr(beside, name, 0.1)
    desk.delay = 60
    desk.market(BTC).poll()
    desk.activity().poll()
    await until(lambda: desk.markets and desk.activities)

    (market,), (activity,) = desk.markets, desk.activities
    assert (market.quotes, market.books, activity.fills, activity.orders) == (None, None, None, None)
    assert market.problem.startswith("timeout")
    assert activity.problem.startswith("timeout")


async def test_a_bug_is_blindness_and_its_message_is_not_told(desk: Desk) -> None:
    desk.error = RuntimeError("the secret is hunter2")
    desk.market(BTC).poll()
    desk.activity().poll()
    await until(lambda: desk.markets and desk.activities)

    (market,), (activity,) = desk.markets, desk.activities
    assert market.problem == activity.problem == "bug: unexpected RuntimeError"


async def test_what_is_told_is_as_old_as_its_question_by_guardians_clock(desk: Desk) -> None:
    """The machine's clock was set back by an hour: that makes no answer look old."""
    desk.clock.behind = timedelta(hours=1)
    before = desk.clock.now()
    desk.market(BTC).poll()
    desk.activity().poll()
    await until(lambda: desk.markets and desk.activities)

    for told in (*desk.markets, *desk.activities):
        assert before <= told.asked_at <= before + timedelta(seconds=5)


async def test_a_history_that_is_behind_is_asked_on_at_once_and_says_how_far_it_is(desk: Desk) -> None:
    desk.behind = timedelta(hours=2)
    before = desk.clock.now()
    desk.activity().poll()
    await until(lambda: desk.activities)
    desk.behind = timedelta(0)
    await until(lambda: desk.activities[-1].asked_at >= before)
    await asyncio.sleep(0.1)

    first, *_, last = desk.activities
    assert before - timedelta(hours=2) <= first.asked_at <= before - timedelta(hours=1.9)
    assert last.asked_at >= before
    assert len(desk.asked) == len(desk.activities) < 6, "caught up, nobody asks before the next bell"


async def test_a_move_is_followed_by_a_question_soon_but_not_by_one_each(desk: Desk) -> None:
    watch, loop = desk.activity(), asyncio.get_running_loop()
    begun = loop.time()
    while loop.time() < begun + 0.5:
        watch.soon()
        await asyncio.sleep(0.01)

    assert desk.asked[0] - begun >= 0.09, "the venue lists a fill a moment later"
    assert all(b - a >= 0.19 for a, b in itertools.pairwise(desk.asked))
    assert len(desk.asked) >= 2


async def test_a_move_while_a_question_is_under_way_is_asked_about_after_it(desk: Desk) -> None:
    desk.delay = 0.09
    watch = desk.activity()
    watch.poll()
    watch.soon()
    await until(lambda: len(desk.asked) == 2)
    await asyncio.sleep(0.3)

    assert len(desk.asked) == 2


async def test_without_a_watch_key_nobody_asks(desk: Desk) -> None:
    watch = ActivityWatch(desk.seat, lambda: None)
    watch.poll()
    watch.soon()
    await asyncio.sleep(0.15)

    assert desk.asked == []


async def test_what_is_under_way_ends_with_the_watch(desk: Desk) -> None:
    desk.delay = 0.05
    market, activity = desk.market(BTC), desk.activity()
    for watch in (market, activity):
        watch.poll()
        watch.soon()
    await asyncio.sleep(0)
    for watch in (market, activity):
        watch.stop()
    await asyncio.sleep(0.3)

    assert desk.events == []


class Eyes:
    """A reader that shows what a test has laid before it."""

    def __init__(self) -> None:
        self.shown: Snapshot = build.read(0, (build.position(),))

    async def snapshot(self) -> Snapshot:
        return self.shown

    async def audit(self) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        return None


@pytest.mark.parametrize(
    ("changed", "moves"),
    [
        ({}, 0),
        ({"positions": ()}, 1),
        ({"positions": (build.position(quantity=2),)}, 1),
        ({"positions": (build.position(mark=90, entry=100),)}, 0),
        ({"positions": None}, 0),
        ({"wallet": None}, 0),
    ],
)
async def test_a_read_whose_cash_or_legs_moved_is_told(changed: dict[str, Any], moves: int) -> None:
    eyes, events, told = Eyes(), list[Event](), list[int]()
    watch = Watch(build.ACCOUNT, eyes, Clock(), events.append)
    watch.on_moved = lambda: told.append(1)
    held = (build.position(),)
    for shown in (build.read(0, held), build.read(1, held), replace(build.read(2, held), **changed)):
        eyes.shown = shown
        await read_once(watch)

    assert len(events) == 3
    assert all(isinstance(event, SnapshotTaken) for event in events)
    assert len(told) == moves


async def read_once(watch: Watch) -> None:
    watch.poll()
    await asyncio.gather(*watch._reads)
    await asyncio.sleep(0)


async def test_a_deposit_is_a_move() -> None:
    eyes, told = Eyes(), list[int]()
    watch = Watch(build.ACCOUNT, eyes, Clock(), lambda event: None)
    watch.on_moved = lambda: told.append(1)
    wallet = eyes.shown.wallet
    assert wallet is not None
    richer = tuple(replace(b, quantity=b.quantity + 1) for b in wallet.balances)
    for shown in (eyes.shown, replace(eyes.shown, wallet=replace(wallet, balances=richer))):
        eyes.shown = shown
        await read_once(watch)

    assert told == [1]


def test_the_largest_positions_are_looked_at_first_and_each_symbol_once() -> None:
    desk = build.Desk()
    held = (build.position(build.ETH, quantity=3, mark=10), build.position(build.BTC, quantity=-1))
    waiting = (
        build.order("a", "SOL/USDT:USDT"),
        build.order("b", build.ETH),
        build.order("c", "SOL/USDT:USDT"),
    )
    desk.see(build.read(0, held, waiting))

    assert symbols_of(desk.account) == (build.BTC, build.ETH, "SOL/USDT:USDT")
    assert symbols_of(None) == ()


def test_what_was_held_of_late_is_looked_at_last_and_the_newest_first() -> None:
    """Also without an incident: a bot that holds nothing for a while knows its market all the same."""
    desk = build.Desk()
    held = [build.position(f"A{n:02}/USDT:USDT") for n in range(12)]
    for seconds in range(12):
        desk.see(build.read(seconds, tuple(held[seconds:])))
    desk.see(build.read(20, (build.position(build.BTC),), (build.order("a", "A00/USDT:USDT"),)))

    found = symbols_of(desk.account)

    assert desk.account.incident is None
    assert found[:2] == (build.BTC, "A00/USDT:USDT")
    assert list(found[2:]) == [f"A{n:02}/USDT:USDT" for n in range(11, 1, -1)]
    assert len(found) == 2 + beside.MOST_REMEMBERED


def test_a_coin_of_the_wallet_is_no_market() -> None:
    desk = build.Desk()
    coin = Balance("BTC", Decimal(1), Decimal(100))
    desk.see(build.read(0, wallet=build.wallet(200, balances=(coin,))))

    assert desk.account.correlations is not None
    assert [f.asset for f in desk.account.correlations.followed] == ["BTC"]
    assert symbols_of(desk.account) == ()


def test_what_was_held_a_week_ago_is_looked_at_no_more() -> None:
    desk = build.Desk()
    desk.see(build.read(0, (build.position(build.BTC),)))
    for day in range(1, 8):
        desk.see(build.read(day * 86_400))
        assert symbols_of(desk.account) == (build.BTC,)
    desk.see(build.read(7 * 86_400 + 1))
    assert symbols_of(desk.account) == ()


def test_no_account_asks_about_more_than_is_bearable() -> None:
    desk = build.Desk()
    held = tuple(build.position(f"A{n}/USDT:USDT", quantity=n + 1) for n in range(100))
    desk.see(build.read(0, held))

    found = symbols_of(desk.account)

    assert len(found) == beside.MOST_SYMBOLS
    assert found[0] == "A99/USDT:USDT"
