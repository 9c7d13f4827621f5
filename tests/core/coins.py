"""Builders for coin-margined accounts: one-dollar contracts, wallets with bitcoin, honest reads."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from guardian.core.model import Balance, OpenOrder, Position, Snapshot, Wallet
from tests.core.build import at, money, position, stop

INVERSE = "BTC/USD:BTC"


def leg(quantity: float | str, mark: float | str, **changes: Any) -> Position:
    """Contracts of one dollar, margined in bitcoin."""
    usual: dict[str, Any] = {"inverse": True, "settle": "BTC", "step": 1, "minimum": 1, "maximum": 1_000_000}
    return position(INVERSE, quantity, mark, **{**usual, **changes})


def coins(
    quantity: float | str, price: float | str, *legs: Position, cash: float | str = 0, **changes: Any
) -> Wallet:
    """An honest wallet of USDT and bitcoin: equity is all of it at its price, open P&L included."""
    balances = (Balance("USDT", money(cash), Decimal(1)), Balance("BTC", money(quantity), money(price)))
    gained = sum((p.open_pnl * (money(price) if p.inverse else 1) for p in legs), Decimal(0))
    equity = money(cash) + money(quantity) * money(price) + gained
    margin = sum((abs(p.worth) for p in legs), Decimal(0)) / 10
    usual = Wallet(equity, balances, equity, Decimal(0), Decimal(0), margin)
    return replace(usual, **{k: money(v) for k, v in changes.items()})


def seen(
    seconds: float, price: float | str, *legs: Position, btc: float | str = 1, **changes: Any
) -> Snapshot:
    usual = Snapshot("main", at(seconds), coins(btc, price, *legs), legs, (), ())
    return replace(usual, **changes)


def guard(trigger: float, **changes: Any) -> OpenOrder:
    """A stop for all of ten thousand contracts."""
    return stop(symbol=INVERSE, trigger=money(trigger), remaining=Decimal(10_000), **changes)
