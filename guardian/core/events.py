"""Everything that can happen. An event carries its time; the core has no other clock.

`kind` discriminates the union wherever events are stored as JSON.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from guardian.core.facts.activity import Activity
from guardian.core.facts.market import Market
from guardian.core.facts.telemetry import Telemetry
from guardian.core.frozen import dataclass
from guardian.core.model import KeyRecord, Level, Rule, Snapshot
from guardian.core.policy import AccountPolicy


@dataclass(frozen=True, slots=True)
class Configured:
    """Accounts and rules are (re)loaded. `pack_hash` names the rules' content.

    `folds` are all that is to be remembered of reads (metrics/folds.py); None: everything.
    """

    at: datetime
    instance: str
    pack_hash: str
    accounts: tuple[AccountPolicy, ...]
    rules: tuple[Rule, ...]
    folds: tuple[str, ...] | None = None
    kind: Literal["configured"] = "configured"


@dataclass(frozen=True, slots=True)
class Started:
    """The process (re)started: whatever was in flight has an unknown outcome.

    `account` names the only one that is told; "" for all.
    """

    at: datetime
    version: str
    account: str = ""
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. `account` names the only one that is judged by it; "" for all."""

    at: datetime
    account: str = ""
    kind: Literal["tick"] = "tick"


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """A read came back, whole or in parts (`snapshot.failures`)."""

    at: datetime
    snapshot: Snapshot
    kind: Literal["snapshot"] = "snapshot"


@dataclass(frozen=True, slots=True)
class MarketTaken:
    """A look at the public prices and books of an account's symbols came back."""

    at: datetime
    market: Market
    kind: Literal["market"] = "market"


@dataclass(frozen=True, slots=True)
class ActivityTaken:
    """Fills and past orders that are new came back."""

    at: datetime
    activity: Activity
    kind: Literal["activity"] = "activity"


@dataclass(frozen=True, slots=True)
class TelemetryTold:
    """The trading stack told something about itself."""

    at: datetime
    telemetry: Telemetry
    kind: Literal["telemetry"] = "telemetry"


@dataclass(frozen=True, slots=True)
class KeysListed:
    """The admin's listing of the account's keys. Only a `complete` one (all pages) proves absence."""

    at: datetime
    account: str
    asked_at: datetime
    complete: bool
    keys: tuple[KeyRecord, ...]
    kind: Literal["keys_listed"] = "keys_listed"


class Outcome(StrEnum):
    """What became of an effect.

    DONE: the other side acknowledged it. REFUSED: it answered no, nothing happened. GONE: the target no
    longer exists (order filled or cancelled, key absent, process dead). IMPOSSIBLE: cannot be done with
    what we have (no key, no such permission). UNKNOWN: no answer, it may have happened.
    """

    DONE = "done"
    REFUSED = "refused"
    GONE = "gone"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


RESTART = "restart"
"""The code of an answer that died with the process that waited for it."""


@dataclass(frozen=True, slots=True)
class EffectReported:
    """Performing never raises: every outcome, error or timeout arrives as this event.

    `code` is the venue's raw code or a short word; `facts` are small strings to remember (for example the
    permissions that a fence replaced, so that an operator's resume can restore them).
    """

    at: datetime
    account: str
    effect_id: str
    outcome: Outcome
    code: str = ""
    detail: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    kind: Literal["reported"] = "reported"


@dataclass(frozen=True, slots=True)
class Armed:
    """Guardian may act on this account. Empty `rules` means every rule whose YAML says armed."""

    at: datetime
    account: str
    rules: tuple[str, ...]
    by: str
    reason: str
    kind: Literal["armed"] = "armed"


@dataclass(frozen=True, slots=True)
class Disarmed:
    at: datetime
    account: str
    until: datetime
    by: str
    reason: str
    kind: Literal["disarmed"] = "disarmed"


@dataclass(frozen=True, slots=True)
class Expected:
    """An operator announces one transfer out of the account: so much of a coin, before `until`.

    Rules of foreign_transfers do not count the row of the ledger that is it; nothing else is excused by it.
    """

    at: datetime
    account: str
    currency: str
    amount: Decimal
    tolerance: Decimal
    until: datetime
    by: str
    reason: str
    kind: Literal["expected"] = "expected"


@dataclass(frozen=True, slots=True)
class Demanded:
    """An operator demands a level; needs no armed state and no second account of a loss.

    `recorded` is what fences of an action that it continues (--direct) have recorded, by the key's public id.
    """

    at: datetime
    account: str
    level: Level
    by: str
    reason: str
    recorded: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    kind: Literal["demanded"] = "demanded"


@dataclass(frozen=True, slots=True)
class Resumed:
    """An operator ends the incident. `rebase` names the rules whose baseline starts anew."""

    at: datetime
    account: str
    by: str
    reason: str
    rebase: tuple[str, ...] = ()
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class Drilled:
    """A live drill has passed on this account; `report` names its file."""

    at: datetime
    account: str
    by: str
    report: str
    kind: Literal["drilled"] = "drilled"


UNFENCE = "unfence-"
"""What the subject begins with that tells how a fence was lifted; the key's public id follows."""


@dataclass(frozen=True, slots=True)
class Troubled:
    """Guardian's own parts are failing (journal, key custody, notifier, rules file): told, never fatal.

    `subject` is stable per trouble so that it is told once; `healed` ends it.
    """

    at: datetime
    account: str
    subject: str
    detail: str
    healed: bool = False
    kind: Literal["troubled"] = "troubled"


Event = (
    Configured
    | Started
    | Tick
    | SnapshotTaken
    | MarketTaken
    | ActivityTaken
    | TelemetryTold
    | KeysListed
    | EffectReported
    | Armed
    | Disarmed
    | Expected
    | Demanded
    | Resumed
    | Drilled
    | Troubled
)


def account_of(event: Event) -> str:
    """Whose it is; "" for what concerns every account."""
    match event:
        case Configured():
            return ""
        case SnapshotTaken():
            return event.snapshot.account
        case MarketTaken():
            return event.market.account
        case ActivityTaken():
            return event.activity.account
        case TelemetryTold():
            return event.telemetry.account
        case _:
            return event.account
