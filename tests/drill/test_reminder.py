"""The reminder posts what is overdue once, and what is healed once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from guardian.core.policy import AccountPolicy
from guardian.core.state import AccountState, Arming, State
from guardian.runtime.start.reminder import Reminder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = AccountPolicy("a", "bybit", "USDT", True, True, (), (), "", (), (), 60.0, 0.02, 1.0)
ARMED = AccountState(POLICY, NOW, arming=Arming(True, (), None, "x"))


@dataclass
class Shell:
    """As much of the runtime as the reminder asks for."""

    state: State
    posted: list[Any] = field(default_factory=list)

    @property
    def parts(self) -> Any:
        return SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW))

    def post(self, event: Any) -> None:
        self.posted.append(event)


def reminded(account: AccountState) -> list[tuple[str, bool]]:
    shell = Shell(State(accounts=(account,)))
    Reminder(shell).look()  # type: ignore[arg-type]
    return [(event.subject, event.healed) for event in shell.posted]


def test_an_armed_account_without_a_drill_is_told() -> None:
    assert [("drill", False)] == reminded(ARMED)
    assert [("drill", False)] == reminded(replace(ARMED, drilled_at=NOW - timedelta(days=36)))


def test_what_is_told_already_or_not_due_is_not_told() -> None:
    assert [] == reminded(replace(ARMED, troubles=("drill",)))
    assert [] == reminded(replace(ARMED, drilled_at=NOW - timedelta(days=34)))
    assert [] == reminded(replace(ARMED, arming=Arming()))


def test_a_pass_heals() -> None:
    assert [("drill", True)] == reminded(replace(ARMED, troubles=("drill",), drilled_at=NOW))
