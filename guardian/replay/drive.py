"""Bars as events through the core's own step(); it decides, and nothing here does.

A bar is known at its close: one snapshot then. Until the next close the account is taken to stay as that
snapshot shows it; while a rule's hold is filling or draining it is looked at again in between, as often as a
step may count and when it is full, for a hold counts seconds and not bars. So loss rules see closes only,
never a bar's low.
Where bars are missing nothing is seen and time passes.

What is not held is quoted at the last close of each five-minute cell, the instant whose price of a position
would have counted: how hot a market is does not depend on what one holds of it. Only rules that ask for it
are told, and after the snapshot of the same instant, so that a quote alone never looks at old evidence.

Rules that can change nothing any more are not judged, and once none can the bars that are left are not: their
equity is known (ended.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from guardian.core.engine import step
from guardian.core.events import (
    Armed,
    Configured,
    EffectReported,
    Event,
    MarketTaken,
    SnapshotTaken,
    Started,
    Tick,
)
from guardian.core.facts.market import Market, Quote
from guardian.core.judge import LONGEST_STEP_SECONDS
from guardian.core.memory import CONFIRMED_READS_FOR_BASELINE
from guardian.core.metrics.folds import needed
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.model import Level, Rule
from guardian.core.state import AccountState, State
from guardian.errors import ConfigError
from guardian.replay.account import Plan
from guardian.replay.book import ZERO, opened, targets
from guardian.replay.candles import Candles
from guardian.replay.ended import ended, mattering
from guardian.replay.files import Numbers, Times
from guardian.replay.trading import Trading
from guardian.replay.view import policy, seen

STEP_SECONDS = int(LONGEST_STEP_SECONDS)
"""How often a running hold is looked at, at least: no step counts for more."""

ASKS_THE_MARKET = ("overheat", "turbulence")
"""Metrics that know more of a flat account where what it held is quoted."""

CELL_MS = GRID_SECONDS * 1000

LOOK_SECONDS = 300
"""How often an account above NORMAL is looked at between the closes of longer bars."""

LONGEST_BLINDNESS = 360
"""Looks at nothing in one gap: after as many bars without evidence, more of them tell nothing new."""

TOLD_EVERY = 500

Watch = Callable[[AccountState, datetime], object]

Columns = list[tuple[str, list[float]]]
"""Every symbol's prices, one a bar."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of level; `value` and `limit` are those of the rule where one caused it, `to` is REDUCE's."""

    at: datetime
    account: str
    before: Level
    after: Level
    rule: str
    value: float | None
    limit: float | None
    to: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What became of the account, at every close: equities with and without guardian, notionals held.

    `closed` are the closes in ms; every array has one value for each.
    """

    closed: Times
    protected: Numbers
    unprotected: Numbers
    held: Numbers
    wanted: Numbers
    transitions: tuple[Transition, ...]
    trades: int


def drive(
    candles: Candles, plan: Plan, rules: tuple[Rule, ...], tell: Callable[[int], object] | None = None
) -> Course:
    """One account under these rules, from its first whole bar to its last; `tell` hears of bars done.

    Raises ConfigError where there is no bar that all of the plan's symbols have.
    """
    ride = Ride(candles, plan, rules)
    for row in range(len(ride.ts)):
        ride.bar(row)
        if tell is not None and row % TOLD_EVERY == TOLD_EVERY - 1:
            tell(TOLD_EVERY)
    return ride.course()


