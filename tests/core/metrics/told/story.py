"""Random stories of two accounts, told by every kind of event that feeds a metric, many at one instant.

A world that adds up: prices move, strategies trade, positions are in one way, cash is what closes made and
what crossed the border. What is told of it comes in events, of which each instant may have one of each kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import product

from hypothesis import strategies as st

from guardian.core.engine import step
from guardian.core.events import (
    ActivityTaken,
    Configured,
    Event,
    KeysListed,
    MarketTaken,
    SnapshotTaken,
    TelemetryTold,
    Tick,
)
from guardian.core.facts.activity import Activity, Fill
from guardian.core.facts.market import Market
from guardian.core.facts.telemetry import Gauge, Telemetry
from guardian.core.frozen import replace
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.history import appended
from guardian.core.model import (
    Call,
    ClockOffset,
    LedgerEntry,
    LedgerKind,
    Part,
    Position,
    Rule,
    Snapshot,
    Window,
)
from guardian.core.state import AccountState, State
from tests.core.build import (
    BTC,
    ETH,
    START,
    at,
    money,
    order,
    policy,
    position,
    read,
    rule,
    rung,
    trading,
    without,
)
from tests.core.metrics.beside.stage import book, fill, past, quote, signal, twin

MAIN, SUB = "main", "sub"
NAMES = (MAIN, SUB)
STRATEGIES = ("ft-", "mm-")
KINDS = ("market", "read", "did", "told", "told too", "keys", "read sub", "did sub", "tick")
HOUR, CELL = 3600, 300
OPENED = ((BTC, "ft-", 2), (BTC, "mm-", 2), (ETH, "mm-", -2))
WINDOWS = {
    "none": Window(),
    "sliding": Window("sliding", 3600.0),
    "minute": Window("sliding", 60.0),
    "hours": Window("hours", opens=0, closes=1439),
    "session": Window("session"),
    "hwm": Window("hwm"),
}
OF = {"gauge": "queue", "queue_growth": "queue", "strategy_drawdown": "ft-", "foreign_activity": "BTC"}


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """One of each metric, window and scope, whose limit is never near."""
    asked = ((m, kind, scope) for m in BY_NAME.values() for kind in m.windows for scope in m.scopes)
    return tuple(
        rule(
            rung(0.9, "caution"),
            id=f"{m.name} {kind} {scope}",
            metric=m.name,
            window=WINDOWS["minute" if m.name == "loss_velocity" else kind],
            scope=scope,
            of="" if scope == "strategy" else OF.get(m.name, ""),
            stale_after_seconds=700.0,
            direction="under" if m.low else "over",
            gamma=0.25 if m.name == "drawdown" and scope == "account" else 0.0,
        )
        for m, kind, scope in asked
    )


@dataclass
class Book:
    """What one account really has."""

    name: str
    cash: float = 1000.0
    held: dict[str, float] = field(default_factory=dict)
    entry: dict[str, float] = field(default_factory=dict)
    rows: list[LedgerEntry] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    count: int = 0

    def trade(self, second: float, symbol: str, owner: str, signed: float, price: float) -> None:
        self.count += 1
        held, entry = self.held.get(symbol, 0.0), self.entry.get(symbol, price)
        closed = min(abs(held), abs(signed)) if held * signed < 0 else 0.0
        made = closed * (price - entry) * (1 if held > 0 else -1)
        after = round(held + signed, 6)
        if held * after > 0 and abs(after) > abs(held):
            entry = (abs(held) * entry + abs(signed) * price) / abs(after)
        elif held * after <= 0:
            entry = price
        self.held[symbol], self.entry[symbol] = after, entry
        number = f"{self.name}-{self.count}"
        client_id = f"{owner}{self.count}" if owner else ""
        self.fills.append(
            fill(number, second, signed, price, symbol=symbol, client_id=client_id, closed=closed)
        )
        if made:
            self.book(second, made, LedgerKind.TRADE)

    def book(self, second: float, change: float, kind: LedgerKind) -> None:
        self.count += 1
        change = round(change, 6)
        self.cash += change
        self.rows.append(LedgerEntry(f"{self.name}-r{self.count}", at(second), kind, "USDT", money(change)))

    def legs(self, marks: dict[str, float]) -> tuple[Position, ...]:
        return tuple(position(s, q, marks[s], entry=self.entry[s]) for s, q in sorted(self.held.items()) if q)


@dataclass
class Moment:
    """What happens before one instant, and which events then tell of it, in the order of their kinds."""

    gap: int = CELL
    kinds: Sequence[str] = KINDS
    btc: float = 0.0
    eth: float = 0.0
    trades: Sequence[tuple[str, str, str, int]] = ()
    flows: Sequence[tuple[str, int]] = ()
    failed: Sequence[Part] = ()
    untold: bool = False
    late: bool = False
    paper: float = 0.0
    master: int = 10
    lags: Sequence[float] = (0.0, 0.0, 0.0)


MOVES = st.integers(-60, 60).map(lambda n: n / 1000)
TRADES = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from([BTC, ETH]),
    st.sampled_from([*STRATEGIES, "gdn-", "x", ""]),
    st.integers(-4, 4).filter(bool),
)
MOMENTS = st.builds(
    Moment,
    gap=st.sampled_from([1, 1, 7, 61, CELL, 1800]),
    kinds=st.permutations(KINDS).flatmap(lambda all_: st.integers(2, len(KINDS)).map(lambda n: all_[:n])),
    btc=MOVES,
    eth=MOVES,
    trades=st.lists(TRADES, max_size=3),
    flows=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([-200, 150, 500])), max_size=1),
    failed=st.lists(st.sampled_from(list(Part)), max_size=1),
    untold=st.booleans(),
    late=st.booleans(),
    paper=MOVES,
    master=st.integers(8, 12),
    lags=st.tuples(*[st.sampled_from([0.0, 0.3, 0.6])] * 3),
)


class World:
    """Both accounts, and what is told of them at each moment."""

    def __init__(self) -> None:
        self.second = 0.0
        self.marks = {BTC: 100.0, ETH: 50.0}
        self.books = {name: Book(name) for name in NAMES}
        self.told: dict[str, list[LedgerEntry]] = {name: [] for name in NAMES}
        self.paper, self.words = 5000.0, 0
        for book_ in self.books.values():
            book_.trade(-50, BTC, "ft-", 5, 100)
            book_.trade(-50, BTC, "mm-", 3, 100)
            book_.trade(-50, ETH, "mm-", -3, 50)
            book_.fills.clear()

    def moment(self, told: Moment) -> dict[str, Event]:
        """The events of the next instant, by their kind."""
        self.second += told.gap
        self.marks[BTC] = round(self.marks[BTC] * (1 + told.btc), 4)
        self.marks[ETH] = round(self.marks[ETH] * (1 + told.eth), 4)
        before = {name: len(book_.fills) for name, book_ in self.books.items()}
        for number, (name, symbol, owner, size) in enumerate(told.trades):
            when = self.second - 0.5 + number / 10
            self.books[name].trade(when, symbol, owner, size, self.marks[symbol])
        for name, change in told.flows:
            self.books[name].book(self.second - 0.4, change, LedgerKind.FLOW)
        events = {kind: self._event(kind, told, before) for kind in KINDS if kind in told.kinds}
        return {kind: event for kind, event in events.items() if event is not None}

    def _event(self, kind: str, told: Moment, before: dict[str, int]) -> Event:
        now = at(self.second)
        if kind.startswith("read"):
            return SnapshotTaken(now, self._read(SUB if kind.endswith("sub") else MAIN, told))
        if kind.startswith("did"):
            name = SUB if kind.endswith("sub") else MAIN
            return ActivityTaken(now, self._did(name, told, before[name]))
        match kind:
            case "market":
                return MarketTaken(now, self._market(at(self.second - told.lags[2])))
            case "told":
                return TelemetryTold(now, self._telemetry(told))
            case "told too":
                late = twin("master", self.second - told.lags[0], 9_000, BTC=70, ETH=-20)
                gauges = (Gauge("queue", at(self.second), 4.5), Gauge("other", at(self.second), 1.0))
                return TelemetryTold(now, Telemetry(MAIN, "master", gauges=gauges, twins=(late,)))
            case "keys":
                return KeysListed(now, MAIN, now, True, (trading(), trading(f"key-{int(self.second) % 3}")))
            case _:
                return Tick(now)

    def _read(self, name: str, told: Moment) -> Snapshot:
        own = self.books[name]
        failed = tuple(told.failed) if name == MAIN else ()
        rows = tuple(own.rows)
        if Part.LEDGER not in failed:
            own.rows.clear()
        calls = (Call("wallet", 0.1), Call("positions", 0.2 + self.second % 7))
        clock = ClockOffset(0.01, 0.05)
        resting = (order("o", created_at=at(self.second - 1)),)
        seen = read(self.second, own.legs(self.marks), resting, round(own.cash, 6), calls=calls, clock=clock)
        return replace(without(replace(seen, ledger=rows), *failed), account=name)

    def _did(self, name: str, told: Moment, before: int) -> Activity:
        own = self.books[name]
        asked = at(self.second - told.lags[1])
        if told.untold:
            return Activity(name, asked, None, (), "timeout")
        known = len(own.fills) if not told.late else before
        fills, own.fills = tuple(own.fills[:known]), own.fills[known:]
        orders = (past(f"{name}{self.second}", self.second - 2, self.second - 1),)
        return Activity(name, asked, fills, orders)

    def _market(self, asked: datetime) -> Market:
        rate = 0.0001 * (1 + self.second % 5)
        quotes = tuple(
            quote(s, m, index=m * 1.001, funding_rate=rate, funding_hours=8) for s, m in self.marks.items()
        )
        books = tuple(
            book(((m * 0.99, 50), (m * 0.98, 50)), ((m * 1.01, 50), (m * 1.02, 50)), s)
            for s, m in self.marks.items()
        )
        return Market(MAIN, asked, quotes, books)

    def _telemetry(self, told: Moment) -> Telemetry:
        self.words += 1
        self.paper *= 1 + told.paper
        now = self.second
        return Telemetry(
            MAIN,
            "bot",
            heartbeat=True,
            gauges=(Gauge("queue", at(now), float(self.words % 9)),),
            signals=(signal(f"s{self.words}", now, 1, self.marks[BTC], predicted=100.0, sigma=1.0),),
            twins=(
                twin("paper", now, round(self.paper, 2), BTC=told.master, ETH=-9),
                twin("master", now, 10_000 + 100 * self.words, BTC=8 * told.master, ETH=-30),
            ),
        )


def told_in(state: State, events: Iterable[Event]) -> State:
    for event in events:
        state, _ = step(state, event)
    return state


@lru_cache(maxsize=1)
def _begun() -> tuple[State, World]:
    world = World()
    policies = tuple(policy(name=name, order_prefixes=STRATEGIES, mandate="desk") for name in NAMES)
    state = told_in(State(), [Configured(START, "desk-1", "hash", policies, rules())])
    for number in range(84):
        swing = 0.004 if number % 2 else -0.004
        state = told_in(state, world.moment(Moment(btc=swing, eth=-swing, paper=swing / 10)).values())
        if number == 3:
            for name, (symbol, owner, size) in product(NAMES, OPENED):
                world.books[name].trade(world.second + CELL, symbol, owner, size, world.marks[symbol])
    hour = int(at(world.second).timestamp()) // HOUR
    return replace(state, accounts=tuple(_seasoned(account, hour) for account in state.accounts)), world


def _seasoned(account: AccountState, hour: int) -> AccountState:
    series = ""
    for number in range(hour - 40, hour - 8):
        series = appended(series, number, 0.002 * (1 + number % 3))
    stakes = tuple(replace(s, hourly=series) if s.name else s for s in account.course.stakes)
    return replace(account, course=replace(account.course, stakes=stakes))


def begun() -> tuple[State, World]:
    """Seven hours in, with a day of history of how far each strategy usually falls in each pair."""
    state, world = _begun()
    return state, deepcopy(world)
