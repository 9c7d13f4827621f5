"""API keys: what they may do, and when they were fenced or deleted. Secrets never leave through repr."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field

Permissions = dict[str, list[str]]

DAY_MS = 86_400_000
_LETTERS = string.ascii_letters + string.digits


@dataclass(slots=True)
class ApiKey:
    """`ips` empty means not bound. `fenced_at` is when it last stopped being able to trade, while alive."""

    id: str
    secret: str = field(repr=False)
    owner: str
    role: str
    read_only: bool
    permissions: Permissions
    created: int
    number: int
    note: str = ""
    ips: tuple[str, ...] = ()
    expires: int | None = None
    fenced_at: int | None = None
    deleted_at: int | None = None

    @property
    def can_trade(self) -> bool:
        return self.deleted_at is None and not self.read_only and "Order" in self.grants("ContractTrade")

    def grants(self, group: str) -> list[str]:
        return self.permissions.get(group, [])

    def expired(self, now: int) -> bool:
        return self.expires is not None and now >= self.expires

    def edit(self, now: int, read_only: bool, ips: tuple[str, ...], permissions: Permissions | None) -> None:
        """Replace the settings at once; remembers when trading stopped being possible."""
        could = self.can_trade
        self.read_only = read_only
        self.ips = ips
        if permissions is not None:
            self.permissions = {**self.permissions, **permissions}
        self.expires = None if ips else self.expires or now + 90 * DAY_MS
        if could and not self.can_trade:
            self.fenced_at = now
        elif self.can_trade:
            self.fenced_at = None

    def delete(self, now: int) -> None:
        self.deleted_at = now


def fresh_credentials(rng: random.Random) -> tuple[str, str]:
    """A public id of 18 characters and a secret of 36, different from each other."""
    return "".join(rng.choices(_LETTERS, k=18)), "".join(rng.choices(_LETTERS, k=36))
