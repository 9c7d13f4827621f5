"""An account as its case tells it: what a read saw becomes the snapshot that a venue's reader would give.

A change of `equity` is booked as the result of trades, a flow as a deposit or withdrawal, and a moved mark is
open P&L, so that both accounts of the equity agree, as on an honest venue. `cash` and `phantom` break that on
purpose. Rows wait while the ledger fails, for they come once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from guardian.core.model import (
    Balance,
    Failure,
    LedgerEntry,
    LedgerKind,
    OpenOrder,
    Part,
    Position,
    Snapshot,
    Wallet,
)
from guardian.core.policy import AccountPolicy, HaltTarget
from guardian.runtime.casebook.case import CURRENCY, MARGIN, Leg, Played, Resting, Seen
from guardian.runtime.casebook.words import is_inverse

LOT = Decimal("0.001")
MOST = Decimal(1000)
BOT_KEY = "bot-key"
STRANGER = "stranger"
"""The public id, and the word, of a trading key that nobody has configured."""
FIRST_CASH = Decimal(10_000)
NEAR, FAR = Decimal("0.9"), Decimal("1.1")
"""Of the mark: where an order or a stop rests that names no price."""


def policy(account: Played) -> AccountPolicy:
    """Hands, an admin and one bot, so that no demand is held back for want of means."""
    return AccountPolicy(
        name=account.name,
        venue="case",
        currency=CURRENCY,
        has_hands=account.has_hands,
        has_admin=account.has_admin,
        own_keys=("watch-key", "hands-key", "admin-key"),
        bot_keys=(BOT_KEY,),
        secret_ref=f"vault:exec/{account.name}",
        order_prefixes=account.prefixes,
        halt_targets=(HaltTarget("bot", 10.0),),
        flatten_deadline_seconds=60.0,
        slippage=0.02,
        snapshot_seconds=account.poll,
        mandate=account.mandate,
    )


@dataclass(slots=True)
class Money:
    """The cash of an account, and the rows that its ledger has not told yet."""

    account: str
    cash: Decimal | None = None
    rows: list[LedgerEntry] = field(default_factory=list)
    booked: int = 0

    def read(self, seen: Seen, asked: datetime, first: bool) -> Snapshot:
        """The snapshot; what moved moves once, at the first read of a line."""
        legs = tuple(_position(leg, seen) for leg in seen.legs)
        self._move(seen, asked, (_besides_cash(seen, legs), first))
        rows = () if Part.LEDGER in seen.failed else tuple(self.rows)
        self.rows = self.rows if Part.LEDGER in seen.failed else []
        orders = tuple(_order(order, legs, asked) for order in seen.resting)
        whole = Snapshot(
            account=self.account,
            asked_at=asked,
            wallet=_wallet(seen, self.cash or Decimal(0), legs),
            positions=legs,
            orders=orders,
            ledger=rows,
            calls=seen.calls,
            clock=seen.clock,
            pulse=seen.pulse,
        )
        return _failed(whole, seen.failed)

    def _move(self, seen: Seen, at: datetime, rest: tuple[Decimal, bool]) -> None:
        besides, first = rest
        fresh = self.cash is None
        before = FIRST_CASH if self.cash is None else self.cash
        self.cash = before if seen.cash is None else seen.cash
        for kind, change in seen.moved if first else ():
            # With the cash stated the row is only the ledger's word for it.
            self.cash += change if seen.cash is None else 0
            self._book(kind, change, at)
        if seen.equity is not None:
            earned = seen.equity - besides - self.cash
            self.cash += earned
            if earned and not fresh:
                self._book(LedgerKind.TRADE, earned, at)

    def _book(self, kind: LedgerKind, change: Decimal, at: datetime) -> None:
        self.booked += 1
        self.rows.append(LedgerEntry(f"row-{self.booked}", at, kind, CURRENCY, change))


def _wallet(seen: Seen, cash: Decimal, legs: tuple[Position, ...]) -> Wallet:
    honest = cash + _besides_cash(seen, legs)
    equity = honest if seen.phantom is None else seen.phantom
    held = MARGIN * sum((abs(leg.notional) for leg in legs), Decimal(0))
    margin = held if seen.margin is None else seen.margin
    balances = (Balance(CURRENCY, cash, Decimal(1)), *(Balance(*coin) for coin in seen.coins))
    return Wallet(equity, balances, equity, seen.maintenance * honest, margin, margin)


def _besides_cash(seen: Seen, legs: tuple[Position, ...]) -> Decimal:
    """Coins at their prices, and open P&L in what it settles in."""
    coins = tuple(Balance(*coin) for coin in seen.coins)
    return sum((b.quantity * b.price for b in coins), Decimal(0)) + open_pnl(legs, coins)


def open_pnl(legs: tuple[Position, ...], balances: tuple[Balance, ...]) -> Decimal:
    """In the reporting currency; what no wallet lists counts at 1, as stablecoins do."""
    prices = {b.currency: b.price for b in balances if b.price}
    return sum((leg.open_pnl * prices.get(leg.settle, Decimal(1)) for leg in legs), Decimal(0))


def _position(leg: Leg, seen: Seen) -> Position:
    liquidation = dict(seen.liquidations).get(f"{leg.symbol}#{leg.index}")
    return Position(
        symbol=leg.symbol,
        index=leg.index,
        quantity=leg.quantity,
        entry=leg.entry,
        mark=leg.mark,
        contract_size=Decimal(1),
        step=LOT,
        minimum=LOT,
        maximum=MOST,
        settle=leg.symbol.rpartition(":")[2],
        inverse=is_inverse(leg.symbol),
        liquidation=liquidation,
    )


def _order(order: Resting, legs: tuple[Position, ...], at: datetime) -> OpenOrder:
    """An order buys one a little below the mark; a stop sells all of a long leg there, and so on."""
    leg = next((p for p in legs if (p.symbol, p.index) == (order.symbol, order.index)), None)
    short = leg is not None and leg.quantity < 0
    mark = leg.mark if leg else Decimal(100)
    closes = Decimal(1 if short else -1)
    quantity = order.quantity or (closes if order.stop else Decimal(1))
    if order.stop and order.quantity is None and leg is not None:
        quantity = -leg.quantity
    price = order.price or mark * (FAR if order.stop and short else NEAR)
    return OpenOrder(
        id=order.id,
        client_id=f"ft-{order.id}",
        symbol=order.symbol,
        index=order.index,
        side=1 if quantity > 0 else -1,
        remaining=abs(quantity),
        price=None if order.stop else price,
        trigger=price if order.stop else None,
        reduce_only=order.stop,
        created_at=at,
    )


def _failed(snapshot: Snapshot, parts: frozenset[Part]) -> Snapshot:
    if not parts:
        return snapshot
    return replace(
        snapshot,
        wallet=None if Part.WALLET in parts else snapshot.wallet,
        positions=None if Part.POSITIONS in parts else snapshot.positions,
        orders=None if Part.ORDERS in parts else snapshot.orders,
        ledger=None if Part.LEDGER in parts else snapshot.ledger,
        failures=tuple(Failure(part, "case", "failed in this case") for part in sorted(parts)),
    )
