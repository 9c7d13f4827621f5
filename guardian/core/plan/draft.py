"""A plan being drafted: the effects still missing to reach the level's goal, and the gates they must pass.

Three gates (DESIGN section 3): closes are reduce-only by construction; one action in flight per target; and
evidence newer than the last report before the same target is tried again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from guardian.core.effects import Effect
from guardian.core.events import Outcome
from guardian.core.frozen import replace
from guardian.core.model import Part
from guardian.core.state import MAXIMUM_TARGETS, AccountState, Incident, Target

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits before the same target is tried again after a refusal or a lost answer; the last one repeats."""

SETTLED = (Outcome.DONE, Outcome.GONE, Outcome.IMPOSSIBLE)
"""Nothing is left to try."""

UNSENT = ""
"""The id of an effect that is drafted; `Draft.send` counts the real one."""


class Draft:
    """Collects one account's effects; the only mutable thing in the core, and it never leaves a step."""

    def __init__(self, account: AccountState, now: datetime) -> None:
        self.account = account
        self.now = now
        self.counter = account.counter
        self.effects: list[Effect] = []
        self._targets = {t.key: t for t in account.incident.targets} if account.incident else {}

    @property
    def incident(self) -> Incident:
        assert self.account.incident is not None
        return self.account.incident

    def note(self, **changes: Any) -> None:
        """Replace fields of the incident."""
        self.account = replace(self.account, incident=replace(self.incident, **changes))

    def target(self, key: str) -> Target | None:
        return self._targets.get(key)

    def targets(self, *steps: str) -> list[Target]:
        return [t for t in self._targets.values() if t.step in steps]

    def send(self, key: str, step: str, effect: Effect, client_id: str = "") -> None:
        """Try a target (again): exactly one try of it is in flight from now on; the effect gets its id."""
        # A re-try moves to the end, so that what is dropped first is what was settled first.
        before = self._targets.pop(key, None)
        tried = self.sent(effect, key, step, before.attempts + 1 if before else 1)
        self._targets[key] = replace(tried, client_id=client_id) if client_id else tried

    def sent(self, effect: Effect, key: str, step: str, attempts: int) -> Target:
        """The try whose effect goes out now, under the next id."""
        self.counter += 1
        effect_id = f"{self.account.policy.name}/{self.counter}"
        self.effects.append(replace(effect, id=effect_id))
        return Target(key, step, effect_id, self.now, attempts)

    def rested(self, target: Target) -> bool:
        """Long enough since the last answer to try again."""
        assert target.reported_at is not None
        wait = RETRY_SECONDS[min(target.attempts, len(RETRY_SECONDS)) - 1]
        return self.now >= target.reported_at + timedelta(seconds=wait)

    def persist(self, key: str, step: str, effect: Effect) -> bool:
        """Try until it is done, gone or impossible; true once settled. For acts that are safe to repeat."""
        if self.settled(key):
            return True
        target = self.target(key)
        if target is None or (not target.in_flight and self.rested(target)):
            self.send(key, step, effect)
        return False

    def settled(self, key: str) -> bool:
        """Done, gone or impossible: nothing is left to try."""
        target = self.target(key)
        return target is not None and target.outcome in SETTLED

    def newer_than(self, part: Part, instant: datetime | None) -> bool:
        """The newest answer of this part was *asked* after `instant`."""
        asked = self.account.evidence.asked_at(part)
        return asked is not None and (instant is None or asked > instant)

    def finish(self) -> tuple[AccountState, tuple[Effect, ...]]:
        kept = _bounded(list(self._targets.values()))
        if kept == self.incident.targets:
            return self.account, ()  # whatever is sent makes a new target
        incident = replace(self.incident, targets=kept)
        return replace(self.account, counter=self.counter, incident=incident), tuple(self.effects)


def _bounded(targets: list[Target]) -> tuple[Target, ...]:
    excess = len(targets) - MAXIMUM_TARGETS
    if excess <= 0:
        return tuple(targets)
    # A leg's closes go last: its attempts are what keeps the next client id from being one used before.
    steps = ("cancel", "read", "resolve", "close")
    settled = [t for t in targets if not t.in_flight and t.step in steps]
    droppable = sorted(settled, key=lambda t: steps.index(t.step))
    dropped = {t.key for t in droppable[:excess]}
    return tuple(t for t in targets if t.key not in dropped)