class Ride:
    """One drive under way: the core's state, the simulated account, and the clock of its bars.

    `watch` hears of the account after each look. Raises ConfigError where no bar has all of the symbols.
    """

    def __init__(
        self, candles: Candles, plan: Plan, rules: tuple[Rule, ...], watch: Watch | None = None
    ) -> None:
        own = candles.only(plan.symbols)
        whole = ~np.isnan(own.close).any(axis=1)
        if not whole.any():
            raise _nothing(candles, plan.symbols)
        self.plan, self.rules, self.symbols, self.watch = plan, rules, own.symbols, watch
        self.bar_ms = own.seconds * 1000
        self.ts: list[int] = own.ts[whole].tolist()
        self.close = own.close[whole]
        # By column: a list for each of half a million bars would be looked through by every collection.
        self.opens: Columns = list(zip(own.symbols, own.open[whole].T.tolist(), strict=True))
        self.closes: Columns = list(zip(own.symbols, self.close.T.tolist(), strict=True))
        self.prices = _prices(self.closes, 0)
        wants = targets(plan, self.prices)
        self.trading = Trading(plan.name, opened(plan, wants, self.prices), wants)
        self.state = State()
        self.reports: list[EffectReported] = []
        self.transitions: list[Transition] = []
        self.equities: list[float] = []
        self.held: list[float] = []
        self.ended = False
        self.closed_ms: int = self.ts[0] + self.bar_ms
        self.quoting = False
        self._start()

    def _start(self) -> None:
        """At its first close guardian has read the account as often as a baseline needs."""
        name, reads = self.plan.name, CONFIRMED_READS_FOR_BASELINE - 1
        at = _instant(self.closed_ms) - timedelta(seconds=reads)
        self._judge_by(self.rules, at)
        self._happen(Started(at, "replay"))
        self._happen(Armed(at, name, (), "replay", "replayed"))
        for second in range(reads):
            self._look(at + timedelta(seconds=second))

    def _judge_by(self, rules: tuple[Rule, ...], at: datetime) -> None:
        """These rules from now on; what is known of them stays known."""
        self.rules = rules
        self.quoting = any(r.gamma or r.clears == "auto" or r.metric in ASKS_THE_MARKET for r in rules)
        watched = (policy(self.plan.name, self.plan.currency, self.bar_ms / 1000),)
        self._step(Configured(at, "replay", "", watched, rules, needed(rules)))

    def bar(self, row: int) -> None:
        """What happens from this bar's open to its close."""
        opening = self.ts[row]
        if self.ended:
            self.closed_ms, self.prices = opening + self.bar_ms, _prices(self.closes, row)
            self._note(_instant(self.closed_ms))
            return
        if row and opening > self.closed_ms:
            self._between(self.closed_ms + self.bar_ms)
            self._blind(opening)
        self._trade(opening, row)
        if row and opening == self.closed_ms:
            self._between(opening + self.bar_ms)
        self.closed_ms = opening + self.bar_ms
        self.prices = _prices(self.closes, row)
        self._close(_instant(self.closed_ms))

    def _close(self, at: datetime) -> None:
        self._note(at)
        self._look(at)
        if self.quoting and self.closed_ms // CELL_MS != (self.closed_ms + self.bar_ms) // CELL_MS:
            self._quote(at)
        self.trading.want(self._due())
        done = not (self.trading.active or self.reports)
        self.ended = done and ended(self.account, self.rules, at)
        kept = mattering(self.account, self.rules)
        if kept != self.rules:
            self._judge_by(kept, at)

    def _note(self, at: datetime) -> None:
        """What the account is worth at a close; at nothing or less it is over."""
        book = self.trading.book
        equity, held = book.worth(self.prices)
        if not book.over and equity <= 0:
            book.end(at)
            equity, held = book.worth(self.prices)
        self.equities.append(float(equity))
        self.held.append(float(held))

    def hold(self, wanted: Mapping[str, Decimal]) -> None:
        """The account holds these quantities from the last close on, traded at it, and wants no others."""
        book, at = self.trading.book, _instant(self.closed_ms)
        for symbol, quantity in wanted.items():
            leg = book.legs.get(symbol)
            book.trade(symbol, quantity - (leg.quantity if leg else ZERO), self.prices[symbol], at)
        self.trading.wants = wanted

    def _look(self, at: datetime) -> None:
        self._happen(SnapshotTaken(at, seen(self.plan.name, self.trading.book, self.prices, at)))
        if self.watch is not None:
            self.watch(self.account, at)

    def _quote(self, at: datetime) -> None:
        """The prices of what is not held."""
        held = self.trading.book.legs
        quotes = tuple(Quote(symbol, mark) for symbol, mark in self.prices.items() if symbol not in held)
        if quotes:
            self._happen(MarketTaken(at, Market(self.plan.name, at, quotes, None)))

    def _between(self, until_ms: int) -> None:
        """Looks between two closes, where time alone changes something: a hold, or a trial to be seen."""
        second, last = 0, (until_ms - self.closed_ms) // 1000 - 1
        while (pause := self._pause(second, last)) is not None:
            second += pause
            if second > last:
                return
            self._look(_instant(self.closed_ms + second * 1000))
            self.trading.want(self._due())

    def _pause(self, second: int, last: int) -> int | None:
        """Seconds from this one after a close until the next look; None where the next close is the next.

        In the last second a running hold is looked at, too: what changes at the close counts from there.
        """
        runs = holding(self.account, self.rules)
        if runs is not None:
            pause = math.ceil(min(runs, STEP_SECONDS - second % STEP_SECONDS))
            return min(pause, last - second) if second < last else None
        if self.account.level is Level.NORMAL or self.bar_ms <= LOOK_SECONDS * 1000:
            return None
        return LOOK_SECONDS - second % LOOK_SECONDS

    def _blind(self, until_ms: int) -> None:
        """The closes of bars that are missing: guardian sees nothing, and time goes on."""
        first = self.closed_ms + self.bar_ms
        for at in range(first, min(until_ms, first + LONGEST_BLINDNESS * self.bar_ms), self.bar_ms):
            self._happen(Tick(_instant(at)))

    def _trade(self, opening: int, row: int) -> None:
        if not self.trading.due(opening):
            return
        prices = _prices(self.opens, row)
        for report in self.trading.trade(opening, prices, _instant(opening)):
            self._happen(report)

    def _due(self) -> int:
        return self.closed_ms + self.plan.delay * self.bar_ms

    @property
    def account(self) -> AccountState:
        return self.state.accounts[0]

    def _happen(self, event: Event) -> None:
        """One event, and the reports of what it asked for; what those ask for is reported with the next."""
        self._step(event)
        if self.reports:
            reports, self.reports = self.reports, []
            for report in reports:
                self._step(replace(report, at=event.at))

    def _step(self, event: Event) -> None:
        self.state, effects = step(self.state, event)
        if self.state.decisions:
            # The reads of the baseline show the first close already, and nothing is known before it.
            self.transitions += transitions(self.state, max(event.at, _instant(self.closed_ms)))
        for effect in effects:
            report = self.trading.perform(effect, event.at, self._due())
            if report is not None:
                self.reports.append(report)

    def course(self) -> Course:
        quantities = np.array([float(self.trading.wants[symbol]) for symbol in self.symbols])
        unprotected = float(self.plan.start_equity) + (self.close - self.close[0]) @ quantities
        wanted = self.close @ np.abs(quantities)
        gone = np.flatnonzero(unprotected <= 0)
        if len(gone):
            unprotected[gone[0] :] = wanted[gone[0] :] = 0.0
        closed = np.array(self.ts, dtype=np.int64) + self.bar_ms
        protected, held = np.array(self.equities), np.array(self.held)
        changes = tuple(self.transitions)
        return Course(closed, protected, unprotected, held, wanted, changes, self.trading.trades)


