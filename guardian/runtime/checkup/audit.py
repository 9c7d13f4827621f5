"""What the venue says of each key: guardian's own, one by one, and the account's, as the admin lists them.

Each key is fetched once, used for these questions, and dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from guardian.config.shapes import AccountConfig
from guardian.core.model import KeyRecord
from guardian.exchanges import Venue, endpoint_of, venue
from guardian.ports import Credential, KeyAudit, KeyListing, SecretStore
from guardian.runtime.start.assemble import fetch_all
from guardian.runtime.start.audit import KeyFinding, judge_key

Answer = TypeVar("Answer")

ASK_SECONDS = 6.0
UNFETCHED = "unfetched"
ROLES = ("watch", "hands", "admin")


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """`findings` hold each configured role; `listing` is None without a usable admin key."""

    account: AccountConfig
    findings: tuple[KeyFinding, ...]
    listing: KeyListing | None

    def finding(self, role: str) -> KeyFinding | None:
        return next((each for each in self.findings if each.role == role), None)

    @property
    def own_ids(self) -> frozenset[str]:
        return frozenset(each.audit.key_id for each in self.findings if each.audit.key_id)

    @property
    def bot_keys(self) -> tuple[KeyRecord, ...]:
        """The listed keys that a fence would close: those named in `bot.keys`, else all that trade."""
        listed = self.listing.keys if self.listing else ()
        foreign = [record for record in listed if record.id not in self.own_ids]
        named = self.account.bot.keys
        return tuple(r for r in foreign if (r.id in named if named else r.can_trade))

    @property
    def missing_bot_keys(self) -> tuple[str, ...]:
        """Named in `bot.keys`, and in no line of a complete listing."""
        if self.listing is None or not self.listing.complete:
            return ()
        listed = {record.id for record in self.listing.keys}
        return tuple(key for key in self.account.bot.keys if key not in listed)


async def audit_account(account: AccountConfig, secrets: SecretStore) -> AccountKeys:
    """Ask for everything at once. Never raises for what a store or the venue does."""
    keys, problems = await fetch_all(account, secrets)
    place = venue(account.venue)
    asked = [_finding(role, account, place, keys[role]) for role in ROLES if role in keys]
    listing, found = await asyncio.gather(_listing(account, place, keys), asyncio.gather(*asked))
    findings = [*found, *(_unfetched(sentence) for sentence in problems)]
    findings.sort(key=lambda each: ROLES.index(each.role))
    return AccountKeys(account, tuple(findings), listing)


def _unfetched(sentence: str) -> KeyFinding:
    """`fetch_all` begins each sentence with the role."""
    role, _, rest = sentence.partition(" ")
    return KeyFinding(role, KeyAudit("", problem=rest.removeprefix("key "), code=UNFETCHED))


async def _finding(role: str, account: AccountConfig, place: Venue, key: Credential) -> KeyFinding:
    """The audit through the port that will use this key."""
    endpoint = endpoint_of(account)
    if role == "watch":
        reader = place.open_reader(endpoint, key)
        return judge_key(role, await _closing(_answered(key, reader.audit()), reader.close))
    if role == "hands":
        trader = place.open_trader(endpoint)
        return judge_key(role, await _closing(_answered(key, trader.audit(key)), trader.close))
    admin = place.open_admin(endpoint, key.key, (key.key,))
    return judge_key(role, await _closing(_answered(key, admin.audit(key)), admin.close))


async def _answered(key: Credential, question: Awaitable[KeyAudit]) -> KeyAudit:
    try:
        return await asyncio.wait_for(question, ASK_SECONDS)
    except TimeoutError:
        return KeyAudit(key.key, problem=f"no answer within {ASK_SECONDS:g} s", code="timeout")


async def _listing(account: AccountConfig, place: Venue, keys: dict[str, Credential]) -> KeyListing | None:
    if "admin" not in keys:
        return None
    own = tuple(key.key for key in keys.values())
    admin = place.open_admin(endpoint_of(account), own[0], own)
    return await _closing(_listed(admin.list_keys(keys["admin"])), admin.close)


async def _listed(question: Awaitable[KeyListing]) -> KeyListing:
    try:
        return await asyncio.wait_for(question, ASK_SECONDS)
    except TimeoutError:
        now = datetime.now(UTC)
        return KeyListing(now, complete=False, code="timeout", detail=f"no answer within {ASK_SECONDS:g} s")


async def _closing(question: Awaitable[Answer], close: Callable[[], Awaitable[None]]) -> Answer:
    try:
        return await question
    finally:
        await close()
