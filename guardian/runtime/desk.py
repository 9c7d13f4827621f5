"""One account's parts: what the runtime holds to watch it and to act on it.

The hands key is fetched for an incident and dropped after it (`hold: boot` keeps it by choice). The admin key
is fetched for each call and never kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.ports import (
    BotControl,
    Credential,
    History,
    KeyAdmin,
    MarketReader,
    Reader,
    Report,
    SecretStore,
    Trader,
)


@dataclass(slots=True)
class AccountDesk:
    """Ports of one account; `trader` and `admin` are None where guardian has no such key.

    `market` and `history` are what is seen beside the snapshots; None where nobody can look.

    `own_keys` are the public ids of every key fetched so far: one that was rotated since the start is never
    taken for the bot's. `narrow` are the roles whose key the last audit found as narrow as it should be.
    """

    name: str
    reader: Reader
    trader: Trader | None
    admin: KeyAdmin | None
    bots: Mapping[str, BotControl]
    secrets: SecretStore
    hands_ref: str | None
    admin_ref: str | None
    hold_at_boot: bool
    refused: frozenset[str] = frozenset()
    own_keys: frozenset[str] = frozenset()
    narrow: frozenset[str] = frozenset()
    market: MarketReader | None = None
    history: History | None = None
    _holding: bool = False
    _wanted: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hands(self) -> Trader | None:
        """The trader with its key in hand; None where there is no usable one. Raises SecretError."""
        if self.trader is None or self.hands_ref is None or "hands" in self.refused:
            return None
        async with self._lock:
            if not self._holding:
                credential = await self.secrets.fetch(self.hands_ref)
                self.own_keys |= {credential.key}
                self.trader.hold(credential)
                self._holding = True
        return self.trader

    async def prepare(self, hold: bool) -> Report:
        """Prove that every acting key can be fetched; keep the hands key only if asked to.

        The newest wish counts: a probe that waits for a slow vault must not take away what an incident holds.
        """
        self._wanted = hold
        try:
            await self.hands()
            await self.admin_key()
        except SecretError as error:
            return Report(Outcome.REFUSED, "secret", str(error))
        finally:
            if not self._wanted and not self.hold_at_boot:
                self.drop()
        return Report(Outcome.DONE)

    async def admin_key(self) -> Credential | None:
        """The admin credential for one call. Raises SecretError."""
        if self.admin is None or self.admin_ref is None or "admin" in self.refused:
            return None
        credential = await self.secrets.fetch(self.admin_ref)
        self.own_keys |= {credential.key}
        return credential

    @property
    def holding(self) -> bool:
        """Whether the hands key is in hand now."""
        return self._holding

    def drop(self) -> None:
        if self.trader is not None and self._holding:
            self.trader.hold(None)
            self._holding = False

    async def close(self) -> None:
        self.drop()
        await self.reader.close()
        for part in (self.trader, self.admin, self.market, self.history):
            if part is not None:
                await part.close()
