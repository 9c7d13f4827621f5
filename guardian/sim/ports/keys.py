"""The admin: lists, fences, restores and deletes the bot's keys, over the line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from guardian.core.events import Outcome
from guardian.exchanges.bybit.codes import no_verdict
from guardian.ports import Clock, Credential, KeyAudit, KeyListing, Report
from guardian.sim.ports import view
from guardian.sim.ports.ears import Ears
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand
from guardian.sim.world.keys import ApiKey

READ_ONLY = ("read_only", "false")
GONE = Reply("gone", detail="the account has no such key")


class SimKeyAdmin:
    """See ports.KeyAdmin."""

    def __init__(self, stand: Stand, clock: Clock, ears: Ears) -> None:
        self._stand = stand
        self._ears = ears
        self._clock = clock

    async def audit(self, credential: Credential) -> KeyAudit:
        return KeyAudit(credential.key, can_manage_keys=True)

    async def list_keys(self, credential: Credential) -> KeyListing:
        asked = self._clock.now()
        reply = await self._stand.line.ask("admin", "list", lambda: Reply(value=view.keys(self._stand)))
        if reply.code:
            return KeyListing(asked, complete=False, code=reply.code, detail=reply.detail)
        if self._stand.struck("listing-cut"):
            # The first page came, the next did not: what it lacks may be just the key in question.
            first = tuple(k for k in reply.value if k.id != self._stand.bot_key.id)
            return KeyListing(asked, complete=False, keys=first, code="timeout", detail="page 2 is missing")
        return KeyListing(asked, complete=True, keys=reply.value)

    async def fence(self, credential: Credential, key_id: str) -> Report:
        return await self._edit(key_id, "fence", self._fence, (READ_ONLY,))

    async def restore(self, credential: Credential, key_id: str, facts: Sequence[tuple[str, str]]) -> Report:
        return await self._edit(key_id, "restore", self._restore, ())

    async def delete(self, credential: Credential, key_id: str) -> Report:
        return await self._edit(key_id, "delete", self._delete, ())

    async def close(self) -> None:
        return None

    async def _edit(
        self, key_id: str, endpoint: str, edit: Callable[[ApiKey], Reply], facts: tuple[tuple[str, str], ...]
    ) -> Report:
        def deed() -> Reply:
            key = self._stand.world.keys.get(key_id)
            if key is None or key.deleted_at is not None:
                return GONE
            self._ears.edited(self._stand, endpoint, key_id)
            return edit(key)

        reply = await self._stand.line.ask("admin", endpoint, deed)
        if reply.code == GONE.code:
            return Report(Outcome.GONE, reply.code, reply.detail)
        if not reply.code:
            return Report(Outcome.DONE, facts=facts)
        outcome = Outcome.UNKNOWN if no_verdict(reply.code) else Outcome.REFUSED
        return Report(outcome, reply.code, reply.detail)

    # --- at the venue ---------------------------------------------------------------------------

    def _fence(self, key: ApiKey) -> Reply:
        if self._stand.struck("fence-refused"):
            return Reply("10005", detail="permission denied")
        key.edit(self._stand.now_ms(), read_only=True, ips=key.ips, permissions=None)
        return Reply()

    def _restore(self, key: ApiKey) -> Reply:
        key.edit(self._stand.now_ms(), read_only=False, ips=key.ips, permissions=None)
        return Reply()

    def _delete(self, key: ApiKey) -> Reply:
        delayed = self._stand.weather.strikes("deletion-delayed", self._stand.name)
        if delayed is None:
            key.delete(self._stand.now_ms())
            return Reply()
        self._stand.weather.count("deletion-delayed", self._stand.name)
        asyncio.get_running_loop().call_later(delayed.size, self._delete_late, key)
        return Reply()

    def _delete_late(self, key: ApiKey) -> None:
        if key.deleted_at is None:
            key.delete(self._stand.now_ms())
