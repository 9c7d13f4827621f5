"""The law that guardian is there for: a loss that is real raises the level, and soon."""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.model import Rule, Rung
from guardian.core.state import AccountState
from guardian.sim.checkers.checker import Checker, Scene, Violation
from guardian.sim.checkers.running import untouched
from guardian.sim.play.life import Life

PAST = 1.03
"""How far past its limit the world's loss must be, so that both sides of a rounding agree on it."""

SECONDS = 1.5


class ActsInTime(Checker):
    law = "A loss that the world confirms raises the level within its hold and two evaluations."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        moved = {act.account for act in scene.stage.scenario.acts}
        if any(act.kind == "transfer" for act in scene.stage.scenario.acts):
            moved |= set(scene.stage.stands)
        self._names = [name for name in untouched(scene) if name not in moved]
        self._since: dict[tuple[str, str, float], float] = {}
        self._tried: set[tuple[str, str]] = set()

    def died(self, life: Life) -> None:
        self._since.clear()

    def moved(self) -> None:
        life = self.scene.life
        if life is None:
            return
        rules = [rule for rule in life.state.rules if rule.metric == "drawdown" and rule.scope == "account"]
        for account in life.state.accounts:
            plan = self.scene.stage.stands[account.policy.name].plan
            if plan.name in self._names and plan.armed and plan.hands:
                for rule in (rule for rule in rules if not self._begun_anew(account, rule)):
                    self._look(account, rule)

    def _begun_anew(self, account: AccountState, rule: Rule) -> bool:
        """From half-open on, after a relapse too, a loss counts from there; the world's does not."""
        if account.incident is None:
            return False
        incident = (account.policy.name, account.incident.code)
        if account.incident.trial is not None:
            self._tried.add(incident)
        return rule.clears == "auto" and incident in self._tried

    def _look(self, account: AccountState, rule: Rule) -> None:
        window = rule.window.seconds if rule.window.kind == "sliding" else None
        now, loss = self.scene.now(), self.scene.truth.drawdown(account.policy.name, window)
        for rung in rule.ladder:
            key = (account.policy.name, rule.id, rung.limit)
            if loss < rung.limit * PAST:
                self._since.pop(key, None)
            elif now - self._since.setdefault(key, now) > self._patience(account, rung):
                self._demand(account, rung)

    def _patience(self, account: AccountState, rung: Rung) -> float:
        return rung.hold_seconds + 2 * account.policy.snapshot_seconds + SECONDS

    def _demand(self, account: AccountState, rung: Rung) -> None:
        if account.level < rung.level:
            self.fail(
                f"{account.policy.name}: {account.level.name} at a loss past {rung.limit:.1%}, "
                f"which demands {rung.level.name}"
            )
