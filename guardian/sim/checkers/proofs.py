"""Laws about proofs: calm after a minute, flat from two reads, fenced and dead when the venue has it so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile

from guardian.core.events import KeysListed, Resumed, SnapshotTaken
from guardian.core.model import Level, Snapshot
from guardian.core.state import AccountState
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.play.life import Life

APART = timedelta(seconds=2)
DWELL = timedelta(seconds=60)

Instants = list[datetime]


class CautionDwells(Checker):
    law = "CAUTION that is no trial ends by itself only after a minute."

    def decided(self, step: Decided) -> None:
        for old, new in step.pairs():
            if old is None or old.level is not Level.CAUTION or old.incident is None or old.incident.trial:
                continue
            lasted = step.event.at - old.incident.entered_at
            if new.level is Level.NORMAL and lasted < DWELL and not isinstance(step.event, Resumed):
                self.fail(f"{new.policy.name}: CAUTION ended after {lasted.total_seconds():.1f} s")


class FlatTwice(Checker):
    law = "Flat is claimed from two complete reads without orders and positions, at least two seconds apart."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._reads: defaultdict[str, list[tuple[datetime, bool]]] = defaultdict(list)

    def born(self, life: Life) -> None:
        """A life knows the reads that the disk has kept; a later one was forgotten, flat or not."""
        newest = {a.policy.name: a.evidence.complete_at for a in life.state.accounts}
        for name, reads in self._reads.items():
            kept = newest.get(name)
            reads[:] = [] if kept is None else [read for read in reads if read[0] <= kept]

    def decided(self, step: Decided) -> None:
        if isinstance(step.event, SnapshotTaken):
            self._read(step.event.snapshot)
        for old, new in step.pairs():
            had = old is not None and old.incident is not None and old.incident.flatness.verified_at
            claimed = new.incident is not None and new.incident.flatness.verified_at and not had
            if claimed and not _apart(self._flat(new.policy.name)):
                self.fail(f"{new.policy.name}: flat was claimed from one read")

    def _read(self, seen: Snapshot) -> None:
        reads = self._reads[seen.account]
        if not seen.complete or (reads and seen.asked_at <= reads[-1][0]):
            return
        held = any(abs(p.quantity) >= p.minimum for p in seen.positions or ())
        reads.append((seen.asked_at, not seen.orders and not held))

    def _flat(self, name: str) -> Instants:
        """When the newest reads were asked that found it flat, without one between them that did not."""
        newest = takewhile(lambda read: read[1], reversed(self._reads[name]))
        return [asked for asked, _ in newest][::-1]


def _apart(instants: Instants) -> bool:
    return bool(instants) and instants[-1] - instants[0] >= APART


class KeyClaims(Checker):
    law = "A key is called fenced or dead only when it is; dead, only after two listings without it."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._absent: defaultdict[str, Instants] = defaultdict(list)

    def decided(self, step: Decided) -> None:
        if isinstance(step.event, KeysListed) and step.event.complete:
            self._listed(step.event)
        for old, new in step.pairs():
            self._fenced(old, new)
            self._dead(old, new)

    def _listed(self, event: KeysListed) -> None:
        found = self._absent[event.account]
        bot = self.scene.stage.stands[event.account].bot_key.id
        if any(key.id == bot for key in event.keys):
            found.clear()
        elif not found or event.asked_at > found[-1]:
            found.append(event.asked_at)

    def _fenced(self, old: AccountState | None, new: AccountState) -> None:
        key = self.scene.stage.stands[new.policy.name].bot_key
        before = dict(old.incident.fenced) if old is not None and old.incident is not None else {}
        after = dict(new.incident.fenced) if new.incident is not None else {}
        if key.id in after and key.id not in before and key.can_trade:
            self.fail(f"{new.policy.name}: the bot's key is called fenced and can trade")

    def _dead(self, old: AccountState | None, new: AccountState) -> None:
        had = old is not None and old.incident is not None and old.incident.key_dead_at
        if had or new.incident is None or new.incident.key_dead_at is None:
            return
        name = new.policy.name
        if self.scene.stage.stands[name].bot_key.deleted_at is None:
            self.fail(f"{name}: the bot's key is called dead and lives")
        if not _apart(self._absent[name]):
            self.fail(f"{name}: the bot's key is called dead after one listing")
