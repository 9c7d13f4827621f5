"""guardian itself: a rule pack through the core's own step(), one snapshot a bar, as a replay does it.

What is seen is what an account would tell: positions at mark, wallet, ledger. What the core orders is what is
done: it reduces by its own closes, and what may be held again follows its permit, under the same delay and
cost as every other design. While the permit allows only less risk the account's quantities never grow, and a
turn of its side only closes. Scaled: every limit of every rung. Where the account itself turns while new size
is capped, the new side is opened at the cap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from guardian.core.effects import ClosePosition, Effect, Notify, SetPermit
from guardian.core.engine import step
from guardian.core.events import (
    Armed,
    Configured,
    EffectReported,
    Event,
    MarketTaken,
    Outcome,
    SnapshotTaken,
    Started,
)
from guardian.core.facts.market import Market, Quote
from guardian.core.memory import CONFIRMED_READS_FOR_BASELINE
from guardian.core.metrics import BY_NAME
from guardian.core.metrics.folds import needed
from guardian.core.model import LedgerEntry, LedgerKind, Level, Rule
from guardian.core.state import AccountState, State
from guardian.evaluate.accounts import Account
from guardian.evaluate.bars import BAR_MS, Floats
from guardian.evaluate.play import Seen, Wish
from guardian.replay.book import Book
from guardian.replay.drive import STEP_SECONDS, holding
from guardian.replay.view import policy, seen

NAME, CURRENCY = "account", "USDT"
START_EQUITY = 1_000_000.0
DIGITS = Decimal("0.00000001")
BAR_SECONDS = BAR_MS // 1000
LARGEST_FRACTION = 0.999
LOOKS = (*range(1, STEP_SECONDS), *range(STEP_SECONDS, BAR_SECONDS, STEP_SECONDS))
"""Seconds after a close at which a running hold is looked at: no step counts for more than five."""


class Guardian:
    """The rules of a pack, all of them armed as their YAML says."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        self.name, self._rules = name, tuple(rules)

    def at(self, scale: float, account: Account) -> Watch:
        return Watch(tuple(scaled(rule, scale) for rule in self._rules), account)


def scaled(rule: Rule, scale: float) -> Rule:
    """The rule with the limit of every rung multiplied, or divided where it fires below its limit: a larger
    scale makes every rule slacker, and a frontier goes one way. A fraction stays below the whole, as the
    configuration demands of it; other units know no whole."""
    factor = scale if rule.direction == "over" else 1.0 / scale
    most = LARGEST_FRACTION if BY_NAME[rule.metric].unit == "fraction" else math.inf
    ladder = tuple(replace(rung, limit=min(rung.limit * factor, most)) for rung in rule.ladder)
    return replace(rule, ladder=ladder)


