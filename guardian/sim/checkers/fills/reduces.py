"""A loss of a strategy, or in a pair, by the world: it raises the level in time, and in the end the venue
holds as little of a strategy's symbols as its rung says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import NamedTuple

from guardian.core.model import Level, Rule, Rung
from guardian.core.state import AccountState
from guardian.sim.actors.bot import OBEDIENT, holds
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.checkers.fills.lots import Lots, Tape
from guardian.sim.checkers.fills.spares import lied_to
from guardian.sim.checkers.running import untouched
from guardian.sim.checkers.scopes import SLACK
from guardian.sim.checkers.timely import SECONDS
from guardian.sim.play.life import Life
from guardian.sim.ports.stand import Stand
from guardian.sim.scenario.shapes import AccountPlan, StrategyPlan

PAST = 1.1
"""How far past its limit the world's loss must be: its lots are opened at prices that fees move."""

TOLD_BY = 12.0
"""Seconds by which what strategies opened has been told, and written down."""

SETTLED = 20.0
"""Seconds after the weather has healed, or a rung has fired, after which the venue must show it."""

NEXT_READS = 3
NEXT_ANSWER = 8.0
"""Of fills: what is lost in a pair is only looked at when they are told."""

OF_STRATEGIES, OF_PAIRS = "strategy_drawdown", "pair_drawdown"

Key = tuple[str, str, str, float]
Leg = tuple[str, int]


class Goal(NamedTuple):
    """How much of a leg may stay for this strategy's loss; `sure` if no other's can be why it was reduced."""

    at: float
    to: float
    rule: Rule
    prefix: str
    sure: bool


