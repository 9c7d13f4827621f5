"""Laws about levels: when they may rise, how they may fall, and what survives a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import inf

from guardian.core.events import Configured, Resumed, Started
from guardian.core.model import Level, Rule, Unknown
from guardian.core.state import AccountState, RuleState
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.checkers.scopes import NARROW, WIDE, together
from guardian.sim.play.life import Life
from guardian.sim.scenario.shapes import Act

SLACK = 0.985
"""A metric may reach its limit on evidence that the truth samples half a second later."""


SAMPLE_SLACK = 0.002
FRESH_SECONDS = 0.5
FLOW_SLACK = 0.012
"""Money that crosses the border in the middle of a fall is priced at the read after it, not at its moment."""


class NoFalseKill(Checker):
    law = "No FLATTEN or worse unless the world's own NAV, margin, exposure or an operator demanded it."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._demanded: set[str] = set()
        self._halted_ms: dict[str, int] = {}

    def operated(self, act: Act) -> None:
        if act.kind in ("flatten", "lockout"):
            self._demanded.add(act.account)

    def decided(self, step: Decided) -> None:
        for old, new in step.pairs():
            before = Level.NORMAL if old is None else old.level
            if before < Level.HALT <= new.level:
                self._halted_ms[new.policy.name] = self.scene.stage.now_ms()
            if before < Level.FLATTEN <= new.level:
                self._risen(step, new)

    def _risen(self, step: Decided, account: AccountState) -> None:
        name = account.policy.name
        self.scene.truth.look(self.scene.now())
        rules = {rule.id: rule for rule in step.after.rules}
        change = next(d for d in step.after.decisions if d.what == "level" and d.account == name)
        if change.rule == "operator":
            fine = name in self._demanded
        elif change.rule == "bot-ignores-halt":
            fine = self._grew(name)
        else:
            fine = self._true(name, rules[change.rule])
        if not fine:
            self.fail(f"{name}: {account.level.name} by {change.rule}, which the world does not confirm")

    def _moved_money(self, name: str) -> bool:
        kinds = ("deposit", "withdraw", "transfer")
        acts = self.scene.stage.scenario.acts
        return any(a.kind == "transfer" or (a.kind in kinds and a.account == name) for a in acts)

    def _grew(self, name: str) -> bool:
        """A bot that ignores HALT has traded since; guardian may need a moment to see it."""
        bot = self.scene.stage.bots[name]
        return bot.accepted > 0 and bot.accepted_ms >= self._halted_ms.get(name, 0)

    def _true(self, name: str, rule: Rule) -> bool:
        truth = self.scene.truth
        limit = min((r.limit for r in rule.ladder if r.level >= Level.FLATTEN), default=inf) * SLACK
        match rule.metric:
            case _ if rule.scope in NARROW:
                return False
            case "drawdown" if rule.scope in WIDE:
                members = together(self.scene.stage.scenario, name, rule)
                return truth.worst_drawdown_together(members) >= limit - FLOW_SLACK
            case "drawdown" | "daily_loss" | "daily_drawdown":
                return truth.worst_drawdown(name) >= limit - (
                    FLOW_SLACK if self._moved_money(name) else 0.002
                )
            case "margin_ratio":
                return truth.books[name].most_margin >= limit
            case "gross_exposure" | "leverage":
                return truth.books[name].most_gross >= limit
            case _:
                return False


class UnknownHoldsStill(Checker):
    law = "Unknown never lowers a level, never drains a hold, and never hides a loss that was proven."

    def decided(self, step: Decided) -> None:
        if isinstance(step.event, Configured | Started | Resumed):
            return
        for old, new in step.pairs():
            if old is None:
                continue
            for own in new.rules:
                self._compare(new.policy.name, old.rule(own.rule_id), own)

    def _compare(self, name: str, old: RuleState | None, own: RuleState) -> None:
        if old is None or not isinstance(own.measured, Unknown) or len(old.held) != len(own.held):
            return
        if any(now < then for then, now in zip(old.held, own.held, strict=True)):
            self.fail(f"{name} {own.rule_id}: a hold drained while nothing was known")
        if any(then and not now for then, now in zip(old.past, own.past, strict=True)):
            self.fail(f"{name} {own.rule_id}: a proven breach was forgotten while nothing was known")
        if str(own.verdict) == "clear":
            self.fail(f"{name} {own.rule_id}: clear, though nothing is known")


class SurvivesCrash(Checker):
    law = "A restart resumes the same incident: level, code, baselines and arming, unless the disk lost them."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._last: dict[str, AccountState] = {}
        self._acted_at: dict[str, float] = {}
        self._died_at = 0.0
        self._gap = False

    def operated(self, act: Act) -> None:
        self._acted_at[act.account] = self.scene.now()

    def died(self, life: Life) -> None:
        self._died_at = self.scene.now()
        self._last = {a.policy.name: a for a in life.state.accounts}
        self._gap = not life.runtime.committer.ok or self.scene.stage.disk.lost > 0

    def born(self, life: Life) -> None:
        if self._gap:
            return
        known = {a.policy.name: a for a in life.state.accounts}
        for name, last in self._last.items():
            now = known.get(name)
            if now is not None:
                self._same(name, last, now)
            elif last.nav is not None and last.nav.reads > 1:
                self.fail(f"{name}: guardian forgot the account in the crash")

    def _same(self, name: str, last: AccountState, now: AccountState) -> None:
        """The newest steps may not have been durable yet; those before them were."""
        if last.level is not now.level and not _fresh(last):
            self.fail(f"{name}: {last.level.name} before the crash, {now.level.name} after it")
        if last.incident and now.incident and last.incident.code != now.incident.code:
            self.fail(f"{name}: another incident after the crash")
        acted_at = self._acted_at.get(name, -1.0)
        told_before = self._died_at - acted_at > FRESH_SECONDS
        if (
            last.arming != now.arming
            and told_before
            and not _fresh(last)
            and last.nav is not None
            and last.nav.reads > 5
        ):
            self.fail(f"{name}: the arming was lost in the crash")
        for own in last.rules:
            then, kept = own.baseline, now.rule(own.rule_id)
            if then is None or kept is None or (kept.baseline and kept.baseline.since == then.since):
                continue
            older = kept.baseline is None or kept.baseline.since < then.since
            if not (older and _newest(own, then.since)):
                self.fail(f"{name} {own.rule_id}: the baseline was anchored anew")


def _newest(own: RuleState, since: datetime) -> bool:
    """What was anchored in the last moment may have been nowhere but in the process."""
    return own.judged_at is not None and (own.judged_at - since).total_seconds() < FRESH_SECONDS


def _fresh(last: AccountState) -> bool:
    """The level is so new that its record may have been under way when the process died."""
    incident = last.incident
    newest = max((r.judged_at for r in last.rules if r.judged_at), default=None)
    if incident is None or newest is None:
        return True
    return (newest - incident.entered_at).total_seconds() < 0.5
