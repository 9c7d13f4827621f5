"""Which accounts are due for a live drill, by what the daemon or the journal knows, never by report files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guardian.config.shapes import Config
from guardian.drill.ground import account_of, standings
from guardian.runtime.control.drilled import DRILL_DAYS, lapsed


@dataclass(frozen=True, slots=True)
class Appointment:
    """`last` is when the last live drill passed; None: never."""

    account: str
    last: datetime | None
    due: bool

    def document(self) -> dict[str, Any]:
        last = self.last.isoformat(timespec="milliseconds").replace("+00:00", "Z") if self.last else None
        return {"account": self.account, "last_passed_at": last, "due": self.due, "days": DRILL_DAYS}

    @property
    def sentence(self) -> str:
        last = f"last passed {self.last:%Y-%m-%d}" if self.last else "never passed"
        return f"{self.account}: {'DUE, ' if self.due else ''}{last} (every {DRILL_DAYS} days)"


async def appointments(config: Config, account: str | None, now: datetime) -> tuple[Appointment, ...]:
    """One for each account of the configuration, or for the one named. Raises ConfigError, RefusedError."""
    chosen = [account_of(config, account)] if account else list(config.accounts)
    passed = {each.account: each.drilled_at for each in await standings(config)}
    return tuple(_appointment(each.name, passed.get(each.name), now) for each in chosen)


def _appointment(account: str, last: datetime | None, now: datetime) -> Appointment:
    return Appointment(account, last, last is None or lapsed(last, now))
