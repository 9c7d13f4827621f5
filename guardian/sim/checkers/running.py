"""Laws about the process itself: nothing trips it, nothing holds it up, a start forgets nothing.

Where a law says how soon, it is asked of accounts that no fault of the scenario touches: theirs is the answer
to whether one account's trouble becomes another's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from guardian.core.events import EffectReported, SnapshotTaken, Started
from guardian.core.metrics.reopened import TIMES_OVER
from guardian.core.model import Level, Rule
from guardian.core.state import AccountState, RuleState, Trial
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.checkers.scopes import WIDE
from guardian.sim.play.life import Life
from guardian.sim.ports.stand import Stand

READ_SECONDS = 2.0
ANSWER_SECONDS = 1.5
IGNORED_SECONDS = 10.0
NOTICED_SECONDS = 7.0
MOST_ROUNDS = 15.0
GROWTH = 1.03


def untouched(scene: Scene) -> tuple[str, ...]:
    """The accounts that no fault strikes."""
    struck = {plan.account for plan in scene.stage.scenario.faults}
    return () if "" in struck else tuple(name for name in scene.stage.stands if name not in struck)


class NeverStumbles(Checker):
    law = "No evidence, no answer and no event makes a decision fail."

    def died(self, life: Life) -> None:
        if life.runtime.counters.defects:
            self.fail(f"{life.runtime.counters.defects} events could not be decided on")

    def ended(self) -> None:
        if self.scene.life is not None:
            self.died(self.scene.life)


class StartKeeps(Checker):
    law = "A start lowers no level, and keeps the incident, its trial, the arming and every baseline."

    def decided(self, step: Decided) -> None:
        if isinstance(step.event, Started):
            for old, new in step.pairs():
                if old is not None:
                    self._compare(old, new)
                    self._anchored(old, new, step.after.rules)

    def _compare(self, old: AccountState, new: AccountState) -> None:
        """The start itself is judged: data may have grown old, and a disarmed time may be over."""
        name = new.policy.name
        if new.level < old.level:
            self.fail(f"{name}: {old.level.name} fell to {new.level.name} at the start")
        if old.incident is not None and (new.incident is None or new.incident.code != old.incident.code):
            self.fail(f"{name}: the incident was lost at the start")
        elif _trial(old) is not None and new.level is Level.CAUTION and _trial(new) is None:
            self.fail(f"{name}: the trial was lost at the start")
        if new.arming not in (old.arming, replace(old.arming, disarmed_until=None)):
            self.fail(f"{name}: the arming was lost at the start")

    def _anchored(self, old: AccountState, new: AccountState, rules: tuple[Rule, ...]) -> None:
        """Of several accounts the first baseline may be this one: the others' reads came before the crash."""
        together = {rule.id for rule in rules if rule.scope in WIDE}
        for own in old.rules:
            kept = new.rule(own.rule_id)
            first = own.baseline is None and own.rule_id in together
            if kept is not None and not first and _since(own) != _since(kept):
                self.fail(f"{new.policy.name}: a baseline was anchored anew at the start")


def _trial(account: AccountState) -> Trial | None:
    return account.incident.trial if account.incident is not None else None


def _since(own: RuleState) -> datetime | None:
    return own.baseline.since if own.baseline is not None else None


class NobodyWaits(Checker):
    law = "One slow account delays no other: it is read in its rhythm, and its effects are answered."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._names = untouched(scene)
        self._read_at: dict[str, float] = {}
        self._sent_at: dict[str, tuple[str, float]] = {}

    def born(self, life: Life) -> None:
        self._read_at = dict.fromkeys(self._names, self.scene.now())

    def decided(self, step: Decided) -> None:
        now = self.scene.now()
        if isinstance(step.event, SnapshotTaken) and step.event.snapshot.account in self._read_at:
            self._read_at[step.event.snapshot.account] = now
        if isinstance(step.event, EffectReported):
            self._sent_at.pop(step.event.effect_id, None)
        for effect in step.effects:
            if effect.account in self._names and effect.kind != "notify":
                self._sent_at[effect.id] = (effect.account, now)

    def moved(self) -> None:
        now, stands = self.scene.now(), self.scene.stage.stands
        for name, at in self._read_at.items():
            if now - at > stands[name].plan.poll_seconds + READ_SECONDS:
                self.fail(f"{name}: no read has come for a while, and nothing is wrong there")
        for name, at in self._sent_at.values():
            if now - at > ANSWER_SECONDS:
                self.fail(f"{name}: an effect waits for its answer, and nothing is wrong there")


class StopsGrowth(Checker):
    law = "A bot that goes on growing ten seconds after HALT is flattened."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._names = untouched(scene)
        self._halted_at: dict[str, float] = {}
        self._codes: dict[str, str] = {}
        self._least: dict[str, float] = {}
        self._grown_at: dict[str, float] = {}
        self._rounds: dict[str, float] = {}

    def moved(self) -> None:
        life = self.scene.life
        for account in life.state.accounts if life is not None else ():
            if account.policy.name in self._names:
                self._look(account)

    def _look(self, account: AccountState) -> None:
        name, now = account.policy.name, self.scene.now()
        able = account.arming.armed and account.arming.disarmed_until is None and account.policy.has_hands
        # Whoever ignores the halt of some symbols is halted as a whole first.
        scoped = account.incident is not None and account.incident.only
        code = account.incident.code if account.incident is not None else ""
        if code != self._codes.get(name):
            # Resumed by an operator into a halt anew: the bot has its ten seconds again.
            self._forget(name)
            self._codes[name] = code
        if not Level.HALT <= account.level < Level.FLATTEN or scoped or not able:
            self._forget(name)
            return
        if now - self._halted_at.setdefault(name, now) < IGNORED_SECONDS:
            return
        size = _size(self.scene.stage.stands[name])
        self._least[name] = min(size, self._least.get(name, size))
        self._rounds[name] = max(_rounds(account), self._rounds.get(name, 0.0))
        patience = NOTICED_SECONDS + self._rounds[name] * account.policy.snapshot_seconds
        if size <= self._least[name] * GROWTH:
            self._grown_at.pop(name, None)
        elif now - self._grown_at.setdefault(name, now) > patience:
            self.fail(f"{name}: the bot has grown for {patience:g} s after {account.level.name}")

    def _forget(self, name: str) -> None:
        for known in (self._halted_at, self._least, self._grown_at, self._rounds):
            known.pop(name, None)


def _size(stand: Stand) -> float:
    """All legs at entry prices, which no move of the market changes; inverse ones are in USD already."""
    legs = ((leg, stand.world.instruments[leg.symbol].inverse) for leg in stand.books.open_legs())
    return float(sum(abs(leg.size) * (1 if inverse else leg.entry) for leg, inverse in legs))


def _rounds(account: AccountState) -> float:
    """Closes that it takes to prove what a bot reopens between any two reads, of a leg that was larger once.

    Twice the most that there was must be closed: a frozen read may show less of a leg than there is.
    """
    held = {position.leg: abs(position.quantity) for position in account.evidence.positions}
    before = account.incident.legs if account.incident is not None else ()
    rounds = (float(TIMES_OVER * abs(most) / held[leg]) for leg, most in before if held.get(leg))
    return min(max(rounds, default=0.0), MOST_ROUNDS)
