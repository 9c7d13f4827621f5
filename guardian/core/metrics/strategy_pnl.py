"""M07, the arithmetic: whose fills they are by client order id, and what each strategy's lots have earned.

A fill is its strategy's whose prefix its client id begins with, the longest first; what matches none is
nobody's (""). A strategy has one signed lot a symbol at an average entry; P&L is what closes earned less
fees, and open lots at the last price seen, in the reporting currency at `rates` of quote currencies (1 where
none is given). An inverse contract's coins count at the price of the close. Fees count in the quote and the
base currency; others are left out.

Closing more than the strategy is known to have opened is of a time before the fills that are known: that part
is `unattributed`, and earns nothing here.

What is unusual of one of them is told by `outlying`, against a sample of what was before.
Source: metrics.md M07.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Protocol

from guardian.core.facts.activity import Fill

NOBODY = ""
LEAST_DEVIATION = 0.001
SIGMA_PER_MAD = 1.4826
Rates = Mapping[str, Decimal]


@dataclass(slots=True)
class StrategyBook:
    """One strategy's lots by symbol, (signed contracts, average entry), and what it has earned.

    `legs` are the contracts that it has opened of each symbol and side and not closed, as the venue tells it:
    in hedge mode both may be open, of which the lots are the difference.
    """

    rates: Rates = field(default_factory=dict)
    realised: Decimal = Decimal(0)
    lots: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    shapes: dict[str, Fill] = field(default_factory=dict)
    unattributed: Decimal = Decimal(0)
    legs: dict[tuple[str, int], Decimal] = field(default_factory=dict)

    def take(self, fill: Fill) -> None:
        held, entry = self.lots.get(fill.symbol, (Decimal(0), Decimal(0)))
        closing = min(fill.quantity, abs(held)) if held * fill.side < 0 else Decimal(0)
        opened_before = max(closing, self._lay(fill))
        unknown = min(max(fill.closed - opened_before, Decimal(0)), fill.quantity - closing)
        self.shapes[fill.symbol] = fill
        self.realised += self._gain(fill, closing * -fill.side, entry, fill.price) - self._fee(fill)
        self.unattributed += unknown * fill.worth / fill.quantity * self._rate(fill)
        opened = (fill.quantity - closing - unknown) * fill.side
        kept = held + closing * fill.side
        if opened:
            entry = _average(fill, (abs(kept), entry), (abs(opened), fill.price))
        self.lots[fill.symbol] = (kept + opened, entry)
        if not kept + opened:
            del self.lots[fill.symbol]

    def _lay(self, fill: Fill) -> Decimal:
        """What was open of the leg that the fill closes from; the legs are then as they are after it."""
        closed = min(fill.closed, fill.quantity)
        before = self.legs.pop((fill.symbol, -fill.side), Decimal(0))
        if before > closed:
            self.legs[fill.symbol, -fill.side] = before - closed
        if fill.quantity > closed:
            leg = fill.symbol, fill.side
            self.legs[leg] = self.legs.get(leg, Decimal(0)) + fill.quantity - closed
        return before

    def pnl(self, prices: Mapping[str, Decimal]) -> Decimal:
        """With open lots at these prices, or at that of the last fill of their symbol."""
        open_pnl = (
            self._gain(self.shapes[s], held, entry, prices.get(s, self.shapes[s].price))
            for s, (held, entry) in self.lots.items()
        )
        return self.realised + sum(open_pnl, Decimal(0))

    def _gain(self, shape: Fill, signed: Decimal, start: Decimal, end: Decimal) -> Decimal:
        return gained(shape, signed, start, end) * self._rate(shape)

    def _fee(self, fill: Fill) -> Decimal:
        if fill.fee_currency == quote_of(fill.symbol):
            return fill.fee * self._rate(fill)
        return fill.fee * fill.price * self._rate(fill) if fill.fee_currency == fill.base else Decimal(0)

    def _rate(self, fill: Fill) -> Decimal:
        return self.rates.get(quote_of(fill.symbol), Decimal(1))


class Contract(Protocol):
    """What one contract of a symbol is, as fills and stakes tell it."""

    @property
    def contract_size(self) -> Decimal: ...
    @property
    def inverse(self) -> bool: ...


def _average(shape: Contract, *lots: tuple[Decimal, Decimal]) -> Decimal:
    """The entry at which lots (contracts, price) gain together what each gains; of an inverse contract the
    harmonic mean, for its worth is fixed in the quote currency and its coins are what was paid."""
    held = [(quantity, price) for quantity, price in lots if quantity]
    whole = sum((quantity for quantity, _ in held), Decimal(0))
    if shape.inverse:
        return whole / sum((quantity / price for quantity, price in held), Decimal(0))
    return sum((quantity * price for quantity, price in held), Decimal(0)) / whole


def gained(shape: Contract, signed: Decimal, start: Decimal, end: Decimal) -> Decimal:
    """What signed contracts earned between two prices, in the quote currency."""
    if not signed:
        return Decimal(0)
    size = signed * shape.contract_size
    return size * (end / start - 1) if shape.inverse else size * (end - start)


def quote_of(symbol: str) -> str:
    return symbol.partition("/")[2].partition(":")[0]


def whose(client_id: str, prefixes: Iterable[str]) -> str:
    """The longest prefix that fits, or NOBODY."""
    return max((p for p in prefixes if client_id.startswith(p)), key=len, default=NOBODY)


def owned(client_id: str, name: str, prefixes: Collection[str]) -> bool:
    """Whether an order is this strategy's: not if a longer of the account's prefixes names another one.

    A name that is none of them (what several have in common, or a part of one) is taken as it is.
    """
    return client_id.startswith(name) and (name not in prefixes or whose(client_id, prefixes) == name)


def by_strategy(
    fills: Iterable[Fill], prefixes: Sequence[str], rates: Rates | None = None
) -> dict[str, StrategyBook]:
    """Every strategy's book after these fills, which are in the order of time."""
    books = {prefix: StrategyBook(rates or {}) for prefix in (*prefixes, NOBODY)}
    for fill in fills:
        books[whose(fill.client_id, prefixes)].take(fill)
    return books


def outlying(value: float, sample: Sequence[float]) -> float:
    """z = (value - median) / (1.4826 MAD) of a sample that is not empty; MAD is at least 0.1 %."""
    middle = median(sample)
    spread = median([abs(each - middle) for each in sample])
    return (value - middle) / (SIGMA_PER_MAD * max(spread, LEAST_DEVIATION))