class Watch:
    """One account under guardian: the core's state, and the book that it is shown."""

    def __init__(self, rules: tuple[Rule, ...], account: Account) -> None:
        self._rules, self._symbols = rules, account.bars.symbols
        self._state = State()
        self._book = Book(CURRENCY, Decimal(0), _money(1.0))
        self._permit, self._size_cap = "normal", 1.0
        self._fraction, self._target = 1.0, account.weights[0]
        self._orders: list[ClosePosition] = []
        self._at = self._seen_at = datetime.fromtimestamp(0, UTC)

    # --- one bar ----------------------------------------------------------------------------------

    def decide(self, seen_now: Seen) -> Wish:
        first = not self._state.accounts
        self._at = datetime.fromtimestamp(seen_now.at_ms / 1000, UTC)
        prices = dict(zip(self._symbols, map(_price, seen_now.close), strict=True))
        self._trade(seen_now, prices)
        if first:
            self._start(prices)
        self._orders = []
        self._look(prices, self._at)
        self._quote(prices)
        for second in LOOKS:
            if holding(self._account, self._rules) is None:
                break
            self._look(prices, self._at + timedelta(seconds=second))
        for order in tuple(self._orders):
            # Told while the evidence is fresh, as a live venue would; what it did is seen at the next close.
            self._happen(EffectReported(self._seen_at, NAME, order.id, Outcome.DONE))
        self._target = seen_now.target
        self._fraction = self._wanted(prices, seen_now)
        return Wish(self._fraction, halted=self._shut_out)

    @property
    def _account(self) -> AccountState:
        return self._state.accounts[0]

    @property
    def _shut_out(self) -> bool:
        """REDUCE to nothing, or beyond: what the other designs call a halt."""
        incident = self._account.incident
        if self._account.level is Level.REDUCE and incident is not None:
            return not incident.reduce_to
        return self._account.level > Level.REDUCE

    @property
    def level(self) -> Level:
        return self._account.level

    @property
    def overheat(self) -> float | None:
        return self._account.overheat

    # --- the account ------------------------------------------------------------------------------

    def _trade(self, seen_now: Seen, prices: dict[str, Decimal]) -> None:
        """The book follows the account: its exposure, traded at this close, and the rest of its equity as
        cost."""
        equity = seen_now.equity * START_EQUITY
        for symbol, weight, close in zip(self._symbols, self._target, seen_now.close, strict=True):
            held = self._book.legs[symbol].quantity if symbol in self._book.legs else Decimal(0)
            wanted = _exact(self._fraction * float(weight) * equity / float(close))
            if self._permit != "normal" and abs(wanted) > abs(held):
                wanted = held if wanted * held > 0 else Decimal(0)
            self._book.trade(symbol, wanted - held, prices[symbol], self._at)
        rest = _money(seen_now.equity) - self._book.equity(prices)
        if rest:
            _pay(self._book, self._at, rest)

    def _wanted(self, prices: dict[str, Decimal], seen_now: Seen) -> float:
        """Which fraction of the account's own exposure is held from the next close on."""
        whole = float(sum(abs(w) for w in seen_now.target)) * seen_now.equity * START_EQUITY
        if not whole:
            return 1.0 if self._permit == "normal" else 0.0
        if _turned(self._held_side, seen_now.target):
            return self._size_cap if self._permit == "normal" else 0.0
        closing = {order.order.symbol: order.order.quantity for order in self._orders}
        held = 0.0
        for symbol, leg in self._book.legs.items():
            size = abs(leg.quantity)
            if symbol in closing:
                ordered = closing[symbol]
                size -= size if ordered is None else min(size, ordered)
            held += float(size * prices[symbol])
        fraction = min(held / whole, 1.0)
        if self._permit != "normal":
            return fraction
        return max(self._fraction if not closing else fraction, self._size_cap)

    @property
    def _held_side(self) -> float:
        return float(sum(leg.quantity for leg in self._book.legs.values()))

    # --- the core ---------------------------------------------------------------------------------

    def _start(self, prices: dict[str, Decimal]) -> None:
        """Guardian has been watching for as many reads as a baseline needs."""
        at = self._at - timedelta(seconds=CONFIRMED_READS_FOR_BASELINE)
        watched = (policy(NAME, CURRENCY, BAR_SECONDS),)
        self._happen(Configured(at, "evaluate", "", watched, self._rules, needed(self._rules)))
        self._happen(Started(at, "evaluate"))
        self._happen(Armed(at, NAME, (), "evaluate", "evaluated"))
        for second in range(CONFIRMED_READS_FOR_BASELINE - 1):
            self._look(prices, at + timedelta(seconds=second))

    def _quote(self, prices: dict[str, Decimal]) -> None:
        """In an incident: the public prices of what was held, as the runtime asks for them, then another
        read."""
        if self._account.incident is None or len(self._book.legs) == len(self._symbols):
            return
        quotes = tuple(Quote(symbol, price) for symbol, price in prices.items())
        self._happen(MarketTaken(self._at, Market(NAME, self._at, quotes, None)))
        self._look(prices, self._at + timedelta(seconds=1))

    def _look(self, prices: dict[str, Decimal], at: datetime) -> None:
        if at <= self._seen_at:
            return
        self._seen_at = at
        self._happen(SnapshotTaken(at, seen(NAME, self._book, prices, at)))

    def _happen(self, event: Event) -> None:
        waiting = [event]
        while waiting:
            now = waiting.pop(0)
            self._state, effects = step(self._state, now)
            waiting += [report for effect in effects if (report := self._perform(effect, now.at))]

    def _perform(self, effect: Effect, at: datetime) -> EffectReported | None:
        match effect:
            case Notify():
                return None
            case ClosePosition():
                self._orders.append(effect)
                return None
            case SetPermit():
                self._permit, self._size_cap = effect.mode, effect.size_cap
        return EffectReported(at, NAME, effect.id, Outcome.DONE)


def _pay(book: Book, at: datetime, change: Decimal) -> None:
    """What trading has cost, as a row of the ledger that no position explains."""
    book.cash += change
    book.counted += 1
    book.rows.append(LedgerEntry(f"cost-{book.counted}", at, LedgerKind.FEE, CURRENCY, change))


def _turned(side: float, target: Floats) -> bool:
    return side * float(target.sum()) < 0


def _money(equity: float) -> Decimal:
    return _exact(equity * START_EQUITY)


def _price(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def _exact(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(DIGITS)
