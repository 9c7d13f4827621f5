"""Laws about how often guardian tries: one try at a time, on newer evidence, never blindly twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardian.core.effects import ClosePosition, ResolveOrder
from guardian.core.events import EffectReported, Outcome
from guardian.core.model import Part
from guardian.core.state import AccountState
from guardian.sim.checkers.checker import Checker, Decided, Deed, Scene, Violation
from guardian.sim.play.life import Life

BLIND_SECONDS = timedelta(seconds=5)
MOST_DUST_TRIES = 4

Leg = tuple[str, str, str, int]
"""Account, incident's code, symbol and index."""


@dataclass(slots=True)
class Try:
    """The newest close of a leg, and what was answered."""

    effect_id: str
    client_id: str
    answered: datetime | None = None
    outcome: Outcome | None = None
    resolved: bool = False


class Gates(Checker):
    """What the gate checkers share: each leg's newest close, mostly forgotten when the process dies."""

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._tries: dict[Leg, Try] = {}
        self._questions: dict[str, str] = {}

    def died(self, life: Life) -> None:
        self._tries.clear()
        self._questions.clear()

    def decided(self, step: Decided) -> None:
        if isinstance(step.event, EffectReported):
            self._answered(step.event)
        for effect in step.effects:
            account = step.after.account(effect.account)
            if isinstance(effect, ResolveOrder):
                self._questions[effect.id] = effect.client_id
            elif isinstance(effect, ClosePosition) and account is not None:
                self._closes(step, account, effect)

    def _answered(self, event: EffectReported) -> None:
        asked = self._questions.pop(event.effect_id, "")
        for last in self._tries.values():
            if last.effect_id == event.effect_id:
                last.answered, last.outcome = event.at, event.outcome
            elif asked and last.client_id == asked:
                last.resolved = True

    def _closes(self, step: Decided, account: AccountState, effect: ClosePosition) -> None:
        code = account.incident.code if account.incident else ""
        leg = (effect.account, code, effect.order.symbol, effect.order.index)
        last = self._tries.get(leg)
        if last is not None:
            self.again(step, account, effect, last)
        self._tries[leg] = Try(effect.id, effect.order.client_id)

    def again(self, step: Decided, account: AccountState, effect: ClosePosition, last: Try) -> None:
        """A leg is closed that was tried before."""


class OneAtATime(Gates):
    law = "One try at a time for each position: the next waits for the answer."

    def again(self, step: Decided, account: AccountState, effect: ClosePosition, last: Try) -> None:
        if last.answered is None:
            self.fail(
                f"{effect.account} {effect.order.symbol}: closed again before {last.client_id} was answered"
            )


class NewerEvidence(Gates):
    law = "A position is tried again only on evidence asked after the last answer, or after 5 s without any."

    def again(self, step: Decided, account: AccountState, effect: ClosePosition, last: Try) -> None:
        asked = account.evidence.asked_at(Part.POSITIONS)
        if last.answered is None or (asked is not None and asked > last.answered):
            return
        if step.event.at < last.answered + BLIND_SECONDS:
            self.fail(
                f"{effect.account} {effect.order.symbol}: closed again on what was known before the answer"
            )


class AsksFirst(Gates):
    law = "After a lost answer the same client id is used again, or the venue is asked what became of it."

    def died(self, life: Life) -> None:
        """What was in flight when the process died has no answer, and the journal says that it was sent."""
        if not life.runtime.committer.ok or self.scene.stage.disk.lost:
            self._tries.clear()
        for last in self._tries.values():
            if last.answered is None:
                last.outcome, last.resolved = Outcome.UNKNOWN, False
        self._questions.clear()

    def again(self, step: Decided, account: AccountState, effect: ClosePosition, last: Try) -> None:
        lost = last.outcome is Outcome.UNKNOWN and not last.resolved
        if lost and effect.order.client_id != last.client_id:
            self.fail(
                f"{effect.account} {effect.order.symbol}: a new order, and nobody knows of {last.client_id}"
            )


class MarkedReduceOnly(Checker):
    law = "Every order of guardian's carries the venue's own reduce-only mark."

    def ordered(self, deed: Deed) -> None:
        if not deed.request.reduce_only:
            self.fail(f"{deed.stand.name} {deed.request.symbol}: a plain order")


class LetsDustBe(Checker):
    law = "A rest below the venue's smallest order is tried a few times, listed, and not chased."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._times: Counter[tuple[str, str, str]] = Counter()

    def decided(self, step: Decided) -> None:
        for effect in step.effects:
            account = step.after.account(effect.account)
            if isinstance(effect, ClosePosition) and account is not None and account.incident is not None:
                self._count(account, account.incident.code, effect)

    def _count(self, account: AccountState, code: str, effect: ClosePosition) -> None:
        leg = f"{effect.order.symbol}#{effect.order.index}"
        if not any(p.leg == leg and abs(p.quantity) < p.minimum for p in account.evidence.positions):
            return
        self._times[effect.account, code, leg] += 1
        if self._times[effect.account, code, leg] > MOST_DUST_TRIES:
            self.fail(f"{effect.account} {leg}: dust is chased")
