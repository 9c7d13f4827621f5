"""What the runtime must say about an account to reach its venue, and what a venue offers in return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from guardian.ports import Canary, Credential, History, KeyAdmin, MarketReader, Reader, Trader


@dataclass(frozen=True, slots=True)
class Heard:
    """Up to when an earlier run has heard of fills, and of past orders; None: never."""

    fills: datetime | None = None
    orders: datetime | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A second venue (its ccxt id) whose public prices are compared; `url` replaces its own hosts."""

    venue: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one account is reached.

    `url` replaces the venue's own hosts (a simulated venue, a proxy); None means the venue itself.
    `flows_seconds` is the longest time between two ledger reads; `timeout_s` bounds each part of a read and
    each request. `egress` is "" (default route), a source IP address, or a proxy URL. `orders_per_second` is
    set where the venue has raised this account's limit; None means its published default. `booked_to` is up
    to when an earlier run has booked the ledger: a reader begins there, so that nothing in between is lost.
    `clock_seconds` is the longest time between two measurements of the venue's clock. `done_to` is up to when
    an earlier run has heard of fills and of past orders; `compare` is where a second price comes from.
    `contracts` are the kinds that the account can trade: nobody asks about another.
    """

    account: str
    venue: str
    url: str | None
    currency: str
    flows_seconds: float
    timeout_s: float = 4.0
    egress: str = field(default="", repr=False)  # A proxy URL may hold a password.
    orders_per_second: int | None = None
    booked_to: datetime | None = None
    clock_seconds: float = 60.0
    done_to: Heard = Heard()
    compare: Compared | None = None
    contracts: tuple[str, ...] = ("linear", "inverse", "option")


class OpenAdmin(Protocol):
    """`known_key_id` is any key of the watched account; `own_key_ids` are refused as targets."""

    def __call__(
        self, endpoint: Endpoint, known_key_id: str, own_key_ids: tuple[str, ...] = ()
    ) -> KeyAdmin: ...


@dataclass(frozen=True, slots=True)
class Venue:
    """One supported venue: factories for its ports (nothing is sent before their first call)."""

    name: str
    title: str
    capabilities: str
    open_reader: Callable[[Endpoint, Credential], Reader]
    open_trader: Callable[[Endpoint], Trader]
    open_admin: OpenAdmin
    open_canary: Callable[[Endpoint], Canary]
    open_market: Callable[[Endpoint], MarketReader]
    open_history: Callable[[Endpoint, Credential], History]
