"""The listing of each account's keys: at the start, and again once the newest one is `poll.keys` old.

A stolen login makes itself a key in a minute, so a listing that is a day old proves little. The listing also
keeps what a fence needs to know of each key ready, so that fencing waits for no listing.

Laws: each is asked on the admin's own client, under its own deadline: no read and no act waits for it. While
an account is flattened the plan lists by itself, and oftener (core/plan/keys.py): nothing is asked here, and
what is under way is dropped. A listing that fails replaces nothing: rules that read it go Unknown by its age.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from guardian.config.shapes import PollConfig
from guardian.core.events import KeysListed, Troubled
from guardian.core.model import Level
from guardian.errors import SecretError
from guardian.ports import KeyListing
from guardian.runtime.desk import AccountDesk
from guardian.runtime.loop import Runtime

LOOK_SECONDS = 1.0
MOST_A_LOOK = 4
"""Accounts begun in one look. They may share one master account, of which venues take five a second."""

DEADLINE_SECONDS = 15.0
RETRY = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)
"""For how long, at most, a listing may fail before people are told; at the start they are at once."""

NEVER = datetime.min.replace(tzinfo=UTC)
SUBJECT = "key-listing"


class Listings:
    """`look` is rung by a bell and only starts tasks, at most one an account."""

    def __init__(self, runtime: Runtime, accounts: Mapping[str, PollConfig]) -> None:
        self._runtime = runtime
        self._every = {name: timedelta(seconds=poll.keys_seconds) for name, poll in accounts.items()}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._tried: dict[str, datetime] = {}
        self._listed: set[str] = set()
        self._told: set[str] = set()

    def look(self) -> None:
        """Ask for what is due, whoever waits longest first."""
        now = self._runtime.parts.clock.now()
        for name, task in self._asking.items():
            if self._flattened(name):
                task.cancel()
        due = [desk for desk in self._runtime.parts.desks.values() if self._due(desk, now)]
        due.sort(key=lambda desk: self._tried.get(desk.name, NEVER))
        for desk in due[:MOST_A_LOOK]:
            self._tried[desk.name] = now
            task = asyncio.get_running_loop().create_task(self._list(desk), name=f"keys {desk.name}")
            self._asking[desk.name] = task
            task.add_done_callback(partial(self._done, desk.name))

    def stop(self) -> None:
        for task in self._asking.values():
            task.cancel()

    def _done(self, name: str, _task: asyncio.Task[None]) -> None:
        del self._asking[name]

    def _due(self, desk: AccountDesk, now: datetime) -> bool:
        """An incident's own listings count: what has just been listed is not asked again."""
        if desk.admin is None or desk.name in self._asking or self._flattened(desk.name):
            return False
        every = self._every[desk.name]
        fresh = desk.name in self._listed and now - self._newest(desk.name) < every
        return not fresh and now - self._tried.get(desk.name, NEVER) >= min(RETRY, every)

    def _flattened(self, name: str) -> bool:
        account = self._runtime.state.account(name)
        return account is not None and account.level >= Level.FLATTEN

    def _newest(self, name: str) -> datetime:
        """When the newest complete listing was asked for; an incident may have forgotten it."""
        account = self._runtime.state.account(name)
        return (account.evidence.keys_asked if account else None) or NEVER

    async def _list(self, desk: AccountDesk) -> None:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                found = await self._ask(desk)
        except TimeoutError:
            self._failed(desk.name, f"no answer within {DEADLINE_SECONDS:.0f} s")
        except SecretError as error:
            self._failed(desk.name, str(error))
        except Exception as error:
            # A bug in an adapter is a listing that failed; its message is not told, it may hold a secret.
            self._failed(desk.name, f"unexpected {type(error).__name__}")
        else:
            if found is not None:
                self._came(desk.name, *found)

    async def _ask(self, desk: AccountDesk) -> tuple[datetime, KeyListing] | None:
        """None where guardian has no admin key that it may use. Raises SecretError."""
        credential = await desk.admin_key()
        if desk.admin is None or credential is None:
            return None
        asked = self._runtime.parts.clock.now()
        return asked, await desk.admin.list_keys(credential)

    def _came(self, name: str, asked: datetime, listing: KeyListing) -> None:
        if not listing.complete:
            self._failed(name, f"{listing.code} {listing.detail}")
            return
        self._listed.add(name)
        self._runtime.post(KeysListed(self._runtime.parts.clock.now(), name, asked, True, listing.keys))
        if name in self._told:
            self._told.discard(name)
            self._tell(name, "listed", healed=True)

    def _failed(self, name: str, why: str) -> None:
        """One answer that is lost pages nobody: the next try is soon. At the start nothing else is known."""
        now, every = self._runtime.parts.clock.now(), self._every[name]
        late = name not in self._listed or now - self._newest(name) >= every + min(every, PATIENCE)
        if late and name not in self._told:
            self._told.add(name)
            self._tell(name, f"the account's keys cannot be listed: {why}", healed=False)

    def _tell(self, name: str, detail: str, healed: bool) -> None:
        self._runtime.post(Troubled(self._runtime.parts.clock.now(), name, SUBJECT, detail, healed))
