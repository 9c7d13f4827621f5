"""An account's books: balances, legs, orders, executions and the ledger that explains every cent.

The law: a balance changes only through `book`, which writes a ledger row, so that at any moment and for each
coin balance == sum of `change` exactly. Amounts are kept to eight decimals, as the real ledger does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from guardian.sim.world.instruments import Instrument
from guardian.sim.world.orders import ZERO, Order, Side

CASH = "USDT"
CENT = Decimal("0.00000001")


def to_cents(amount: Decimal) -> Decimal:
    """Rounded to the ledger's eight decimals."""
    return amount.quantize(CENT)


@dataclass(slots=True)
class Leg:
    """A position of one symbol and index. `size` is signed base units (inverse: dollars).

    `entry` is the average price at which it was opened; for an inverse contract the harmonic one, the price
    at which its coins were owed.
    """

    symbol: str
    index: int
    size: Decimal = ZERO
    entry: Decimal = ZERO
    realised: Decimal = ZERO
    realised_ever: Decimal = ZERO
    created: int = 0
    updated: int = 0

    def apply(self, instrument: Instrument, signed_qty: Decimal, price: Decimal) -> Decimal:
        """Take a fill; returns the P&L that it realised in the settle coin, before fees."""
        old, new = self.size, self.size + signed_qty
        if old * signed_qty >= 0:
            self.entry = self._average(instrument, signed_qty, price)
            gain = ZERO
        else:
            closed = min(abs(old), abs(signed_qty))
            gain = to_cents(instrument.gain(closed, self.entry, price) * (1 if old > 0 else -1))
            if old * new < 0:
                self.entry = price
            elif new == 0:
                self.entry = ZERO
        self.size = new
        return gain

    def _average(self, instrument: Instrument, signed_qty: Decimal, price: Decimal) -> Decimal:
        if not instrument.inverse:
            return (abs(self.size) * self.entry + abs(signed_qty) * price) / abs(self.size + signed_qty)
        coins = signed_qty / price + (self.size / self.entry if self.size else ZERO)
        return (self.size + signed_qty) / coins


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """change == cash_flow + funding - fee, in `currency`; `cash` is that coin's balance after it.

    `size` is the rest position.
    """

    id: str
    seq: int
    at: int
    type: str
    change: Decimal
    cash: Decimal
    cash_flow: Decimal = ZERO
    fee: Decimal = ZERO
    funding: Decimal | None = None
    symbol: str = ""
    side: str = "None"
    qty: Decimal = ZERO
    size: Decimal = ZERO
    price: Decimal = ZERO
    fee_rate: Decimal = ZERO
    order_id: str = ""
    link_id: str = ""
    trade_id: str = ""
    currency: str = CASH


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill; `fee` in `currency`. `kind` is "Trade", "BlockTrade" (agreed off the book), "BustTrade"
    (liquidation) or "AdlTrade" (auto-deleveraging); `key_id` who ordered it. `spot`: coins, and no position.
    """

    id: str
    seq: int
    at: int
    symbol: str
    index: int
    side: Side
    qty: Decimal
    price: Decimal
    fee: Decimal
    fee_rate: Decimal
    maker: bool
    closed: Decimal
    order_id: str
    link_id: str
    order_qty: Decimal
    order_price: Decimal
    order_kind: str
    leaves: Decimal
    mark: Decimal
    stop_kind: str
    key_id: str
    kind: str = "Trade"
    currency: str = CASH
    spot: bool = False


@dataclass(slots=True)
class Account:
    """A master or a sub-account: a wallet of USDT and coins, all of it collateral of one cross margin."""

    uid: str
    name: str
    master: bool
    parent: str = "0"
    balances: dict[str, Decimal] = field(default_factory=lambda: {CASH: ZERO})
    frozen: bool = False
    hedged: set[str] = field(default_factory=set)
    hedged_by_default: bool = False
    leverage: dict[str, Decimal] = field(default_factory=dict)
    legs: dict[tuple[str, int], Leg] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    open_orders: dict[str, Order] = field(default_factory=dict)
    by_link: dict[str, Order] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    realised: dict[str, Decimal] = field(default_factory=dict)
    sign_flips: int = 0

    @property
    def cash(self) -> Decimal:
        """Its USDT."""
        return self.balances[CASH]

    def balance(self, currency: str) -> Decimal:
        return self.balances.get(currency, ZERO)

    def is_hedged(self, symbol: str) -> bool:
        return self.hedged_by_default or symbol in self.hedged

    def leverage_of(self, symbol: str) -> Decimal:
        return self.leverage.get(symbol, Decimal(10))

    def leg(self, symbol: str, index: int) -> Leg:
        """The leg, created empty on first use."""
        key = (symbol, index)
        if key not in self.legs:
            self.legs[key] = Leg(symbol, index)
        return self.legs[key]

    def size(self, symbol: str, index: int = 0) -> Decimal:
        leg = self.legs.get((symbol, index))
        return leg.size if leg else ZERO

    def open_legs(self) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.size]

    def book(self, row: LedgerRow) -> None:
        """Append a row and move its coin's balance by its change: the only way that money moves."""
        self.ledger.append(row)
        self.balances[row.currency] = row.cash

    def resting(self, symbol: str, index: int) -> list[Order]:
        """Open orders of one leg, oldest first."""
        return [o for o in self.open_orders.values() if o.symbol == symbol and o.index == index]
