"""The admin: lists, fences, restores and deletes the bot's keys, over the line.

Law: it takes the steps that the wire adapter takes, each a request of its own that the weather may spoil: a
fence without a recent listing lists first, and a key that the venue does not know is gone only when a whole
listing says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from guardian.core.events import Outcome
from guardian.core.model import KeyRecord
from guardian.exchanges.bybit import codes
from guardian.ports import Clock, Credential, KeyAudit, KeyListing, Report
from guardian.sim.ports import door, view
from guardian.sim.ports.ears import Ears
from guardian.sim.ports.line import Reply
from guardian.sim.ports.stand import Stand
from guardian.sim.world.keys import ApiKey

OWN = Report(Outcome.REFUSED, "own-key", "this is one of guardian's own keys")
NO_RECORD = Report(Outcome.REFUSED, "facts", "the fence's record is missing or incomplete")
UNKNOWN_KEY = Reply("10001", detail="apikey not found")
DENIED = Reply(codes.PERMISSION, detail="permission denied")
RESTRICTED = Reply("10024", detail="compliance rules triggered")

Listed = dict[str, "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a key may do, as one write of the venue sets it."""

    read_only: bool
    ips: tuple[str, ...]
    permissions: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, key: ApiKey) -> Settings:
        return cls(key.read_only, key.ips, dict(key.permissions))

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("read_only", json.dumps(self.read_only)),
            ("ips", json.dumps(self.ips)),
            ("permissions", json.dumps(self.permissions)),
        )


