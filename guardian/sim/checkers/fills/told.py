"""What is known of fills, by what guardian was told: nothing that is missing is calm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from guardian.core.events import ActivityTaken, Configured
from guardian.core.facts.activity import Fill
from guardian.core.model import Level, OnUnknown, Rule, Verdict
from guardian.core.state import AccountState, RuleState
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.play.life import Life

OF_FILLS = frozenset({"strategy_drawdown", "pair_drawdown", "pair_convergence", "unattributed_share"})
DEMANDED = {OnUnknown.IGNORE: Level.NORMAL, OnUnknown.CAUTION: Level.CAUTION, OnUnknown.HALT: Level.HALT}
HOUR = timedelta(hours=1)


class FillsTold(Checker):
    law = (
        "A rule of what was traded is clear only on a good answer of late about fills, and a strategy's only "
        "while it neither holds nor trades; without one for too long its account is blind."
    )

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._told: dict[str, datetime] = {}
        self._fills: defaultdict[str, dict[str, Fill]] = defaultdict(dict)
        self._begun: dict[str, datetime] = {}

    def born(self, life: Life) -> None:
        """A life knows the answers that the disk has kept."""
        for account in life.state.accounts:
            name, doings = account.policy.name, account.doings
            kept = doings.filled_at if doings is not None else None
            if kept is None:
                self._told.pop(name, None)
                self._begun.pop(name, None)
            else:
                self._told[name] = min(kept, self._told.get(name, kept))
            known = {fill.id for fill in doings.fills} if doings is not None else set()
            self._fills[name] = {id: fill for id, fill in self._fills[name].items() if id in known}

    def decided(self, step: Decided) -> None:
        if isinstance(step.event, Configured):
            return
        rules = [rule for rule in step.after.rules if rule.metric in OF_FILLS]
        if not rules:
            return
        if isinstance(step.event, ActivityTaken):
            self._heard(step.event)
        now = step.after.now or step.event.at
        for old, new in step.pairs():
            for rule in rules:
                own = new.rule(rule.id)
                if old is not None and own is not None and own.judged_at == now:
                    self._clear(new, rule, own, now)
                    self._blind(new, rule, own, now)

    def _heard(self, event: ActivityTaken) -> None:
        seen, name = event.activity, event.activity.account
        self._begun.setdefault(name, seen.asked_at)
        if seen.fills is not None:
            self._told[name] = max(seen.asked_at, self._told.get(name, seen.asked_at))
            self._fills[name] |= {fill.id: fill for fill in seen.fills}

    def _clear(self, account: AccountState, rule: Rule, own: RuleState, now: datetime) -> None:
        if own.verdict is not Verdict.CLEAR:
            return
        name, told = account.policy.name, self._told.get(account.policy.name)
        if told is None or (now - told).total_seconds() > rule.stale_after_seconds:
            self.fail(f"{name} {rule.id}: clear, though nobody has told fills of late")
        elif rule.metric == "pair_drawdown" and now - self._begun.get(name, now) < HOUR:
            self.fail(f"{name} {rule.id}: clear, though no hour has been watched")
        elif rule.metric == "strategy_drawdown" and (prefix := self._at_work(account, rule, now)):
            self.fail(f"{name} {rule.id}: clear, though {prefix} is at work")

    def _at_work(self, account: AccountState, rule: Rule, now: datetime) -> str:
        """A strategy that traded in the window, or has opened what nobody else may have closed."""
        start = now - timedelta(seconds=rule.window.seconds or 0.0)
        fills = self._fills[account.policy.name].values()
        for prefix in (rule.of,) if rule.of else rule.only or account.policy.order_prefixes:
            own = [fill for fill in fills if fill.client_id.startswith(prefix)]
            alone = {f.symbol for f in own} - {f.symbol for f in fills if not f.client_id.startswith(prefix)}
            held = {symbol: sum(f.side * f.quantity for f in own if f.symbol == symbol) for symbol in alone}
            if any(fill.at > start for fill in own) or any(held.values()):
                return prefix
        return ""

    def _blind(self, account: AccountState, rule: Rule, own: RuleState, now: datetime) -> None:
        name, told = account.policy.name, self._told.get(account.policy.name)
        if told is None or (now - told).total_seconds() <= rule.stale_after_seconds:
            return
        arming = account.arming
        acts = arming.armed and arming.disarmed_until is None and account.policy.has_hands
        if not own.stale:
            self.fail(f"{name} {rule.id}: nobody has told fills of late, and it is not blind")
        elif acts and account.nav is not None and account.level < DEMANDED[rule.on_unknown]:
            self.fail(f"{name} {rule.id}: blind, and the account is at {account.level.name}")
