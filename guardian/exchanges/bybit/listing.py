"""Every API key of one sub-account, all pages or nothing: "not listed" on one page proves nothing.

Sources: GET /v5/user/query-sub-members (docs/v5/user/subuid-list), GET /v5/user/sub-apikeys
(docs/v5/user/list-sub-apikeys).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from guardian.core.model import KeyRecord
from guardian.errors import VenueError
from guardian.exchanges.bybit.audit import TRANSFERS, may_trade
from guardian.exchanges.bybit.client import BybitClient, following
from guardian.exchanges.generic.fields import (
    Row,
    flag,
    garbage,
    integer,
    mapping,
    optional_text,
    rows,
    strings,
    text,
)
from guardian.exchanges.generic.pace import Bucket, Pacer
from guardian.ports import Credential

_PAGE = 20
_MOST_PAGES = 100
_PER_S = 10


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key as listed, with all that a rewrite of its settings needs. `ips` is ("*",) when unbound."""

    id: str
    read_only: bool
    ips: tuple[str, ...]
    permissions: Mapping[str, tuple[str, ...]]
    note: str
    listed_at: float

    @property
    def record(self) -> KeyRecord:
        bound = tuple(ip for ip in self.ips if ip != "*")
        can_trade = not self.read_only and may_trade(
            {name: list(held) for name, held in self.permissions.items()}
        )
        wallet = set(self.permissions.get("Wallet", ()))
        return KeyRecord(
            id=self.id,
            read_only=self.read_only,
            can_trade=can_trade,
            note=self.note,
            ips=bound,
            can_withdraw="Withdraw" in wallet,
            can_transfer=bool(wallet & TRANSFERS),
        )


class KeyListing:
    """Finds the watched sub-account once, then lists its keys."""

    def __init__(self, client: BybitClient, known_key_id: str) -> None:
        self._client = client
        self._known_key_id = known_key_id
        self._uid = ""
        self._pacer = Pacer((Bucket("sub-apikeys", _PER_S),))

    async def read(self, credential: Credential) -> dict[str, KeyState]:
        """All keys by public id. Raises VenueError: raw code, "garbage", or "no-sub-account"."""
        if self._uid:
            return await self._keys_of(self._uid, credential)
        answer = await self._client.ask("privateGetV5UserQuerySubMembers", {}, credential)
        for member in rows(answer.result, "subMembers"):
            uid = str(integer(member, "uid"))
            keys = await self._keys_of(uid, credential)
            if self._known_key_id in keys:
                self._uid = uid
                return keys
        raise VenueError("no-sub-account", "no sub-account of this master lists guardian's watch key")

    async def _keys_of(self, uid: str, credential: Credential) -> dict[str, KeyState]:
        found: dict[str, KeyState] = {}
        cursors = {""}
        cursor = ""
        for _ in range(_MOST_PAGES):
            await self._pacer.turn()
            params = {"subMemberId": uid, "limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            page = await self._client.ask("privateGetV5UserSubApikeys", params, credential)
            for row in rows(page.result, "result"):
                state = _state(row)
                # A key made between two pages shifts the next one, which then repeats a row.
                if found.setdefault(state.id, state).record != state.record:
                    raise garbage("a key is listed twice and contradicts itself")
            # What is not listed counts as deleted: here a short page too must say that it is the last.
            cursor = following(page.result)
            if not cursor:
                return found
            if cursor in cursors:
                raise garbage("the same page cursor came twice")
            cursors.add(cursor)
        raise VenueError("pages", f"more than {_MOST_PAGES} pages of keys")


def _state(row: Row) -> KeyState:
    groups = mapping(row, "permissions")
    return KeyState(
        id=text(row, "apiKey"),
        read_only=flag(row, "readOnly"),
        ips=strings(row, "ips") or ("*",),
        permissions={name: strings(groups, name) for name in groups},
        note=optional_text(row, "note"),
        listed_at=time.monotonic(),
    )
