"""Several accounts in one state, as a rule of a portfolio sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import Armed, Configured, SnapshotTaken
from guardian.core.model import Rule, Snapshot
from guardian.core.state import AccountState, State
from tests.core.build import SLIDING_HOUR, START, policy, position, read, rule, rung


class Office:
    """Several accounts in one state; each read names its account."""

    def __init__(self, rules: tuple[Rule, ...], *names: str, **changes: Any) -> None:
        self.state, self.effects = State(), list[Effect]()
        policies = tuple(policy(name=name, **changes.get(name, {})) for name in names)
        self.send(Configured(START, "desk-1", "hash", policies, rules))
        for name in names:
            self.send(Armed(START, name, (), "anna", "test"))

    def send(self, event: Any) -> tuple[Effect, ...]:
        self.state, effects = step(self.state, event)
        self.effects += effects
        return effects

    def see(self, name: str, snapshot: Snapshot) -> None:
        self.send(SnapshotTaken(snapshot.asked_at, replace(snapshot, account=name)))

    def warm(self, *cash: tuple[str, float]) -> Office:
        for second in range(-10, 0):
            for name, amount in cash:
                self.see(name, read(second, (position(mark=1000),), cash=amount))
        return self

    def account(self, name: str) -> AccountState:
        found = self.state.account(name)
        assert found is not None
        return found

    @property
    def levels(self) -> dict[str, str]:
        return {a.policy.name: a.level.name for a in self.state.accounts}


def fallen(second: float, cash: float, mark: float) -> Snapshot:
    return read(second, (position(mark=mark, entry=1000),), cash=cash)


GROUP = rule(rung(0.05, "halt"), rung(0.1, "flatten"), id="all", window=SLIDING_HOUR, scope="portfolio")