class SimKeyAdmin:
    """See ports.KeyAdmin. `own` are refused as targets.

    An incident leaves `own` empty: a plan that fences guardian's own keys must show, not be caught here.
    """

    def __init__(self, stand: Stand, clock: Clock, ears: Ears, own: frozenset[str] = frozenset()) -> None:
        self._stand = stand
        self._ears = ears
        self._clock = clock
        self._own = own
        self._known: Listed = {}
        self._before: Listed = {}

    async def audit(self, credential: Credential) -> KeyAudit:
        return await door.audit(self._stand, credential.key)

    async def list_keys(self, credential: Credential) -> KeyListing:
        asked = self._clock.now()
        reply = await self._list(credential)
        if reply.code:
            return KeyListing(asked, False, reply.value or (), reply.code, reply.detail)
        return KeyListing(asked, complete=True, keys=reply.value)

    async def fence(self, credential: Credential, key_id: str) -> Report:
        if self._is_own(credential, key_id):
            return OWN
        settings = self._known.get(key_id)
        if settings is None or settings.read_only:
            listing = await self._list(credential)
            if listing.code:
                return _failed(listing)
            settings = self._known.get(key_id)
        if settings is None:
            return Report(Outcome.GONE, "", "the account has no such key")
        if settings.read_only:
            facts = self._before.get(key_id, settings).facts
            return Report(Outcome.DONE, codes.OK, "already read-only", facts)
        # Remembered before sending: if the answer is lost, the next try finds the key read-only.
        self._before[key_id] = settings
        return await self._write(credential, "fence", key_id, replace(settings, read_only=True))

    async def restore(self, credential: Credential, key_id: str, facts: Sequence[tuple[str, str]]) -> Report:
        if self._is_own(credential, key_id):
            return OWN
        settings = _from_facts(dict(facts)) if facts else self._before.get(key_id)
        if settings is None:
            return NO_RECORD if facts else await self._found(credential, key_id)
        return await self._write(credential, "restore", key_id, settings)

    async def _found(self, credential: Credential, key_id: str) -> Report:
        """Nobody knows what a fence has taken, or whether it did."""
        listing = await self._list(credential)
        if listing.code:
            return _failed(listing)
        settings = self._known.get(key_id)
        if settings is None:
            return Report(Outcome.GONE, "", "the account has no such key")
        return NO_RECORD if settings.read_only else Report(Outcome.DONE, codes.OK, "not fenced")

    async def delete(self, credential: Credential, key_id: str) -> Report:
        if self._is_own(credential, key_id):
            return OWN
        reply = await self._edit(credential, "delete", key_id, self._delete)
        if reply.code:
            return await self._not_done(credential, key_id, reply)
        self._known.pop(key_id, None)
        return Report(Outcome.DONE, codes.OK, "deleted")

    async def close(self) -> None:
        return None

    def _is_own(self, credential: Credential, key_id: str) -> bool:
        return key_id == credential.key or key_id in self._own

    async def _list(self, credential: Credential) -> Reply:
        """All keys, remembered; `value` of a listing that broke is what had come of it."""

        def deed() -> Reply:
            away = door.turned_away(self._stand, credential.key, "manage")
            return away or Reply(value=(view.keys(self._stand), self._settings()))

        reply = await self._stand.line.answer("admin", "list", deed)
        if reply.code:
            return reply
        records, settings = reply.value
        if self._stand.struck("listing-cut"):
            # The first page came, the next did not: what it lacks may be just the key in question.
            first: tuple[KeyRecord, ...] = tuple(k for k in records if k.id != self._stand.bot_key.id)
            return Reply("timeout", value=first, detail="page 2 is missing")
        self._known = settings
        return Reply(value=records)

    def _settings(self) -> Listed:
        keys = self._stand.world.keys
        return {record.id: Settings.of(keys[record.id]) for record in view.keys(self._stand)}

    async def _write(self, credential: Credential, endpoint: str, key_id: str, wanted: Settings) -> Report:
        """Every setting is sent, changed or not."""
        edit = self._fence if endpoint == "fence" else lambda key: self._restore(key, wanted)
        reply = await self._edit(credential, endpoint, key_id, edit)
        if reply.code:
            report = await self._not_done(credential, key_id, reply)
            if endpoint == "fence" and report.outcome is not Outcome.UNKNOWN:
                self._before.pop(key_id, None)
            return report
        self._known[key_id] = wanted
        if endpoint == "restore":
            self._before.pop(key_id, None)
            return Report(Outcome.DONE, codes.OK, "restored")
        return Report(Outcome.DONE, codes.OK, "read-only", self._before[key_id].facts)

    async def _edit(
        self, credential: Credential, endpoint: str, key_id: str, edit: Callable[[ApiKey], Reply]
    ) -> Reply:
        def deed() -> Reply:
            away = door.turned_away(self._stand, credential.key, "manage")
            key = self._stand.world.keys.get(key_id)
            if away is not None:
                return away
            if key is None or key.deleted_at is not None:
                return UNKNOWN_KEY
            self._ears.edited(self._stand, endpoint, key_id)
            return edit(key)

        return await self._stand.line.answer("admin", endpoint, deed)

    async def _not_done(self, credential: Credential, key_id: str, reply: Reply) -> Report:
        """The venue has no code for an unknown key: a complete listing without it means gone."""
        report = _failed(reply)
        if report.outcome is not Outcome.REFUSED or not reply.code.isdigit():
            return report
        listing = await self._list(credential)
        if listing.code or key_id in self._known:
            return report
        return Report(Outcome.GONE, reply.code, "the account has no such key")

    # --- at the venue ---------------------------------------------------------------------------

    def _fence(self, key: ApiKey) -> Reply:
        refusal = self._stand.weather.strikes("fence-refused", self._stand.name)
        if refusal is not None:
            self._stand.weather.count("fence-refused", self._stand.name)
            return DENIED if refusal.salt % 2 else RESTRICTED
        key.edit(self._stand.now_ms(), read_only=True, ips=key.ips, permissions=None)
        return Reply()

    def _restore(self, key: ApiKey, wanted: Settings) -> Reply:
        granted = {group: list(held) for group, held in wanted.permissions.items()}
        key.edit(self._stand.now_ms(), wanted.read_only, wanted.ips, granted)
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


def _failed(reply: Reply) -> Report:
    """A key without the permission is recorded as impossible, so that the plan stops counting on a fence."""
    if codes.no_verdict(reply.code):
        outcome = Outcome.UNKNOWN
    elif reply.code == codes.PERMISSION:
        outcome = Outcome.IMPOSSIBLE
    else:
        outcome = Outcome.REFUSED
    return Report(outcome, reply.code, reply.detail)


def _from_facts(facts: Mapping[str, str]) -> Settings | None:
    names = ("read_only", "ips", "permissions")
    try:
        read_only, ips, permissions = (json.loads(facts[name]) for name in names)
    except (KeyError, ValueError):
        return None
    return Settings(bool(read_only), tuple(ips), permissions)
