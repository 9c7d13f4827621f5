"""Laws about the way up: half-open at a quarter of the size, then at half of it, then as ever.

What the design says, and not what the code does: this file shares no number with it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from guardian.core.events import Resumed, SnapshotTaken
from guardian.core.model import Level, Rule
from guardian.core.state import AccountState, Incident
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.checkers.running import untouched
from guardian.sim.play.life import Life

SIZES = (0.25, 0.5)
SHARE = 0.5
"""Of its limit; in the trial more than that is too much."""

PAST = 1.1
"""How far past that the world's loss must be, so that both sides of a rounding agree on it."""

CALM = 0.3
"""Below this share of its limit the world's loss hinders nobody."""

LATE = 2.5
"""Seconds for a decision, a permit and what is on its way; reads come on top."""


def hours(scene: Scene, number: float) -> timedelta:
    """An hour of the trial is as long as the scenario says."""
    return timedelta(seconds=number * scene.stage.scenario.hour)


def causes(scene: Scene, incident: Incident) -> list[Rule]:
    return [rule for rule in scene.stage.scenario.rules if rule.id in incident.causes]


def loss_since(scene: Scene, name: str, rule: Rule, since: float) -> float:
    """What the world has lost since that second, as far as the rule's window looks back."""
    now = scene.now()
    return scene.truth.drawdown(name, min(rule.window.seconds or now, max(now - since, 0.0) + 0.01))


class CapsTrials(Checker):
    law = "Half-open the permit in force allows a quarter of the size, and for another hour half of it."

    def moved(self) -> None:
        life = self.scene.life
        for account in life.state.accounts if life else ():
            incident = account.incident
            if life is None or incident is None or incident.trial is None:
                continue
            open_for, settled = (
                life.clock.now() - incident.entered_at,
                life.clock.now() - timedelta(seconds=1),
            )
            if incident.trial.opened_at > settled:
                continue
            cap = life.runtime.parts.permits.get(account.policy.name).size_cap
            allowed = SIZES[0] if open_for < hours(self.scene, 1) else SIZES[1]
            if cap > allowed:
                self.fail(f"{account.policy.name}: half-open, and the permit allows {cap:g} of the size")


class CleanTrials(Checker):
    law = "Each step of the trial takes an hour without blindness and without a loss of half the limit."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._untouched = untouched(scene)
        self._read: dict[str, datetime] = {}
        self._lossy: set[str] = set()
        self._dirty: dict[str, tuple[datetime, str]] = {}
        self._opened: dict[str, float] = {}

    def born(self, life: Life) -> None:
        """A life knows what the disk has kept: a step that was decided and lost is taken anew."""
        for account in life.state.accounts:
            name, evidence = account.policy.name, account.evidence
            self._lossy.discard(name)
            if evidence.complete_at is not None:
                self._read[name] = evidence.complete_at

    def decided(self, step: Decided) -> None:
        now = step.after.now or step.event.at
        if isinstance(step.event, SnapshotTaken) and step.event.snapshot.complete:
            seen = step.event.snapshot
            self._read[seen.account] = max(seen.asked_at, self._read.get(seen.account, seen.asked_at))
        if not isinstance(step.event, Resumed):
            for old, new in step.pairs():
                self._look(old, new, now)

    def _look(self, old: AccountState | None, new: AccountState, now: datetime) -> None:
        name, was = new.policy.name, old.incident if old is not None else None
        trial = new.incident.trial if new.incident is not None else None
        if was is None or was.trial is None:
            if trial is not None:
                self._opened[name], self._dirty[name] = self.scene.now(), (now, "it had only begun")
            return
        self._soil(name, was, now)
        step_up = new.incident is None or (trial is not None and trial.cap > was.trial.cap)
        since, why = self._dirty.get(name, (was.trial.opened_at, "it had only begun"))
        if not step_up or new.level > Level.CAUTION:
            return
        if now - since < hours(self.scene, 1):
            self.fail(f"{name}: the trial went on {(now - since).total_seconds():.1f} s after {why}")
        self._dirty[name] = (now, "its last step")

    def _soil(self, name: str, incident: Incident, now: datetime) -> None:
        """An instant that was not clean: nothing was read for too long, or a second look still saw a loss."""
        rules = causes(self.scene, incident)
        allowed = min((rule.stale_after_seconds for rule in rules), default=0.0)
        read = self._read.get(name)
        if read is None or (now - read).total_seconds() > allowed:
            self._dirty[name] = (now, "nothing had been read")
        opened = self._opened.get(name, self.scene.now())
        lossy = name in self._untouched and any(
            loss_since(self.scene, name, rule, opened) > SHARE * rule.ladder[-1].limit * PAST
            for rule in rules
        )
        if lossy and name in self._lossy:
            self._dirty[name] = (now, "a loss of half the limit")
        (self._lossy.add if lossy else self._lossy.discard)(name)


class ComesBack(Checker):
    law = (
        "What may end by itself and is calm does: half-open, an hour later at half, and normal after another."
    )

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        acted = {act.account for act in scene.stage.scenario.acts}
        self._names = tuple(name for name in untouched(scene) if name not in acted)
        self._since: dict[str, tuple[float, float]] = {}

    def born(self, life: Life) -> None:
        self._since.clear()

    def moved(self) -> None:
        life = self.scene.life
        for account in life.state.accounts if life is not None else ():
            if account.policy.name in self._names:
                self._look(account)

    def _look(self, account: AccountState) -> None:
        name, incident, now = account.policy.name, account.incident, self.scene.now()
        trial = incident.trial if incident is not None else None
        if incident is None or trial is None or not self._calm(account, incident):
            self._since.pop(name, None)
            return
        cap, since = self._since.setdefault(name, (trial.cap, now))
        if cap != trial.cap:
            self._since[name] = (trial.cap, now)
        elif now - since > self.scene.stage.scenario.hour + 2 * account.policy.snapshot_seconds + LATE:
            self.fail(f"{name}: half-open at {trial.cap:g} for longer than an hour of calm")

    def _calm(self, account: AccountState, incident: Incident) -> bool:
        """Nothing is demanded, both accounts of the equity agree, and the world has lost next to nothing."""
        name, quiet = account.policy.name, not any(any(own.past) or own.stale for own in account.rules)
        acts = account.arming.armed and account.arming.disarmed_until is None and account.policy.has_hands
        told = account.nav is not None and account.nav.agreed
        lost = any(
            self.scene.truth.drawdown(name, rule.window.seconds) > CALM * rule.ladder[-1].limit
            for rule in causes(self.scene, incident)
        )
        return quiet and acts and told and not lost
