"""The steps about keys: fetch, audit, list, and the fence of the canary key, there and back.

Whatever a request answers, only the admin's complete listing is believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

from guardian.core.events import Outcome
from guardian.core.model import KeyRecord
from guardian.drill.course import Course, Failed
from guardian.drill.ground import ROLES, Ground
from guardian.ports import Report
from guardian.runtime.control.canary import CanaryNote, FencedCanary
from guardian.runtime.start.audit import judge_key

FETCH_S, AUDIT_S, LIST_S, FENCE_S, MEND_S, CLEANUP_S = 5.0, 8.0, 15.0, 20.0, 30.0, 45.0
TRIES = 3
PAUSE_S = 0.5


class KeySteps:
    """`_before` is the canary key as it was found, `_facts` what its fence recorded.

    `_note` holds both for whoever comes after a drill that was killed.
    """

    def __init__(self, course: Course, ground: Ground, note: CanaryNote) -> None:
        self._course = course
        self._ground = ground
        self._note = note
        self._needed: tuple[str, ...] = ("list keys",)
        self._began = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        self._before: KeyRecord | None = None
        self._facts: tuple[tuple[str, str], ...] | None = None
        self._touched = self._restored = False

    async def fetch_and_audit(self) -> None:
        """Every key is tried, whatever became of the one before it."""
        for role in ROLES:
            await self._course.take(f"fetch {role} key", FETCH_S, partial(self._fetch, role))
        for role in ROLES:
            needs = (f"fetch {role} key",) if role != "admin" else tuple(f"fetch {r} key" for r in ROLES)
            await self._course.take(f"audit {role} key", AUDIT_S, partial(self._audit, role), needs)

    async def mend(self) -> None:
        """What a drill that was killed has left fenced, before anything else is."""
        left = self._note.read()
        if left is not None:
            # The next fence is noted in the same place.
            self._needed = ("list keys", "mend an earlier drill")
            work = partial(self._mend, left)
            await self._course.take("mend an earlier drill", MEND_S, work, ("audit admin key",))

    async def _mend(self, left: FencedCanary) -> str:
        """A key that is open again, or gone, was dealt with by a person: nothing is written over that."""
        found = await self._listed(left.key)
        if found is None or found.can_trade:
            self._note.clear()
            return f"canary key {left.key} is {'open again' if found else 'gone'}"
        if left.facts is None:
            raise Failed(
                f"canary key {left.key} was fenced by the drill of {left.at}, which was killed before it "
                "knew what to restore: make it read-write by hand at the venue, with its IPs, and drill again"
            )
        ground, facts = self._ground, left.facts
        act = partial(ground.open_admin().restore, ground.keys["admin"], left.key, facts)
        _said(await insisted(act), "restore")
        found = await self._listed(left.key)
        if found is None or not found.can_trade:
            raise Failed(
                f"the venue still lists canary key {left.key} as read-only: restore it by hand there"
            )
        self._note.clear()
        return f"canary key {left.key}, fenced by the drill of {left.at}, is restored"

    async def fence_and_restore(self) -> None:
        take = self._course.take
        await take("list keys", LIST_S, self._list, ("audit admin key",))
        if self._course.ok("list keys"):
            self._course.later("cleanup: canary key is open", CLEANUP_S, self.make_good)
        await take("fence canary key", FENCE_S, self._fence, self._needed)
        await take("listing shows it read-only", LIST_S, self._shows_fenced, ("fence canary key",))
        await take("restore canary key", FENCE_S, self._restore, ("fence canary key",))
        await take("listing shows it restored", LIST_S, self._shows_restored, ("restore canary key",))

    async def make_good(self) -> str:
        """The canary key as it was found, by a listing; a fence whose answer was lost is found here."""
        if not self._touched:
            return "it was not touched"
        while not self._restored:
            try:
                await self._undo()
            except Failed:
                # A venue that is down or refuses for now is asked again until the step's budget ends.
                await asyncio.sleep(PAUSE_S)
        return await self._shows_restored()

    async def _undo(self) -> None:
        """A fence is idempotent, and it alone remembers what it replaced: asked again, it says so, and no
        earlier one can arrive after it. Where it already said so, its refusal does not keep from restoring.
        """
        try:
            await self._fence()
        except Failed:
            if self._facts is None and await self._canary() != self._before:
                raise
        if self._facts is not None:
            await self._restore()
        await self._shows_restored()

    async def _fetch(self, role: str) -> str:
        await self._ground.fetch(role)
        return f"{self._ground.keys[role].key}"

    async def _audit(self, role: str) -> str:
        ground, credential = self._ground, self._ground.keys[role]
        if role == "watch":
            assert ground.reader is not None
            audit = await ground.reader.audit()
        elif role == "hands":
            audit = await ground.trader.audit(credential)
        else:
            audit = await ground.open_admin().audit(credential)
        finding = judge_key(role, audit)
        if finding.problem or finding.excess:
            raise Failed(finding.sentence)
        if role == "hands" and not audit.can_trade:
            raise Failed(f"hands key {audit.key_id} may not trade: it could close nothing")
        if role == "admin" and not audit.can_manage_keys:
            raise Failed(f"admin key {audit.key_id} may not manage keys: it could fence nothing")
        return finding.sentence

    async def _list(self) -> str:
        found = await self._canary()
        if not found.can_trade or found.read_only:
            raise Failed(f"canary key {found.id} cannot trade: make it read-write at the venue")
        self._before = found
        return f"complete; canary key {found.id} may trade"

    async def _fence(self) -> str:
        ground = self._ground
        act = partial(ground.open_admin().fence, ground.keys["admin"], ground.plan.canary_key)
        self._noted()
        # Until the venue has said no, it may have said yes.
        self._touched, self._restored = True, False
        report = await insisted(act)
        if self._facts is None and report.outcome is Outcome.DONE:
            self._facts = report.facts
            self._noted()
        return _said(report, "fence")

    def _noted(self) -> None:
        """Raises Failed where it cannot be written: what nobody could restore after us is not fenced."""
        try:
            self._note.write(FencedCanary(self._ground.plan.canary_key, self._began, self._facts))
        except OSError as error:
            raise Failed(f"the fence cannot be noted in the state folder: {error.strerror}") from None

    async def _restore(self) -> str:
        if self._facts is None:
            raise Failed("the fence recorded nothing that could be restored")
        ground = self._ground
        facts = self._facts
        act = partial(ground.open_admin().restore, ground.keys["admin"], ground.plan.canary_key, facts)
        return _said(await insisted(act), "restore")

    async def _shows_fenced(self) -> str:
        found = await self._canary()
        if found.can_trade or not found.read_only:
            raise Failed("the venue still lists the canary key as read-write")
        return "read-only by the venue's listing"

    async def _shows_restored(self) -> str:
        found = await self._canary()
        if found != self._before:
            raise Failed(f"canary key {found.id} is not as it was found: restore it by hand at the venue")
        self._restored = True
        self._note.clear()
        return "as it was found, by the venue's listing"

    async def _canary(self) -> KeyRecord:
        """The canary key in a complete listing."""
        found = await self._listed(self._ground.plan.canary_key)
        if found is None:
            raise Failed(f"no key {self._ground.plan.canary_key} among the keys of the account")
        return found

    async def _listed(self, key_id: str) -> KeyRecord | None:
        """A key in a complete listing; None where it is not in it."""
        ground = self._ground
        listing = await ground.open_admin().list_keys(ground.keys["admin"])
        for _ in range(TRIES - 1):
            if listing.complete:
                break
            await asyncio.sleep(PAUSE_S)
            listing = await ground.open_admin().list_keys(ground.keys["admin"])
        if not listing.complete:
            raise Failed(f"the listing is not complete: {listing.code} {listing.detail}")
        return next((key for key in listing.keys if key.id == key_id), None)


async def insisted(act: Callable[[], Awaitable[Report]]) -> Report:
    """An unknown outcome is asked again, which is safe: what is asked for is a goal, not a change."""
    report = await act()
    for _ in range(TRIES - 1):
        if report.outcome is not Outcome.UNKNOWN:
            return report
        await asyncio.sleep(PAUSE_S)
        report = await act()
    return report


def _said(report: Report, what: str) -> str:
    if report.outcome is not Outcome.DONE:
        raise Failed(f"{what} {report.outcome}: {report.code} {report.detail}".strip())
    return report.detail
