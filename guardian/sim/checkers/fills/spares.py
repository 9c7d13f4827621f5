"""Rules of a strategy and of a pair, by the world's executions: what they may touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

from guardian.core.model import Level, Rule
from guardian.core.state import AccountState, Decision
from guardian.sim.checkers.checker import Scene, Violation
from guardian.sim.checkers.fills.lots import Lots, Tape
from guardian.sim.checkers.scopes import PHANTOMS, SLACK, LeavesTheRest

LIES = (*PHANTOMS, "zero-equity", "negative-equity")
BLIND = "nobody told fills"
LASTS = 6.0
"""Seconds for which a lie is still the newest that guardian knows: two slow reads."""


def lied_to(scene: Scene, name: str) -> bool:
    """Whether the newest that guardian knows of the account may be such a lie."""
    plans = (plan for lie in LIES for plan in scene.stage.weather.plans(lie) if plan.account in ("", name))
    return any(plan.at <= scene.now() <= plan.until + LASTS for plan in plans)


class SparesOthers(LeavesTheRest):
    law = (
        "A rule of a strategy or of a pair goes no further than REDUCE, and touches only symbols in which a "
        "strategy past its limit has traded, or the pair."
    )

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        stands = scene.stage.stands.values() if self._rules else ()
        self._tapes = {stand.name: Tape(stand) for stand in stands}

    @staticmethod
    def about(rule: Rule) -> bool:
        return (rule.metric, rule.scope) in (("strategy_drawdown", "strategy"), ("pair_drawdown", "symbol"))

    def moved(self) -> None:
        for name, tape in self._tapes.items():
            tape.look(self.scene.truth.books[name])

    def _raised(self, account: AccountState, decision: Decision) -> None:
        """Where fills are missing no value is past a limit: what the rule says of that is for all of it."""
        own = account.rule(decision.rule)
        if decision.rule in self._rules and decision.value is None and own is not None and own.stale:
            assert account.incident is not None
            self._by[account.policy.name, account.incident.code].add(BLIND)
        super()._raised(account, decision)

    def _fooled(self, account: AccountState) -> bool:
        """A loss of a strategy has one account only, its marks: what lies of them may reduce it.

        So does what lies of the equity that it is a part of.
        """
        return lied_to(self.scene, account.policy.name)

    def _past(self, name: str, rule: Rule, venue_id: str, closes: bool) -> bool:
        least = Level.REDUCE if closes else Level.HALT
        limit = min((rung.limit for rung in rule.ladder if rung.level >= least), default=inf)
        return any(lots.most >= limit * SLACK for lots in self._judged(name, rule, venue_id))

    def _judged(self, name: str, rule: Rule, venue_id: str) -> Iterable[Lots]:
        """Whose loss may be why this symbol is touched."""
        tape = self._tapes[name]
        if rule.scope == "symbol":
            return (tape.pairs[venue_id],) if venue_id in tape.pairs else ()
        known = (lots for prefix, lots in tape.strategies.items() if not rule.only or prefix in rule.only)
        return (lots for lots in known if venue_id in lots.traded)
