"""The simulated account: cash, legs and what they cost, at prices that bars gave. Linear, without funding.

Law: money is Decimal, and equity is always cash plus what the legs have gained since their entry. An account
whose equity reaches zero is over: its legs are gone, for that is when a venue takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from guardian.core.model import LedgerEntry, LedgerKind
from guardian.errors import ConfigError
from guardian.replay.account import Plan

STEP = Decimal("0.00000001")
ZERO = Decimal(0)


@dataclass(slots=True)
class Leg:
    """Signed quantity in base units, and the average price at which it was opened."""

    quantity: Decimal
    entry: Decimal


@dataclass(slots=True)
class Book:
    """`rows` are the ledger's new ones since they were last taken; `over` once the equity was gone."""

    currency: str
    cost: Decimal
    cash: Decimal
    legs: dict[str, Leg] = field(default_factory=dict)
    rows: list[LedgerEntry] = field(default_factory=list)
    counted: int = 0
    over: bool = False

    def equity(self, prices: Mapping[str, Decimal]) -> Decimal:
        return self.worth(prices)[0]

    def worth(self, prices: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
        """The equity, and the notional of every leg."""
        gained = gross = ZERO
        for symbol, leg in self.legs.items():
            price, quantity = prices[symbol], leg.quantity
            gained += quantity * (price - leg.entry)
            gross += abs(quantity) * price
        return self.cash + gained, gross

    def trade(self, symbol: str, change: Decimal, price: Decimal, at: datetime) -> None:
        """Buy (+) or sell (-) at a price; what that realises less its cost goes to the cash."""
        if not change or self.over:
            return
        leg = self.legs.get(symbol) or Leg(ZERO, price)
        closing = ZERO
        if leg.quantity * change < 0:
            closing = max(change, -leg.quantity) if change < 0 else min(change, -leg.quantity)
        realised = -closing * (price - leg.entry)
        opening, left = change - closing, leg.quantity + closing
        entry = price if not left else (left * leg.entry + opening * price) / (left + opening)
        self.legs.pop(symbol, None)
        if left + opening:
            self.legs[symbol] = Leg(left + opening, entry)
        self._book(at, realised - abs(change) * price * self.cost)

    def end(self, at: datetime) -> None:
        """The equity is gone, and with it the legs."""
        self.legs.clear()
        self._book(at, -self.cash)
        self.over = True

    def taken(self) -> tuple[LedgerEntry, ...]:
        if not self.rows:
            return ()
        rows, self.rows = tuple(self.rows), []
        return rows

    def _book(self, at: datetime, change: Decimal) -> None:
        self.counted += 1
        self.cash += change
        self.rows.append(LedgerEntry(f"row-{self.counted}", at, LedgerKind.TRADE, self.currency, change))


def targets(plan: Plan, prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Signed quantities that the account holds from the first close on, rounded towards zero.

    Raises ConfigError where that leaves nothing: an account that holds nothing would pass for a calm one.
    """
    if plan.quantity:
        return dict(plan.quantity)
    held = {}
    for symbol, multiple in plan.hold:
        worth, price = multiple * plan.start_equity, prices[symbol]
        held[symbol] = bought(symbol, worth, price)
        if not held[symbol]:
            much = f"{abs(float(worth)):.6g} buys nothing at a price of {float(price):.6g}"
            fix = "write more, or leave it out; the smallest quantity is 0.00000001"
            raise ConfigError(f"hold.{symbol}: {much}; {fix}")
    return held


def bought(symbol: str, worth: Decimal, price: Decimal) -> Decimal:
    """The quantity that so much buys, rounded towards zero; ConfigError where it has too many digits."""
    try:
        return (worth / price).quantize(STEP, ROUND_DOWN)
    except InvalidOperation:
        much = f"{abs(worth):.3g} buys more at a price of {price:.3g} than can be reckoned with"
        raise ConfigError(f"{symbol}: {much}; look at its candles") from None


def opened(plan: Plan, held: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> Book:
    """The account at its first close: it holds what it wants, bought at that close, at no cost."""
    legs = {symbol: Leg(quantity, prices[symbol]) for symbol, quantity in held.items() if quantity}
    return Book(plan.currency, plan.cost, plan.start_equity, legs)
