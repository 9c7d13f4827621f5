"""Play a case through the real core: the step() that the daemon runs, on an account made from the series.

A change of equity is booked as the result of trades, a flow as a deposit or withdrawal, and a moved price as
open P&L, so that both accounts of the equity agree, as on an honest venue. Nothing is performed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from guardian.core.engine import step
from guardian.core.events import Armed, Configured, SnapshotTaken
from guardian.core.model import (
    AccountPolicy,
    AtLeast,
    Balance,
    Failure,
    Known,
    LedgerEntry,
    LedgerKind,
    Part,
    Position,
    Rule,
    Snapshot,
    Wallet,
)
from guardian.core.state import RuleState, State
from guardian.runtime.casebook.read import Case, Change, Expected, Holding

ACCOUNT = "case"
CURRENCY = "USDT"
LOT = Decimal("0.00000001")
NOTHING = Decimal(0)


@dataclass
class Account:
    """The account as the series has made it so far."""

    cash: Decimal = NOTHING
    positions: dict[str, Holding] = field(default_factory=dict)
    prices: dict[str, Decimal] = field(default_factory=dict)
    maintenance: Decimal = NOTHING
    blind: str = "none"
    rows: list[LedgerEntry] = field(default_factory=list)
    booked: int = 0

    def change(self, change: Change, at: datetime) -> None:
        self.prices |= change.prices or {}
        if change.positions is not None:
            self.positions = dict(change.positions)
            self.prices = {n: self.prices.get(n, h.entry) for n, h in self.positions.items()}
        if change.flow is not None:
            self._book(LedgerKind.FLOW, change.flow, at)
        if change.equity is not None:
            self._book(LedgerKind.TRADE, change.equity - self.open_pnl - self.cash, at)
        self.maintenance = self.maintenance if change.maintenance is None else change.maintenance
        self.blind = change.blind or self.blind

    def _book(self, kind: LedgerKind, amount: Decimal, at: datetime) -> None:
        if amount != 0:
            self.booked += 1
            self.cash += amount
            self.rows.append(LedgerEntry(f"row-{self.booked}", at, kind, CURRENCY, amount))

    @property
    def open_pnl(self) -> Decimal:
        return sum((h.quantity * (self.prices[n] - h.entry) for n, h in self.positions.items()), NOTHING)

    def read(self, asked: datetime) -> Snapshot:
        equity = self.cash + self.open_pnl
        legs = tuple(_leg(name, held, self.prices[name]) for name, held in sorted(self.positions.items()))
        margin = sum((abs(leg.notional) for leg in legs), NOTHING) / 10
        balances = (Balance(CURRENCY, self.cash, Decimal(1)),)
        wallet = Wallet(equity, balances, equity, self.maintenance * equity, margin, margin)
        gone = set(Part) if self.blind == "all" else {Part(self.blind)} if self.blind != "none" else set()
        rows = () if Part.LEDGER in gone else tuple(self.rows)
        self.rows = self.rows if Part.LEDGER in gone else []
        return Snapshot(
            account=ACCOUNT,
            asked_at=asked,
            wallet=None if Part.WALLET in gone else wallet,
            positions=None if Part.POSITIONS in gone else legs,
            orders=None if Part.ORDERS in gone else (),
            ledger=None if Part.LEDGER in gone else rows,
            failures=tuple(Failure(part, "case", "blind in this case") for part in sorted(gone)),
        )


def _leg(name: str, held: Holding, mark: Decimal) -> Position:
    symbol = name if "/" in name else f"{name}/{CURRENCY}:{CURRENCY}"
    return Position(
        symbol, 0, held.quantity, held.entry, mark, Decimal(1), LOT, LOT, Decimal(10**9), CURRENCY
    )


def play(case: Case, rules: Sequence[Rule]) -> str:
    """The first difference between what is expected and what the core did; "" when there is none."""
    judged = tuple(replace(rule, armed=True) for rule in rules) if case.armed else tuple(rules)
    state, _ = step(State(), Configured(case.start, "casebook", "case", (_policy(),), judged))
    state, _ = step(state, Armed(case.start, ACCOUNT, (), "casebook", "case"))
    account, changes, waiting = Account(), list(case.series), list(case.expect)
    for number in range(math.ceil(case.expect[-1].at_seconds / case.every_seconds) + 1):
        seconds = number * case.every_seconds
        now = case.start + timedelta(seconds=seconds)
        while changes and changes[0].at_seconds <= seconds:
            account.change(changes.pop(0), now)
        state, _ = step(state, SnapshotTaken(now, account.read(now)))
        while waiting and waiting[0].at_seconds <= seconds:
            if wrong := difference(state, waiting.pop(0)):
                return wrong
    return ""


def difference(state: State, expected: Expected) -> str:
    """What is not as expected now, in one sentence."""
    account = state.accounts[0]
    at = f"at {expected.at_seconds:g}s (line {expected.line})"
    if expected.level is not None and account.level is not expected.level:
        causes = "; ".join(_told(own) for own in account.rules if any(own.past) or own.stale)
        why = causes or "no rule is past a limit or blind"
        return f"{at}: expected {expected.level.name}, got {account.level.name} ({why})"
    if expected.rule is None:
        return ""
    own = account.rule(expected.rule)
    if own is None:
        return f"{at}: no rule {expected.rule}; rules: {', '.join(each.rule_id for each in account.rules)}"
    if expected.verdict is not None and own.verdict is not expected.verdict:
        return f"{at}: expected {expected.rule} {expected.verdict.value}, got {_told(own)}"
    value = _value(own)
    if expected.value is None or (value is not None and math.isclose(value, expected.value, rel_tol=1e-3)):
        return ""
    return f"{at}: expected {expected.rule} at {expected.value:g}, got {_told(own)}"


def _value(own: RuleState) -> float | None:
    return own.measured.value if isinstance(own.measured, Known | AtLeast) else None


def _told(own: RuleState) -> str:
    value = _value(own)
    return f"{own.rule_id} {own.verdict.value} at {'unknown' if value is None else f'{value:.4g}'}"


def _policy() -> AccountPolicy:
    """An account that guardian may act on in every way, so that no demand is held back."""
    return AccountPolicy(
        name=ACCOUNT,
        venue="casebook",
        currency=CURRENCY,
        has_hands=True,
        has_admin=True,
        own_keys=(),
        bot_keys=("bot",),
        secret_ref="",
        order_prefixes=(),
        halt_targets=(),
        flatten_deadline_seconds=60.0,
        slippage=0.02,
        snapshot_seconds=1.0,
    )
