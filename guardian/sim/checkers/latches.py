"""Laws about the way down: by an operator, or as the rules say, after a cooldown and proven calm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from guardian.core.events import Resumed
from guardian.core.model import Known, Level, Rule
from guardian.core.state import AccountState, Incident, State
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.checkers.trials import hours
from guardian.sim.play.life import Life

DAY = timedelta(hours=24)
CALM = 0.7
COOL = 0.3
"""What the design says, and not what the code does: this file shares no number with it."""


class Latches(Checker):
    law = (
        "A latched level is left only by an audited operator; or half-open, after the cooldown, where every "
        "rule that demanded it clears by itself and is known to be calm. CAUTION only by proven calm."
    )

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._halts: defaultdict[str, list[datetime]] = defaultdict(list)
        self._rose: dict[str, datetime] = {}
        self._by: defaultdict[str, set[str]] = defaultdict(set)
        self._out: set[str] = set()
        self._ever: set[tuple[str, str]] = set()

    def born(self, life: Life) -> None:
        """What the last process decided and never wrote down has not happened."""
        for account in life.state.accounts:
            name, incident = account.policy.name, account.incident
            self._halts[name] = list(account.halts)
            self._by[name] = set(incident.causes) if incident else set()
            self._out.discard(name)
            if incident is not None:
                self._rose[name] = incident.entered_at
                self._reborn(account, incident)

    def _reborn(self, account: AccountState, incident: Incident) -> None:
        """Whether this incident had shut the bot out, and does so now."""
        name = account.policy.name
        self._ever.discard((name, incident.code))
        if any(halt >= incident.opened_at for halt in account.halts):
            self._ever.add((name, incident.code))
            if account.level >= Level.HALT:
                self._out.add(name)

    def decided(self, step: Decided) -> None:
        now = step.after.now or step.event.at
        self._note(step.after, now)
        for old, new in step.pairs():
            if old is None:
                continue
            self._shut(old, new, now)
            if new.level < old.level and not isinstance(step.event, Resumed):
                self._fell(step.after, old, new, now)
            if new.incident is None:
                self._by[new.policy.name].clear()

    def _shut(self, old: AccountState, new: AccountState, now: datetime) -> None:
        """Count the halt when a rule has shut the bot out: a book that is only made smaller is none."""
        name, incident = new.policy.name, new.incident
        if old.level < Level.HALT:
            self._out.discard(name)
        if incident is None or new.level < Level.HALT or name in self._out or incident.cause == "operator":
            return
        smaller = new.level is Level.REDUCE and _leaves(incident)
        if smaller and (name, incident.code) not in self._ever:
            return
        self._out.add(name)
        self._ever.add((name, incident.code))
        self._halts[name].append(now)

    def _note(self, after: State, now: datetime) -> None:
        """Who has raised whom, and when."""
        for decision in after.decisions:
            level = Level.__members__.get(decision.after, Level.NORMAL)
            if decision.what == "level" and level >= Level.HALT:
                self._rose[decision.account] = now
                self._by[decision.account].add(decision.rule)

    def _fell(self, after: State, old: AccountState, new: AccountState, now: datetime) -> None:
        name, trial = new.policy.name, old.incident.trial if old.incident else None
        if old.level is Level.CAUTION and old.incident is not None and trial is not None:
            if now - old.incident.entered_at < hours(self.scene, 2):
                self.fail(f"{name}: the trial ended before two hours")
        elif old.level is Level.CAUTION:
            if not _calm(old, new):
                self.fail(f"{name}: CAUTION ended without proof that it is over")
        elif new.level is not Level.CAUTION or old.level > Level.REDUCE:
            self.fail(f"{name}: {old.level.name} fell to {new.level.name} by itself")
        elif why := self._too_soon(after, new, now):
            self.fail(f"{name}: {old.level.name} was left, but {why}")

    def _too_soon(self, after: State, new: AccountState, now: datetime) -> str:
        """What the design still asked for; "" when nothing was missing."""
        name = new.policy.name
        causes = [rule for rule in after.rules if rule.id in self._by[name]]
        if len(causes) < len(self._by[name]) or any(rule.clears != "auto" for rule in causes):
            return "not every rule that demanded it clears by itself"
        if loud := [rule.id for rule in causes if not _well_below(new, rule)]:
            return f"{loud[0]} is not known to be calm"
        if now - self._rose[name] < self._cooldown(name, causes):
            return "its cooldown runs"
        hot = new.overheat is None or new.overheat >= COOL
        return "the market is hot" if hot and now - self._rose[name] < DAY else ""

    def _cooldown(self, name: str, causes: list[Rule]) -> timedelta:
        halts = self._halts[name]
        again = sum(halt > halts[-1] - DAY for halt in halts[:-1]) if halts else 0
        seconds = max((rule.cooldown_seconds for rule in causes), default=0.0) * 2**again
        return min(timedelta(seconds=seconds), DAY)


def _leaves(incident: Incident) -> bool:
    """Whether what it is reduced to leaves something of every leg."""
    whole = () if incident.reduce_to is None else (incident.reduce_to,)
    return all(to > 0 for to in (*whole, *(to for _, to in incident.goals)))


def _well_below(account: AccountState, rule: Rule) -> bool:
    own = account.rule(rule.id)
    entry = next((rung.limit for rung in rule.ladder if rung.level >= Level.HALT), rule.ladder[-1].limit)
    return own is not None and isinstance(own.measured, Known) and own.measured.value < CALM * entry


def _calm(old: AccountState, new: AccountState) -> bool:
    """The rule that caused it has a known value; a rule that is gone can cause nothing."""
    assert old.incident is not None
    own = new.rule(old.incident.rule)
    if own is None or old.incident.cause == "operator":
        return True
    return isinstance(own.measured, Known) if old.incident.cause == "breach" else not own.stale