def _nothing(candles: Candles, symbols: tuple[str, ...]) -> ConfigError:
    """Why there is no bar: a symbol has none that is usable, or the symbols have none in common."""
    for symbol in symbols:
        if np.isnan(candles.close[:, candles.symbols.index(symbol)]).all():
            own = (each for each in candles.findings if each.line and each.message.startswith(f"{symbol}: "))
            why = "; ".join(f"{each.file}, row {each.line}: {each.message}" for each in own)
            return ConfigError(f"no usable bar of {symbol}: {why}")
    return ConfigError(f"no bar has all of {', '.join(symbols)}: replay them apart")


def holding(account: AccountState, rules: tuple[Rule, ...]) -> float | None:
    """Seconds until the first hold is full, infinite where all that run are draining; None where none runs.

    While one runs time, not only the next bar, changes the verdict.
    """
    runs = None
    for i, own in enumerate(account.rules):
        if True not in own.past and not any(own.held):
            continue
        for place, rung in enumerate(rules[i].ladder):
            past, held = own.past[place], own.held[place]
            if (held < rung.hold_seconds) if past else held > 0:
                left = rung.hold_seconds - held if past else math.inf
                runs = left if runs is None else min(left, runs)
    return runs


def transitions(state: State, at: datetime) -> list[Transition]:
    """The changes of level among the decisions of the newest step."""
    found = []
    for d in state.decisions:
        if d.what == "level":
            account = state.account(d.account)
            incident = account.incident if account else None
            to = incident.reduce_to if incident and d.after == Level.REDUCE.name else None
            before, after = Level[d.before], Level[d.after]
            found.append(Transition(at, d.account, before, after, d.rule, d.value, d.limit, to))
    return found


def _prices(columns: Columns, row: int) -> dict[str, Decimal]:
    return {symbol: Decimal(repr(prices[row])) for symbol, prices in columns}


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
