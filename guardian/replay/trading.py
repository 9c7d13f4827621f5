"""Who trades the simulated account: guardian by its effects, and the bot as far as its permit goes.

What is ordered at a close is traded `delay` bars later, at the open of the bar that begins then, at that
price and the plan's cost. The bot holds what it always held; after a reduction it buys back what the permit's
size cap allows. Orders always fill whole: the price cap of a real close would only send it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from guardian.core.effects import ClosePosition, Effect, Notify, SetPermit
from guardian.core.events import EffectReported, Outcome
from guardian.replay.book import ZERO, Book


@dataclass(frozen=True, slots=True)
class Order:
    """To be traded at the first open from `due_ms` on; the bot's own have no effect to report."""

    symbol: str
    due_ms: int
    effect: ClosePosition | None = None


@dataclass(slots=True)
class Trading:
    """`wants` is what the bot holds when it may; `permit` and `size_cap` are the newest that guardian set."""

    account: str
    book: Book
    wants: Mapping[str, Decimal]
    permit: str = "normal"
    size_cap: Decimal = Decimal(1)
    orders: list[Order] = field(default_factory=list)
    trades: int = 0

    def perform(self, effect: Effect, at: datetime, due_ms: int) -> EffectReported | None:
        """What needs no market is done at once; a close waits for its open."""
        match effect:
            case Notify():
                return None
            case ClosePosition():
                self.orders.append(Order(effect.order.symbol, due_ms, effect))
                return None
            case SetPermit():
                self.permit, self.size_cap = effect.mode, Decimal(repr(effect.size_cap))
        return EffectReported(at, self.account, effect.id, Outcome.DONE)

    def want(self, due_ms: int) -> None:
        """The bot orders what it lacks, as far as its permit goes; one order a symbol at a time."""
        if self.permit != "normal" or self.book.over:
            return
        for symbol in self.wants:
            if self._missing(symbol) and not any(
                o.symbol == symbol and o.effect is None for o in self.orders
            ):
                self.orders.append(Order(symbol, due_ms))

    @property
    def active(self) -> bool:
        """Whether anything is ordered, or the bot may order by itself."""
        return bool(self.orders) or self.permit == "normal"

    def due(self, opening_ms: int) -> bool:
        return bool(self.orders) and any(order.due_ms <= opening_ms for order in self.orders)

    def trade(self, opening_ms: int, prices: Mapping[str, Decimal], at: datetime) -> list[EffectReported]:
        """Everything that is due, at this open; what guardian ordered is reported."""
        due = [order for order in self.orders if order.due_ms <= opening_ms]
        self.orders = [order for order in self.orders if order.due_ms > opening_ms]
        for order in due:
            change = self._change(order)
            self.trades += bool(change)
            self.book.trade(order.symbol, change, prices[order.symbol], at)
        own = (order.effect for order in due)
        return [EffectReported(at, self.account, effect.id, Outcome.DONE) for effect in own if effect]

    def _missing(self, symbol: str) -> Decimal:
        """What the bot still wants of a symbol, signed like its position."""
        wanted = self.wants[symbol] * self.size_cap
        leg = self.book.legs.get(symbol)
        held = leg.quantity if leg else ZERO
        return wanted - held if abs(held) < abs(wanted) else ZERO

    def _change(self, order: Order) -> Decimal:
        """What is traded: guardian's reduce-only order, or the bot's as its permit stands at that open."""
        if order.effect is None:
            return self._missing(order.symbol) if self.permit == "normal" else ZERO
        leg = self.book.legs.get(order.symbol)
        if leg is None:
            return ZERO
        asked = order.effect.order.quantity
        quantity = abs(leg.quantity) if asked is None else min(asked, abs(leg.quantity))
        return -quantity if leg.quantity > 0 else quantity
