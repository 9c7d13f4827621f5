"""Rules of other scopes than an account, by the world: who is judged together, and what apart.

What a rule of some symbols has not found too large is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from guardian.core.effects import CancelOrder, ClosePosition
from guardian.core.model import Level, Part, Rule
from guardian.core.state import AccountState, Decision
from guardian.sim.checkers.checker import Checker, Decided, Deed, Scene, Violation
from guardian.sim.checkers.truth import held_by_asset
from guardian.sim.ports.stand import Stand
from guardian.sim.ports.view import id_of, symbol_of
from guardian.sim.scenario.shapes import AccountPlan, Scenario
from guardian.sim.world.account import CASH

WIDE = ("portfolio", "mandate", "venue")
NARROW = ("symbol", "cluster")

SLACK = 0.985
"""A metric may reach its limit on evidence that the truth samples half a second later."""

PHANTOMS = ("phantom-1", "phantom-3", "phantom-10")
FOOLED = "a phantom"

Slice = tuple[str, ...]
"""The venue's names of the symbols that are judged together."""


def together(scenario: Scenario, name: str, rule: Rule) -> list[str]:
    """By name, this account among them; none where the rule is not about it."""
    group = {plan.name: _group(plan, rule) for plan in scenario.accounts}
    mine = group[name]
    return [other for other, theirs in group.items() if theirs == mine] if mine is not None else []


def _group(plan: AccountPlan, rule: Rule) -> str | None:
    """What an account shares with those that are judged with it."""
    if rule.scope == "portfolio":
        return "" if not rule.only or plan.name in rule.only else None
    shared = plan.mandate if rule.scope == "mandate" else plan.venue
    return shared if shared and (not rule.only or shared in rule.only) else None


class LeavesTheRest(Checker):
    law = (
        "A rule of a symbol or of a cluster goes no further than REDUCE, and touches only what the world has "
        "past its limit."
    )

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._rules = {rule.id: rule for rule in scene.stage.scenario.rules if self.about(rule)}
        self._most: defaultdict[tuple[str, str, str], float] = defaultdict(float)
        self._by: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    @staticmethod
    def about(rule: Rule) -> bool:
        """Whose rules these are; what goes by fills is another law's."""
        return rule.scope in NARROW and rule.metric == "gross_exposure"

    def moved(self) -> None:
        if self._rules:
            for stand in self.scene.stage.stands.values():
                self._sample(stand)

    def ordered(self, deed: Deed) -> None:
        self.moved()

    def decided(self, step: Decided) -> None:
        if not self._rules:
            return
        if step.effects:
            self.moved()  # a bot may have traded since the market moved last
        for decision in step.after.decisions:
            account = step.after.account(decision.account)
            if decision.what == "level" and account is not None and account.incident is not None:
                self._raised(account, decision)
        for effect in step.effects:
            account = step.after.account(effect.account)
            if isinstance(effect, ClosePosition | CancelOrder) and account is not None:
                self._touches(account, effect)

    def _raised(self, account: AccountState, decision: Decision) -> None:
        assert account.incident is not None
        level = Level.__members__.get(decision.after, Level.NORMAL)
        if level >= Level.HALT:
            self._by[account.policy.name, account.incident.code].add(decision.rule)
        if self._fooled(account):
            self._by[account.policy.name, account.incident.code].add(FOOLED)
        if decision.rule in self._rules and level > Level.REDUCE:
            self.fail(
                f"{account.policy.name}: {level.name} by {decision.rule}, which is about some symbols only"
            )

    def _fooled(self, account: AccountState) -> bool:
        """While the wallet is silent, or at zero, nothing contradicts a mark that lies: REDUCE may follow."""
        name, nav = account.policy.name, account.nav
        asked = account.evidence.asked_at(Part.POSITIONS)
        alone = nav is None or not nav.raw or nav.raw < 0 or (asked is not None and asked > nav.at)
        return alone and any(self.scene.stage.weather.rages(phantom, name) for phantom in PHANTOMS)

    def _touches(self, account: AccountState, effect: ClosePosition | CancelOrder) -> None:
        """Once anything else has halted the account, all of it is halted."""
        name, code = account.policy.name, account.incident.code if account.incident is not None else ""
        by = self._by[name, code]
        if not by or not by <= self._rules.keys():
            return
        closes = isinstance(effect, ClosePosition)
        symbol = effect.order.symbol if isinstance(effect, ClosePosition) else effect.symbol
        if not any(self._past(name, self._rules[rule], id_of(symbol), closes) for rule in by):
            what = "closed" if closes else "cancelled"
            self.fail(f"{name} {symbol}: {what} by {', '.join(sorted(by))}, though it was not past a limit")

    def _past(self, name: str, rule: Rule, venue_id: str, closes: bool) -> bool:
        least = Level.REDUCE if closes else Level.HALT
        limit = min(rung.limit for rung in rule.ladder if rung.level >= least)
        return self._most[name, rule.id, venue_id] >= limit * SLACK

    def _sample(self, stand: Stand) -> None:
        """The most that each symbol's slice has been worth so far, as a multiple of the equity."""
        equity = self.scene.truth.books[stand.name].equity
        held = {leg.symbol for leg in stand.books.open_legs()}
        ordered = {order.symbol for order in stand.books.open_orders.values()}
        traded = {_base(each) for each in held | ordered}
        # A coin that nothing is traded in stands in its dollar market, where more of it would be bought.
        coins = {coin + CASH for coin, quantity in stand.books.balances.items() if quantity}
        alone = {each for each in coins & stand.world.markets.keys() if _base(each) not in traded}
        for rule in self._rules.values():
            for part in self._slices(rule, held, ordered | alone):
                worth = sum(map(abs, held_by_asset(stand, part).values()))
                size = worth / equity if equity > 0 else float("inf")
                for venue_id in part:
                    key = (stand.name, rule.id, venue_id)
                    self._most[key] = max(self._most[key], size)

    def _slices(self, rule: Rule, held: set[str], ordered: set[str]) -> Iterable[Slice]:
        """What the rule judges together; what is only ordered, or a coin, may move with any cluster."""
        wanted = {each for each in held | ordered if not rule.only or _base(each) in rule.only}
        if rule.scope == "symbol":
            return [(each,) for each in sorted(wanted)]
        found = [self._of(group, held, ordered) for group in self._clusters(held)]
        return [part for part in found if wanted.intersection(part)]

    def _of(self, group: Slice, held: set[str], ordered: set[str]) -> Slice:
        loose = {each for each in ordered if _base(each) not in {_base(leg) for leg in held}}
        return tuple(sorted({each for each in held | ordered if _base(each) in group} | loose))

    def _clusters(self, held: set[str]) -> list[Slice]:
        """The scenario's, and what is in none of them by itself; where it has none, everything is one."""
        known, assets = self.scene.stage.scenario.clusters, sorted({_base(each) for each in held})
        if not known:
            return [tuple(assets)]
        named = {asset for group in known for asset in group}
        return [*known, *((asset,) for asset in assets if asset not in named)]


def _base(venue_id: str) -> str:
    """BTC of BTCUSDT and of BTCUSD."""
    return symbol_of(venue_id).partition("/")[0]
