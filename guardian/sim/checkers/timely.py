"""The law that guardian is there for: a loss that is real raises the level, and soon."""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.model import Rule, Rung
from guardian.core.state import AccountState
from guardian.sim.checkers.checker import Checker, Scene, Violation
from guardian.sim.checkers.running import untouched
from guardian.sim.checkers.scopes import together
from guardian.sim.play.life import Life

PAST = 1.03
"""How far past its limit the world's loss must be, so that both sides of a rounding agree on it."""

PAST_TOGETHER = 1.1
"""Of several accounts each counts by its best read of a while."""

SECONDS = 1.5


class ActsInTime(Checker):
    law = "A loss that the world confirms raises the level within its hold and two evaluations."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        moved = {act.account for act in scene.stage.scenario.acts if act.kind != "coins"}
        if any(act.kind == "transfer" for act in scene.stage.scenario.acts):
            moved |= set(scene.stage.stands)
        self._names = {name for name in untouched(scene) if name not in moved}
        self._since: dict[tuple[str, str, float], float] = {}
        self._tried: set[tuple[str, str]] = set()
        self._tried_at: dict[str, float] = {}

    def died(self, life: Life) -> None:
        self._since.clear()

    def moved(self) -> None:
        life = self.scene.life
        if life is None:
            return
        rules = [rule for rule in life.state.rules if rule.metric == "drawdown"]
        for account in life.state.accounts:
            plan = self.scene.stage.stands[account.policy.name].plan
            if plan.name in self._names and plan.armed and plan.hands:
                for rule in rules:
                    (self._forget if self._begun_anew(account, rule) else self._look)(account, rule)

    def _begun_anew(self, account: AccountState, rule: Rule) -> bool:
        """From half-open on, after a relapse too, a loss counts from there; the world's does not."""
        name, now = account.policy.name, self.scene.now()
        if account.incident is None:
            ended = now - self._tried_at.get(name, float("-inf"))
            return rule.clears == "auto" and ended < (rule.window.seconds or float("inf"))
        incident = (name, account.incident.code)
        if account.incident.trial is not None:
            self._tried.add(incident)
            self._tried_at[name] = now
        return rule.clears == "auto" and incident in self._tried

    def _forget(self, account: AccountState, rule: Rule) -> None:
        for rung in rule.ladder:
            self._since.pop((account.policy.name, rule.id, rung.limit), None)

    def _look(self, account: AccountState, rule: Rule) -> None:
        now, loss = self.scene.now(), self._loss(account, rule)
        past = PAST if rule.scope == "account" else PAST_TOGETHER
        for rung in rule.ladder:
            key = (account.policy.name, rule.id, rung.limit)
            if loss < rung.limit * past:
                self._since.pop(key, None)
            elif now - self._since.setdefault(key, now) > self._patience(account, rule, rung):
                self._demand(account, rung)

    def _loss(self, account: AccountState, rule: Rule) -> float:
        """The account's, or that of all it is judged with, where none of them has an excuse.

        Several are known as one from their second round of reads on: what was lost before has no beginning.
        """
        name, window = account.policy.name, rule.window.seconds if rule.window.kind == "sliding" else None
        if rule.scope == "account":
            return self.scene.truth.drawdown(name, window)
        members, own, life = (
            together(self.scene.stage.scenario, name, rule),
            account.rule(rule.id),
            self.scene.life,
        )
        if life is None or own is None or own.baseline is None or not set(members) <= self._names:
            return 0.0
        known = (life.clock.now() - own.baseline.since).total_seconds()
        return self.scene.truth.drawdown_together(members, min(window or known, known))

    def _patience(self, account: AccountState, rule: Rule, rung: Rung) -> float:
        """Of several accounts a loss shows one read later, when the slowest has been read once more."""
        plans, own = self.scene.stage.scenario.accounts, account.policy.snapshot_seconds
        reads = 2 * own if rule.scope == "account" else 3 * max(plan.poll_seconds for plan in plans)
        return rung.hold_seconds + reads + SECONDS

    def _demand(self, account: AccountState, rung: Rung) -> None:
        if account.level < rung.level:
            self.fail(
                f"{account.policy.name}: {account.level.name} at a loss past {rung.limit:.1%}, "
                f"which demands {rung.level.name}"
            )