class ReducesStrategies(Checker):
    law = (
        "A loss of a strategy, or in a pair, that the world confirms raises the level in time, and at the "
        "end the venue holds of the strategy's symbols no more than its rung leaves."
    )

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        rules = scene.stage.scenario.rules
        self._rules = [rule for rule in rules if rule.metric in (OF_STRATEGIES, OF_PAIRS)]
        stands = [stand for stand in scene.stage.stands.values() if stand.plan.strategies]
        self._tapes = {stand.name: Tape(stand) for stand in stands if self._rules}
        self._untouched = untouched(scene)
        self._since: dict[Key, float] = {}
        self._forgotten = False
        self._codes: dict[str, str] = {}
        self._entry: dict[str, dict[Leg, float]] = {}
        self._goals: dict[str, dict[Leg, list[Goal]]] = {}

    def died(self, life: Life) -> None:
        self._since.clear()
        lost = self.scene.stage.disk.lost > 0 or not life.runtime.committer.ok
        self._forgotten |= lost or self.scene.now() < TOLD_BY

    def moved(self) -> None:
        life = self.scene.life
        for name, tape in self._tapes.items():
            tape.look(self.scene.truth.books[name])
            account = life.state.account(name) if life is not None else None
            if account is not None and self._able(account):
                self._late(account, tape)

    # --- in time ------------------------------------------------------------------------------------

    def _late(self, account: AccountState, tape: Tape) -> None:
        """While a fault may excuse it, nothing is due; nor for a strategy whose loss nobody can tell."""
        name, now = account.policy.name, self.scene.now()
        excused = name not in self._untouched and now < self.scene.stage.scenario.heals_at
        for rule in self._rules:
            for whose, lots in _judged(rule, tape):
                told = not excused and self._tellable(rule, name, whose, lots)
                for rung in rule.ladder:
                    self._look(account, rule, rung, (whose, lots.lost if told else 0.0))

    def _look(self, account: AccountState, rule: Rule, rung: Rung, loss: tuple[str, float]) -> None:
        (whose, lost), now = loss, self.scene.now()
        key = (account.policy.name, rule.id, whose, rung.limit)
        asked = NEXT_ANSWER if rule.metric == OF_PAIRS else 0.0
        patience = rung.hold_seconds + NEXT_READS * account.policy.snapshot_seconds + asked + SECONDS
        if lost < rung.limit * PAST:
            self._since.pop(key, None)
        elif now - self._since.setdefault(key, now) > patience and account.level < rung.level:
            self.fail(
                f"{account.policy.name}: {account.level.name} at a loss of {whose} past {rung.limit:.1%}, "
                f"which demands {rung.level.name}"
            )

    def _tellable(self, rule: Rule, name: str, whose: str, lots: Lots) -> bool:
        """Whether fills tell the loss: all of them told and in the window, none netted with another's."""
        plan = self.scene.stage.stands[name].plan
        whole = (rule.window.seconds or inf) > self.scene.now() and not self._forgotten
        strange = any(self._tapes[name].others.sizes.get(symbol) for symbol in lots.traded)
        if rule.metric == OF_PAIRS:
            alone = all(each.opens_at for each in plan.strategies if holds(each, whose))
        else:
            alone = not lots.unsure and not _netted(plan, whose)
        return whole and plan.bot.style == "idle" and alone and not strange

    # --- in the end -----------------------------------------------------------------------------------

    def decided(self, step: Decided) -> None:
        if not self._tapes:
            return
        for old, new in step.pairs():
            if old is not None and new.level < old.level:
                # Whoever lowers it begins anew: a hold has to fill once more.
                self._since = {key: at for key, at in self._since.items() if key[0] != new.policy.name}
        for decision in step.after.decisions:
            account = step.after.account(decision.account)
            reduced = decision.what == "level" and decision.after == Level.REDUCE.name
            if reduced and account is not None and account.policy.name in self._tapes:
                self._begin(account)
                self._demand(account.policy.name, decision.rule)

    def _begin(self, account: AccountState) -> None:
        """What is held when the first rung of an incident reduces: that is what every goal is a part of."""
        name, code = account.policy.name, account.incident.code if account.incident is not None else ""
        if self._codes.get(name) != code:
            self._codes[name], self._goals[name] = code, {}
            legs = self.scene.stage.stands[name].books.open_legs()
            self._entry[name] = {(leg.symbol, leg.index): abs(float(leg.size)) for leg in legs}

    def _demand(self, name: str, rule_id: str) -> None:
        """Of the symbols that the strategy past the rung holds, whoever else holds them.

        Where the world has several past it, guardian may not have known of each yet.
        """
        rule = next((r for r in self._rules if r.id == rule_id and r.scope == "strategy"), None)
        if rule is None:
            return
        rung, goals = rule.ladder[-1], self._goals[name]
        past = [each for each in _judged(rule, self._tapes[name]) if each[1].most >= rung.limit * SLACK]
        sure = len(past) == 1 and not lied_to(self.scene, name)
        for prefix, lots in past:
            goal = Goal(self.scene.now(), rung.to or 0.0, rule, prefix, sure)
            for leg in self._entry[name] if lots.lost >= rung.limit * PAST else ():
                # Of what is demanded again the first time counts.
                known = {(each.rule.id, each.prefix) for each in goals.get(leg, ())}
                if lots.sizes.get(leg[0]) and (rule.id, prefix) not in known:
                    goals.setdefault(leg, []).append(goal)

    def ended(self) -> None:
        life = self.scene.life
        for name in self._tapes:
            account = life.state.account(name) if life is not None else None
            if account is not None and self._due(account):
                for text in self._too_much(self.scene.stage.stands[name]):
                    self.fail(text)

    def _due(self, account: AccountState) -> bool:
        """Reduced for good, long enough ago, and by no bot that opens again."""
        incident, stand = account.incident, self.scene.stage.stands[account.policy.name]
        if incident is None or account.level is not Level.REDUCE or not self._able(account):
            return False
        style = stand.plan.bot.style
        quiet = style == "idle" or style in OBEDIENT
        healed = self.scene.now() - self.scene.stage.scenario.heals_at
        return quiet and incident.code == self._codes.get(stand.name) and healed > SETTLED

    def _too_much(self, stand: Stand) -> Iterator[str]:
        entry = self._entry[stand.name]
        for leg, goals in self._goals[stand.name].items():
            step = float(stand.world.instruments[leg[0]].min_qty)
            left, to = abs(float(stand.books.size(*leg))), self._strictest(stand.name, goals)
            if left > to * entry[leg] * PAST + step:
                yield f"{stand.name} {leg[0]}: {left:g} is left of {entry[leg]:g}, of which {to:g} may stay"

    def _strictest(self, name: str, goals: list[Goal]) -> float:
        """Of those that guardian knew of at once, or must know of by now."""
        late = [goal for goal in goals if self.scene.now() - goal.at > SETTLED]
        known = [goal.to for goal in late if goal.sure or self._still(name, goal)]
        return min(known, default=inf)

    def _still(self, name: str, goal: Goal) -> bool:
        lots = self._tapes[name].strategies[goal.prefix]
        past = lots.lost >= goal.rule.ladder[-1].limit * PAST
        return past and self._tellable(goal.rule, name, goal.prefix, lots)

    def _able(self, account: AccountState) -> bool:
        arming = account.arming
        return arming.armed and arming.disarmed_until is None and account.policy.has_hands


def _judged(rule: Rule, tape: Tape) -> list[tuple[str, Lots]]:
    """The strategies that the rule is about, or the pairs."""
    if rule.metric == OF_PAIRS:
        return list(tape.pairs.items())
    wanted = (rule.of,) if rule.of else rule.only
    return [(prefix, lots) for prefix, lots in tape.strategies.items() if not wanted or prefix in wanted]


def _netted(plan: AccountPlan, prefix: str) -> bool:
    """Whether the venue nets a position of this strategy with another's, or with one that nobody was told of.

    Then nobody can tell its loss. A strategy that the account does not have has lost nothing.
    """
    mine = next((each for each in plan.strategies if each.prefix == prefix), None)
    if mine is None or not mine.opens_at:
        return True
    return any(_opposed(mine, each) or (not each.opens_at and _meet(mine, each)) for each in plan.strategies)


def _meet(mine: StrategyPlan, other: StrategyPlan) -> bool:
    return any(holds(mine, stake.symbol) for stake in other.stakes)


def _opposed(mine: StrategyPlan, other: StrategyPlan) -> bool:
    signs = {stake.symbol: stake.size > 0 for stake in mine.stakes}
    shared = (stake for stake in other.stakes if holds(mine, stake.symbol))
    return any((stake.size > 0) is not signs[stake.symbol] for stake in shared)
