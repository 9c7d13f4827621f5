"""Rate limits: orders or requests a rolling second, by account and endpoint; and a limit by address."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_MS = 1000
IP_WINDOW_MS = 5000
IP_REQUESTS = 600
IP_BAN_MS = 600_000
RAISED_LIMIT = 1200
"""What the venue's highest tier (PRO6) may send a second to one endpoint (docs/v5/rate-limit)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of the wanted units may pass, and what the X-Bapi-Limit headers say."""

    granted: int
    limit: int
    left: int
    reset_ms: int


@dataclass(slots=True)
class RateLimits:
    """Counts only what was let through, as a rolling window does.

    `on` False grants everything and says so in the headers, as for an account with a raised limit.
    """

    on: bool
    _used: dict[tuple[str, str], deque[int]] = field(default_factory=dict)
    _seen: dict[str, deque[int]] = field(default_factory=dict)
    _banned: dict[str, int] = field(default_factory=dict)

    def spend(self, uid: str, path: str, limit: int, units: int, now: int) -> Grant:
        """Take up to `units` of the account's budget of `limit` a second for this path."""
        if not self.on:
            return Grant(units, RAISED_LIMIT, RAISED_LIMIT, now)
        used = self._used.setdefault((uid, path), deque())
        while used and used[0] <= now - WINDOW_MS:
            used.popleft()
        granted = min(units, limit - len(used))
        used.extend([now] * granted)
        reset = used[0] + WINDOW_MS if granted < units else now
        return Grant(granted, limit, limit - len(used), reset)

    def banned(self, address: str, now: int) -> bool:
        """Count a request from an address; more than 600 in 5 s bans it for ten minutes."""
        if not self.on:
            return False
        if self._banned.get(address, 0) > now:
            return True
        seen = self._seen.setdefault(address, deque())
        while seen and seen[0] <= now - IP_WINDOW_MS:
            seen.popleft()
        seen.append(now)
        if len(seen) > IP_REQUESTS:
            self._banned[address] = now + IP_BAN_MS
        return len(seen) > IP_REQUESTS
