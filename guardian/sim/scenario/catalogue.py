"""Every fault that can be drawn, and where it can show.

`chance` is whose answers it changes: a fault counts as covered at a level only when it changed one there.
`levels` are those at which guardian does what the fault disturbs: nobody cancels an order at NORMAL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from guardian.core.model import Level

Where = Literal["read", "trade", "admin", "clock", "journal", "vault", "people", "process", "account"]

EVERY = frozenset(Level)
ACTING = frozenset({Level.HALT, Level.REDUCE, Level.FLATTEN, Level.LOCKOUT})
CLOSING = frozenset({Level.REDUCE, Level.FLATTEN, Level.LOCKOUT})
FENCING = frozenset({Level.FLATTEN, Level.LOCKOUT})
DELETING = frozenset({Level.LOCKOUT})
FETCHING = EVERY - {Level.NORMAL}


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds` is how long it may last (from, to), `rate` how often it strikes, `size` its own measure."""

    name: str
    where: Where
    levels: frozenset[Level] = EVERY
    seconds: tuple[float, float] = (2.0, 25.0)
    rate: tuple[float, float] = (0.2, 1.0)
    size: tuple[float, float] = (0.0, 0.0)
    weight: float = 1.0


FAULTS: tuple[Fault, ...] = (
    Fault("request-lost", "read", rate=(0.1, 0.6)),
    Fault("answer-lost", "trade", ACTING, rate=(0.2, 0.8)),
    Fault("latency", "read", size=(0.5, 30.0), rate=(0.1, 0.7)),
    Fault("read-down", "read", seconds=(2.0, 20.0)),
    Fault("read-slow", "read", size=(0.5, 6.0)),
    Fault("trade-down", "trade", ACTING, seconds=(2.0, 20.0)),
    Fault("trade-slow", "trade", ACTING, size=(0.5, 8.0)),
    Fault("admin-down", "admin", FENCING, seconds=(2.0, 20.0)),
    Fault("admin-slow", "admin", FENCING, size=(0.5, 8.0), weight=1.5),
    Fault("rate-limit", "read", rate=(0.2, 0.8)),
    Fault("rate-limit-retry-after", "trade", ACTING, rate=(0.2, 0.8), size=(0.2, 3.0)),
    Fault("ip-ban", "read", seconds=(5.0, 20.0)),
    Fault("server-error", "read", rate=(0.2, 0.8)),
    Fault("server-error-after-effect", "trade", ACTING, rate=(0.2, 0.8)),
    Fault("garbage-body", "read", rate=(0.2, 0.9)),
    Fault("empty-body", "read", rate=(0.2, 0.9)),
    Fault("truncated-body", "trade", ACTING, rate=(0.2, 0.8)),
    Fault("reject-notional", "trade", CLOSING, rate=(0.2, 0.8)),
    Fault("reject-reduce-only", "trade", CLOSING),
    Fault("reject-margin", "trade", CLOSING, rate=(0.2, 0.8)),
    Fault("reject-price-band", "trade", CLOSING, rate=(0.3, 1.0)),
    Fault("reject-unknown-order", "trade", ACTING, rate=(0.3, 1.0)),
    Fault("partial-fill", "trade", CLOSING, size=(0.1, 0.9)),
    Fault("ioc-fills-nothing", "trade", CLOSING, rate=(0.3, 0.9)),
    Fault("stale-read", "read", size=(1.0, 8.0), rate=(0.2, 0.8)),
    Fault("duplicated-read", "read", rate=(0.2, 1.0)),
    Fault("reordered-read", "read", size=(1.2, 4.0), rate=(0.2, 0.6)),
    Fault("frozen-read", "read", seconds=(2.0, 15.0)),
    Fault("endpoints-disagree", "read", rate=(0.3, 1.0)),
    Fault("listing-cut", "admin", FENCING, rate=(0.4, 1.0)),
    Fault("not-a-number", "read", rate=(0.2, 0.9)),
    Fault("zero-equity", "read", rate=(0.2, 1.0)),
    Fault("negative-equity", "read", rate=(0.2, 1.0)),
    Fault("phantom-1", "read", size=(1.0, 1.0)),
    Fault("phantom-3", "read", size=(3.0, 3.0)),
    Fault("phantom-10", "read", size=(10.0, 10.0)),
    Fault("clock-jump", "clock", size=(-120.0, 120.0)),
    Fault("clock-drift", "clock", size=(-0.02, 0.02)),
    Fault("fsync-error", "journal", rate=(0.2, 1.0)),
    Fault("fsync-hung", "journal", seconds=(1.0, 12.0)),
    Fault("disk-full", "journal", seconds=(2.0, 20.0)),
    Fault("vault-sealed", "vault", FETCHING),
    Fault("vault-slow", "vault", FETCHING, size=(0.5, 8.0)),
    Fault("vault-forbidden", "vault", FETCHING),
    Fault("notifier-down", "people", FETCHING, seconds=(2.0, 30.0)),
    Fault("crash", "process", seconds=(0.0, 0.0), size=(0.2, 3.0), weight=3.0),
    Fault("crash-at-event", "process", seconds=(0.0, 0.0), size=(0.2, 3.0), weight=3.0),
    Fault("key-already-deleted", "admin", FENCING, seconds=(0.0, 0.0), weight=0.7),
    Fault("fence-refused", "admin", FENCING, rate=(0.4, 1.0)),
    Fault("deletion-delayed", "admin", DELETING, seconds=(60.0, 60.0), size=(20.0, 300.0), weight=0.6),
    Fault("leg-liquidated", "account", seconds=(0.0, 0.0)),
    Fault("leg-deleveraged", "account", seconds=(0.0, 0.0)),
    Fault("account-blind", "read", seconds=(5.0, 25.0)),
    Fault("fills-late", "read", seconds=(4.0, 20.0), size=(1.0, 12.0), weight=0.0),
)

BY_NAME = {fault.name: fault for fault in FAULTS}
