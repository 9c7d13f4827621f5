"""What the shell must offer to the runtime. Adapters implement these; simulators implement them too.

Laws: nothing here raises for what the world does (a refusal, a timeout, nonsense are values);
cancellation by the runtime's deadline is the only exception. No method returns a secret but `SecretStore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from guardian.core.effects import CloseOrder
from guardian.core.events import Outcome
from guardian.core.facts.activity import Activity
from guardian.core.facts.market import Market
from guardian.core.model import KeyRecord, Snapshot


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """A key pair in memory. Its repr shows the public id only; equality is by value."""

    key: str
    secret: str
    extra: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Credential(key={self.key!r}, secret=***)"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one request; see `Outcome`. Becomes `EffectReported`."""

    outcome: Outcome
    code: str = ""
    detail: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KeyAudit:
    """What the venue says a key may do. `expires_at` is None where the venue gives no expiry.

    `problem` is set instead when the audit could not be made (venue down, key refused).
    """

    key_id: str
    can_trade: bool = False
    can_withdraw: bool = False
    can_transfer: bool = False
    can_manage_keys: bool = False
    ip_bound: bool = False
    expires_at: datetime | None = None
    is_master: bool = False
    uid: str = ""
    problem: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class KeyListing:
    """Every key of the watched account. `complete` only when all pages were read."""

    asked_at: datetime
    complete: bool
    keys: tuple[KeyRecord, ...] = ()
    code: str = ""
    detail: str = ""


class Reader(Protocol):
    """Sees one account with the watch key."""

    async def snapshot(self) -> Snapshot:
        """Ask wallet, positions, all open orders concurrently; ledger when cash moved or it is due."""
        ...

    async def audit(self) -> KeyAudit: ...

    async def close(self) -> None: ...


class MarketReader(Protocol):
    """Sees the public market; holds no key. Nothing of a snapshot waits for it."""

    async def look(self, symbols: Sequence[str]) -> Market:
        """Prices and books of these symbols; `problem` names those that are missing from what came."""
        ...

    async def close(self) -> None: ...


class History(Protocol):
    """Sees what was done on one account, with the watch key."""

    async def recent(self) -> Activity:
        """What is new. `asked_at` (of the machine's clock) is up to when everything has come: it lies before
        the question while a long absence is caught up with, and the next question goes on from there.
        """
        ...

    async def close(self) -> None: ...


class Trader(Protocol):
    """Cancels and reduces on one account. Warm without a key; signs only while it holds one."""

    def hold(self, credential: Credential | None) -> None:
        """Take the hands key for an incident, or drop it (None)."""
        ...

    async def warm(self) -> None:
        """Keep sockets, lot sizes and clock offset ready through public endpoints."""
        ...

    async def close_position(self, order: CloseOrder) -> Report: ...

    async def cancel(self, symbol: str, order_id: str, conditional: bool) -> Report: ...

    async def resolve(self, symbol: str, client_id: str) -> Report:
        """DONE: the venue knows the order; GONE: it has never seen it; UNKNOWN: no answer."""
        ...

    async def audit(self, credential: Credential) -> KeyAudit: ...

    async def close(self) -> None: ...


class Canary(Protocol):
    """One order that cannot fill, named by its client id. Holds the credential only inside a call."""

    async def place(self, credential: Credential, symbol: str, client_id: str) -> Report:
        """The venue's smallest post-only buy, far under the mark. `facts` of a DONE: price and quantity."""
        ...

    async def find(self, credential: Credential, symbol: str, client_id: str) -> Report:
        """DONE: it rests in the book; GONE: not (or no more); REFUSED: it has filled; UNKNOWN: no answer."""
        ...

    async def cancel(self, credential: Credential, symbol: str, client_id: str) -> Report: ...

    async def close(self) -> None: ...


class KeyAdmin(Protocol):
    """Lists, fences, restores and deletes the bot's keys. Holds the admin key only inside a call."""

    async def audit(self, credential: Credential) -> KeyAudit: ...

    async def list_keys(self, credential: Credential) -> KeyListing: ...

    async def fence(self, credential: Credential, key_id: str) -> Report:
        """Make read-only; `facts` of a DONE report hold what `restore` needs."""
        ...

    async def restore(self, credential: Credential, key_id: str, facts: Sequence[tuple[str, str]]) -> Report:
        """Give back what a fence took; without facts its answer was lost, and it may never have been."""
        ...

    async def delete(self, credential: Credential, key_id: str) -> Report: ...

    async def close(self) -> None: ...


class SecretStore(Protocol):
    """Resolves key references such as file:PATH and env:NAME."""

    async def fetch(self, ref: str) -> Credential:
        """Raises SecretError; never logs or caches."""
        ...

    async def fetch_text(self, ref: str) -> str:
        """A single secret string (webhook URL, routing key). Raises SecretError."""
        ...

    async def destroy(self, ref: str) -> Report: ...


class BotControl(Protocol):
    """One way to stop one bot."""

    name: str

    async def ask(self, account: str, episode: str) -> Report: ...

    async def force(self, account: str, episode: str) -> Report: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One notification as a channel receives it. `key` deduplicates; level names are UPPERCASE."""

    key: str
    notification: str
    level: str
    account: str
    title: str
    lines: tuple[str, ...]
    would: bool
    at: datetime
    instance: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """The channel's answer. `retry_after_s` is honoured before the next try."""

    ok: bool
    retryable: bool = True
    retry_after_s: float | None = None
    detail: str = ""


class Channel(Protocol):
    """Delivers notifications to people. Errors never carry the URL or the key."""

    name: str

    async def send(self, message: Message) -> Delivery: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Record:
    """One journal record: the event, what was decided, and the effects, as canonical JSON in `body`."""

    seq: int
    at: datetime
    kind: str
    body: str
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One notification waiting in the journal's outbox for one channel."""

    id: int
    channel: str
    message: Message
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of reading the whole chain: `first_bad` is the first record that does not fit.

    Records `first` to `last` were there; `head` is the hash of the last one.
    """

    ok: bool
    records: int
    first_bad: int | None = None
    problem: str = ""
    head: str = ""
    first: int = 1
    last: int = 0


@dataclass(frozen=True, slots=True)
class Restored:
    """What a journal gives back at start: the last checkpoint's body, and the event records after it."""

    checkpoint: str | None
    bodies: tuple[str, ...] = field(default=())
    torn: str = ""


class Journal(Protocol):
    """Append-only, hash-chained, durable. All methods run off the event loop's thread."""

    async def restore(self) -> Restored: ...

    async def append(
        self, at: datetime, kind: str, body: str, outgoing: Sequence[tuple[str, Message]]
    ) -> int:
        """Record and outbox rows in ONE durable commit; returns seq. Raises OSError or sqlite3.Error."""
        ...

    async def checkpoint(self, at: datetime, state: str) -> None: ...

    async def due(self, now: datetime, limit: int = 20) -> tuple[Outgoing, ...]: ...

    async def delivered(self, outgoing_id: int) -> None: ...

    async def postpone(self, outgoing_id: int, until: datetime, error: str) -> None: ...

    async def abandon(self, outgoing_id: int, error: str) -> None: ...

    async def verify(self) -> Verification: ...

    async def close(self) -> None: ...


class Clock(Protocol):
    """Wall time that never runs backwards within a process."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """Lot sizes of one symbol, as the venue publishes them."""

    symbol: str
    step: Decimal
    minimum: Decimal
    maximum: Decimal
    tick: Decimal
    contract_size: Decimal
    settle: str
