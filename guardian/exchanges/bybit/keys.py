"""The lock on one Bybit account: lists, fences, restores and deletes the bot's keys from the master account.

A fence is a complete rewrite of the key's settings (read-only, its own IPs, its own permissions), because
the venue turns what is left out into its default: an omitted `ips` unbinds the key, an omitted `readOnly`
opens it. It never freezes the sub-account (that could stop guardian's own hands) and refuses guardian's keys.
Sources: docs/v5/user/modify-sub-apikey, rm-sub-apikey.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from guardian.core.events import Outcome
from guardian.errors import VenueError
from guardian.exchanges.bybit import codes
from guardian.exchanges.bybit.audit import audit_key
from guardian.exchanges.bybit.client import BybitClient
from guardian.exchanges.bybit.listing import KeyListing as Listing
from guardian.exchanges.bybit.listing import KeyState
from guardian.exchanges.generic.clock import now
from guardian.exchanges.generic.venue import Endpoint
from guardian.ports import Credential, KeyAudit, KeyListing, Report

# At t0 a key's settings of the last daily listing are good enough: fencing must not wait for a listing.
_RECENT_S = 24 * 3600.0
# The groups that update-sub-api knows; the listing shows others that are always empty for sub-accounts.
_WRITABLE = ("ContractTrade", "Spot", "Wallet", "Options", "Derivatives", "Exchange", "Earn")

_NO_RECORD = Report(Outcome.REFUSED, "facts", "the fence's record is missing or incomplete")
_OWN = Report(Outcome.REFUSED, "own-key", "this is one of guardian's own keys")


class BybitKeyAdmin:
    """See ports.KeyAdmin. The credential lives only inside a call."""

    def __init__(self, endpoint: Endpoint, known_key_id: str, own_key_ids: tuple[str, ...] = ()) -> None:
        self._client = BybitClient(endpoint)
        self._listing = Listing(self._client, known_key_id)
        self._own = frozenset({known_key_id, *own_key_ids})
        self._known: dict[str, KeyState] = {}
        self._before: dict[str, KeyState] = {}

    async def audit(self, credential: Credential) -> KeyAudit:
        return await audit_key(self._client, credential)

    async def list_keys(self, credential: Credential) -> KeyListing:
        """Complete only when every page came in the right shape; else `code` says why not."""
        await self._client.keep_clock()
        asked_at = now()
        try:
            keys = await self._list(credential)
        except VenueError as error:
            return KeyListing(asked_at, complete=False, code=error.code, detail=error.detail)
        return KeyListing(asked_at, complete=True, keys=tuple(state.record for state in keys.values()))

    async def fence(self, credential: Credential, key_id: str) -> Report:
        """Make read-only. The facts of a DONE report are the settings before guardian's first fence."""
        if self._is_own(credential, key_id):
            return _OWN
        await self._client.keep_clock()
        try:
            state = await self._state(credential, key_id)
            if state is None:
                return Report(Outcome.GONE, "", "the account has no such key")
            if state.read_only:
                return Report(Outcome.DONE, codes.OK, "already read-only", self._facts(state))
            # Remembered before sending: if the answer is lost, the next try finds the key read-only.
            self._before[key_id] = state
            report = await self._write(credential, replace(state, read_only=True), self._facts(state))
        except VenueError as error:
            return _failed(error)
        if report.outcome not in (Outcome.DONE, Outcome.UNKNOWN):
            self._before.pop(key_id, None)
        return report

    async def restore(self, credential: Credential, key_id: str, facts: Sequence[tuple[str, str]]) -> Report:
        """Write back what a fence recorded; where its answer was lost, what is remembered from before it."""
        if self._is_own(credential, key_id):
            return _OWN
        state = _from_facts(key_id, dict(facts)) if facts else self._before.get(key_id)
        if state is None and facts:
            return _NO_RECORD
        await self._client.keep_clock()
        try:
            report = await (self._write(credential, state, ()) if state else self._found(credential, key_id))
        except VenueError as error:
            return _failed(error)
        if report.outcome is Outcome.DONE:
            self._before.pop(key_id, None)
        return report

    async def _found(self, credential: Credential, key_id: str) -> Report:
        """Nobody knows what a fence has taken, or whether it did. Raises VenueError."""
        state = (await self._list(credential)).get(key_id)
        if state is None:
            return Report(Outcome.GONE, "", "the account has no such key")
        return _NO_RECORD if state.read_only else Report(Outcome.DONE, codes.OK, "not fenced")

    async def delete(self, credential: Credential, key_id: str) -> Report:
        if self._is_own(credential, key_id):
            return _OWN
        await self._client.keep_clock()
        try:
            envelope = await self._client.send(
                "privatePostV5UserDeleteSubApi", {"apikey": key_id}, credential
            )
            if envelope.code != codes.OK:
                return await self._refused(credential, key_id, VenueError(envelope.code, envelope.message))
        except VenueError as error:
            return _failed(error)
        self._known.pop(key_id, None)
        return Report(Outcome.DONE, codes.OK, "deleted")

    async def close(self) -> None:
        await self._client.close()

    def _is_own(self, credential: Credential, key_id: str) -> bool:
        return key_id == credential.key or key_id in self._own

    async def _list(self, credential: Credential) -> dict[str, KeyState]:
        keys = await self._listing.read(credential)
        self._known = keys
        return keys

    async def _state(self, credential: Credential, key_id: str) -> KeyState | None:
        """The remembered settings if recent and still open, else what a fresh listing says."""
        state = self._known.get(key_id)
        if state is not None and not state.read_only and time.monotonic() - state.listed_at < _RECENT_S:
            return state
        return (await self._list(credential)).get(key_id)

    async def _write(
        self, credential: Credential, state: KeyState, facts: tuple[tuple[str, str], ...]
    ) -> Report:
        """Every setting is sent, changed or not. Raises VenueError when no answer can be trusted."""
        body = {
            "apikey": state.id,
            "readOnly": int(state.read_only),
            "ips": ",".join(state.ips) or "*",
            "permissions": _writable(state.permissions),
        }
        envelope = await self._client.send("privatePostV5UserUpdateSubApi", body, credential)
        if envelope.code != codes.OK:
            return await self._refused(credential, state.id, VenueError(envelope.code, envelope.message))
        self._known[state.id] = replace(state, listed_at=time.monotonic())
        return Report(Outcome.DONE, codes.OK, "read-only" if state.read_only else "restored", facts)

    async def _refused(self, credential: Credential, key_id: str, error: VenueError) -> Report:
        """The venue has no documented code for an unknown key: a complete listing without it means gone."""
        report = _failed(error)
        if report.outcome is not Outcome.REFUSED:
            return report
        try:
            gone = key_id not in await self._list(credential)
        except VenueError:
            return report
        return Report(Outcome.GONE, error.code, "the account has no such key") if gone else report

    def _facts(self, state: KeyState) -> tuple[tuple[str, str], ...]:
        before = self._before.get(state.id, state)
        return (
            ("read_only", "true" if before.read_only else "false"),
            ("ips", orjson.dumps(before.ips).decode()),
            ("permissions", orjson.dumps(_writable(before.permissions)).decode()),
        )


def _writable(permissions: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The groups the venue lets us write, each explicit; an empty list clears a group, as it was."""
    return {name: list(permissions.get(name, ())) for name in _WRITABLE}


def _failed(error: VenueError) -> Report:
    """A key without the permission is recorded as impossible, so that the plan stops counting on a fence."""
    if codes.no_verdict(error.code):
        outcome = Outcome.UNKNOWN
    elif error.code in {codes.PERMISSION, "no-sub-account", "unsignable"}:
        outcome = Outcome.IMPOSSIBLE
    else:
        outcome = Outcome.REFUSED
    return Report(outcome, error.code, error.detail)


def _from_facts(key_id: str, facts: Mapping[str, str]) -> KeyState | None:
    try:
        read_only = {"true": True, "false": False}[facts["read_only"]]
        ips, permissions = orjson.loads(facts["ips"]), orjson.loads(facts["permissions"])
    except (KeyError, orjson.JSONDecodeError):
        return None
    if not _texts(ips) or not isinstance(permissions, dict) or not all(map(_texts, permissions.values())):
        return None
    held = {name: tuple(group) for name, group in permissions.items()}
    return KeyState(key_id, read_only, tuple(ips), held, "", time.monotonic())


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
