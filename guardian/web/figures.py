"""What the runtime tells those who watch guardian: frozen rows, taken at one instant.

Law: None means unknown and is left out of the exposition; it is never told as zero. Instants are epoch
seconds, durations seconds, fractions 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Health:
    """A probe's answer: `reasons` is empty exactly when `ok`; each is one sentence without secrets."""

    ok: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """A histogram: cumulative counts by upper bound ("+Inf" last), and the sum in seconds."""

    buckets: tuple[tuple[str, float], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule on one account. `limit` is that of the next rung; `distance` is 1 at it, more past it."""

    rule: str
    verdict: str
    value: float | None
    limit: float
    distance: float | None


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """One account: money in `currency`; `evidence` is when each part that has been read was asked for.

    `drilled_at` is when a live drill last passed; `keys` says of each role whether its last audit found the
    key as narrow as it should be. `heartbeat_at` is when the trading stack last told that it lives.
    """

    name: str
    currency: str
    level: str
    armed: bool
    troubles: int
    equity: float | None
    gross: float | None
    leverage: float | None
    orders: int | None
    positions: int | None
    clock_offset: float | None
    permit_expires_at: float | None
    drilled_at: float | None
    evidence: tuple[tuple[str, float], ...]
    keys: tuple[tuple[str, bool], ...]
    rules: tuple[RuleFigures, ...]
    heartbeat_at: float | None = None


@dataclass(frozen=True, slots=True)
class CallFigures:
    """The requests that reading one account made to one endpoint, by class of answer."""

    account: str
    venue: str
    endpoint: str
    codes: tuple[tuple[str, int], ...]
    times: Times


@dataclass(frozen=True, slots=True)
class JournalFigures:
    """`gap`: records of this run that could not be written."""

    records: int
    ok: bool
    gap: int


@dataclass(frozen=True, slots=True)
class NoticeFigures:
    """Tries of notifications in this run, and how many of its messages still wait."""

    sent: int
    failed: int
    queued: int


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One source that is asked: when it last gave a number, and how many of its gauges gave none since."""

    account: str
    source: str
    told_at: float | None
    silent: int


@dataclass(frozen=True, slots=True)
class StackFigures:
    """Messages of the trading stack: taken and dropped by account, refused by reason."""

    accepted: tuple[tuple[str, int], ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    sources: tuple[SourceFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class SanityFigures:
    """The daily checks: when none last failed, and how many failed the last time; None while none has run."""

    passed_at: float | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that one scrape tells. `effects` rows are (account, kind, outcome, count).

    `tasks` are those of the event loop that have not ended: a number that grows is a leak. `lag` is
    the longest of the last minute that guardian was late, `disk_free` the free part of its journal's disk.
    """

    version: str
    started_at: float
    judged_at: float
    evaluations: int
    defects: int
    steps: Times
    accounts: tuple[AccountFigures, ...]
    calls: tuple[CallFigures, ...]
    effects: tuple[tuple[str, str, str, int], ...]
    journal: JournalFigures
    notices: NoticeFigures
    tasks: int = 0
    stack: StackFigures = StackFigures()
    sanity: SanityFigures = SanityFigures()
    lag: float = 0.0
    disk_free: float | None = None


class Telemetry(Protocol):
    """What may be asked of guardian over `listen`; implemented by the runtime. Nothing here acts."""

    def livez(self) -> Health: ...

    def readyz(self) -> Health: ...

    def permit(self, account: str) -> dict[str, Any] | None:
        """The contract's permit with the lease as it stands; None for an unknown account."""
        ...

    def figures(self) -> Figures: ...
