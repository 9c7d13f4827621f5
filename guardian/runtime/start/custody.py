"""The daily look at guardian's own keys: fetch each, audit it, drop it again.

Keys that could not be fetched at the start, because a vault was down or sealed, are asked for every 15 s.

A key that has become over-privileged since the first start is left unused and told. The account's keys, the
bot's among them, are listed oftener (listings.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from guardian.config.shapes import AccountConfig
from guardian.core.events import Troubled
from guardian.errors import SecretError
from guardian.runtime.perform import CUSTODY
from guardian.runtime.start.assemble import (
    Assembled,
    BlindReader,
    audited,
    fetch_all,
    policy_of,
    reopened,
    reopened_admin,
    reopened_history,
)
from guardian.runtime.start.audit import KeyFinding, narrow_roles
from guardian.runtime.start.daemon import Opened, configured

DAY_SECONDS = 86_400.0
RETRY_SECONDS = 15.0
ROLES = 3
"""Keys that an account can have: watch, hands, admin."""


class Custody:
    """`begin` at boot, `look` every day; both only start tasks."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._tasks: set[asyncio.Task[None]] = set()
        self._missing = {a.desk.name: len(a.problems) for a in opened.assembled}

    def begin(self) -> None:
        """At boot: take in hand what is to be held from then on; audit what the start did not wait for."""
        for account in self._opened.assembled:
            if account.unaudited:
                self._start(self._audit(account))
            if account.desk.hold_at_boot:
                self._start(self._take(account))

    def retry(self) -> None:
        """What could not be fetched is tried again: blindness, and empty hands, must end by themselves."""
        for account in self._opened.assembled:
            blind = isinstance(account.desk.reader, BlindReader) and "watch" not in account.desk.refused
            if blind:
                self._start(self._open_eyes(account))
            if self._missing[account.desk.name]:
                self._start(self._recover(account))
            elif self._troubled(account):
                self._start(self._prove(account))
            elif account.desk.hold_at_boot and not account.desk.holding:
                self._start(self._take(account))

    def look(self) -> None:
        for account in self._opened.assembled:
            self._start(self._audit(account))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """A defect in looking after keys is told; only its kind, because its message may hold a secret."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._opened.runtime.trouble("key-custody", f"unexpected {type(error).__name__}", False)

    async def _take(self, account: Assembled) -> None:
        name = account.desk.name
        try:
            await account.desk.hands()
        except SecretError as error:
            self._tell(name, CUSTODY, f"the hands key cannot be fetched: {error}", healed=False)
        else:
            self._tell(name, CUSTODY, "the hands key is in hand", healed=True)

    def _troubled(self, account: Assembled) -> bool:
        known = self._opened.runtime.state.account(account.desk.name)
        return known is not None and CUSTODY in known.troubles

    async def _prove(self, account: Assembled) -> None:
        """An incident found a vault that did not answer; what ends that trouble is every key, not its end."""
        _, problems = await fetch_all(self._config(account), account.desk.secrets)
        if not problems:
            self._tell(account.desk.name, CUSTODY, "every key can be fetched again", healed=True)

    async def _recover(self, account: Assembled) -> None:
        """Keys that can be fetched again are audited before they are used, as at a start."""
        desk = account.desk
        _, problems = await fetch_all(self._config(account), desk.secrets)
        if len(problems) < self._missing[desk.name]:
            await self._audit(account)
        if desk.hold_at_boot and not desk.holding:
            await self._take(account)

    async def _open_eyes(self, account: Assembled) -> None:
        desk, runtime = account.desk, self._opened.runtime
        reader, finding = await reopened(
            self._config(account), desk.secrets, runtime.state.account(desk.name)
        )
        if reader is None:
            return
        if finding is not None and finding.excess:
            self._tell(desk.name, "key-watch", finding.sentence, healed=False)
            desk.refused |= {"watch"}
            await reader.close()
            return
        desk.reader = reader
        desk.history = await reopened_history(
            self._config(account), desk.secrets, runtime.state.account(desk.name)
        )
        desk.narrow |= narrow_roles([finding] if finding else [])
        runtime.watches[desk.name].use(reader)
        self._tell(desk.name, "custody-0", "the watch key can be fetched again", healed=True)

    async def _audit(self, account: Assembled) -> None:
        """Fetch every key, audit it at the venue, leave unused what may do too much, and tell it."""
        keys, problems = await fetch_all(self._config(account), account.desk.secrets)
        self._missing[account.desk.name] = len(problems)
        findings = await audited(account.desk, keys, account.desk.reader)
        account.desk.narrow = narrow_roles(findings)
        for finding in findings:
            self._tell(account.desk.name, f"key-{finding.role}", finding.sentence, _fine(finding))
        for number, problem in enumerate(problems):
            self._tell(account.desk.name, f"custody-{number}", problem, healed=False)
        for number in range(len(problems), ROLES):
            self._tell(account.desk.name, f"custody-{number}", "the key can be fetched again", healed=True)
        await self._learn(account, tuple(key.key for key in keys.values()))
        self._refuse(account, frozenset(f.role for f in findings if f.excess))

    def _refuse(self, account: Assembled, excess: frozenset[str]) -> None:
        """Leave over-privileged keys unused from now on, and let the core know what is left."""
        desk, runtime = account.desk, self._opened.runtime
        if excess <= desk.refused:
            return
        desk.refused |= excess
        if "hands" in excess:
            desk.drop()
        if "watch" in excess:
            why = "the watch key may do more than read"
            runtime.watches[desk.name].use(BlindReader(desk.name, why, runtime.parts.clock))
            history, desk.history = desk.history, None
            if history is not None:
                self._start(history.close())
        self._configure()

    async def _learn(self, account: Assembled, ids: tuple[str, ...]) -> None:
        """Guardian's own ids that a start without the vault did not know: the fence must never take one."""
        desk, known = account.desk, self._opened.runtime.state.account(account.desk.name)
        desk.own_keys |= frozenset(ids)
        if known is None or set(ids) <= set(known.policy.own_keys):
            return
        self._configure()
        if (before := desk.admin) is not None:
            own = tuple(dict.fromkeys([*ids, *_own_keys(account)]))
            desk.admin = reopened_admin(self._config(account), own, known)
            if known.incident is None:
                # In an incident a fence may be in flight on the old one: it ends with the process.
                await before.close()

    def _configure(self) -> None:
        policies = tuple(policy_of(self._config(a), _own_keys(a), a.desk) for a in self._opened.assembled)
        runtime = self._opened.runtime
        runtime.post(configured(self._opened.config, policies, runtime.parts.clock.now()))

    def _config(self, account: Assembled) -> AccountConfig:
        return next(a for a in self._opened.config.accounts if a.name == account.desk.name)

    def _tell(self, account: str, subject: str, detail: str, healed: bool) -> None:
        runtime = self._opened.runtime
        runtime.post(Troubled(runtime.parts.clock.now(), account, subject, detail, healed))


def _own_keys(account: Assembled) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*account.policy.own_keys, *sorted(account.desk.own_keys)]))


def _fine(finding: KeyFinding) -> bool:
    return not finding.problem and not finding.excess
