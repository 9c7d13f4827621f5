"""Several accounts of one guardian, and money that leaves them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import Armed, Configured, Expected, SnapshotTaken
from guardian.core.model import AtLeast, Known, LedgerEntry, Level, Measured, Part, Window
from guardian.core.state import State
from tests.core.build import ACCOUNT, at, kinds, money, policy, read, row, rule, rung, without

HOUR = Window("sliding", 3600.0)
FOREIGN = rule(rung(0.3, "halt"), id="foreign", metric="foreign_transfers", window=HOUR)
MOVING = "what left may be on its way to another account"


class Desks:
    """Several accounts of one guardian, 1000 on each, watched for two days."""

    def __init__(self, *names: str, rules: Any = (FOREIGN,), cash: int = 1000, **mandates: str) -> None:
        policies = tuple(policy(name=name, mandate=mandates.get(name, "")) for name in names)
        self.state = State()
        self.effects: list[Effect] = []
        self.cash = dict.fromkeys(names, Decimal(cash))
        self.send(Configured(at(-9), "desk-1", "hash", policies, tuple(rules)))
        for name in names:
            self.send(Armed(at(-9), name, (), "anna", "test"))
        aged = (replace(a, watched_since=at(-200_000)) for a in self.state.accounts)
        self.state = replace(self.state, accounts=tuple(aged))
        for second in range(-5, 0):
            for name in names:
                self.see(second, name)

    def send(self, event: Any) -> None:
        self.state, effects = step(self.state, event)
        self.effects += effects

    def see(self, second: float, name: str = ACCOUNT, *rows: LedgerEntry, dark: bool = False) -> Measured:
        self.cash[name] += sum((each.change for each in rows), Decimal(0))
        seen = replace(read(second, cash=self.cash[name], ledger=rows), account=name)
        self.send(SnapshotTaken(at(second), without(seen, Part.LEDGER) if dark else seen))
        return self.measured(name)

    def expect(self, second: float, much: float, **changes: Any) -> None:
        until = at(second + 600)
        usual = Expected(at(second), ACCOUNT, "USDT", money(much), money(0.01), until, "anna", "test")
        self.send(replace(usual, **changes))

    def measured(self, name: str = ACCOUNT) -> Measured:
        account = self.state.account(name)
        assert account is not None
        return account.rules[0].measured

    def level(self, name: str = ACCOUNT) -> Level:
        account = self.state.account(name)
        assert account is not None
        return account.level

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(e.notification, e.title) for e in kinds(self.effects, "notify")]


def moved(id: str, change: float, second: float, currency: str = "USDT") -> LedgerEntry:
    return replace(row(id, change, currency=currency), at=at(second))


def value_of(measured: Measured) -> float:
    assert isinstance(measured, Known | AtLeast)
    return measured.value
