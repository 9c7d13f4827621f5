"""What the demo saw, in order: one sample an instant, from which pictures and views are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LEVELS = ("NORMAL", "CAUTION", "HALT", "REDUCE", "FLATTEN", "LOCKOUT")

Status = Mapping[str, Any]
"""Guardian's answer to `GET /v1/status`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the account. `equity` in the account's currency; `notionals` signed, by symbol, at mark."""

    at: datetime
    equity: float
    level: str
    notionals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened, for the picture and the timeline. `failed` is shown as failed."""

    at: datetime
    label: str
    failed: bool = False


@dataclass
class Recording:
    """Samples in order of time; `drawdown` is from the highest equity so far, as a fraction."""

    samples: list[Sample] = field(default_factory=list)
    highest_level: str = "NORMAL"
    _peak: float = 0.0

    def add(self, sample: Sample) -> None:
        self._peak = max(self._peak, sample.equity)
        self.samples.append(sample)
        if LEVELS.index(sample.level) > LEVELS.index(self.highest_level):
            self.highest_level = sample.level

    def drawdowns(self) -> list[float]:
        peak, found = 0.0, []
        for sample in self.samples:
            peak = max(peak, sample.equity)
            found.append(1 - sample.equity / peak if peak > 0 else 0.0)
        return found

    @property
    def drawdown(self) -> float:
        if not self.samples or self._peak <= 0:
            return 0.0
        return 1 - self.samples[-1].equity / self._peak


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a screen needs for one instant. `footer` says what the bot and the receivers do."""

    title: str
    status: Status | None
    recording: Recording = field(default_factory=Recording)
    footer: Sequence[str] = ()


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 instant of guardian's JSON; None stays None (it has not happened)."""
    return None if text is None else datetime.fromisoformat(text)


def account_of(status: Status | None) -> Mapping[str, Any] | None:
    """The demo's one account, or None while guardian is not answering."""
    if not status or not status.get("accounts"):
        return None
    account: Mapping[str, Any] = status["accounts"][0]
    return account


def incident_of(status: Status | None) -> Mapping[str, Any] | None:
    account = account_of(status)
    return account.get("incident") if account else None
