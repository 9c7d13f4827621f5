"""Scenes for rules of what was traded: two strategies, of bitcoin and of ether, half the equity each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from guardian.core.effects import CancelOrder, CloseOrder, ClosePosition, Effect
from guardian.core.events import ActivityTaken, Event, Tick
from guardian.core.facts.activity import Activity, Fill
from guardian.core.memory import Nav
from guardian.core.model import Known, Level, OnUnknown, Rule, Rung, Unknown, Verdict, Window
from guardian.core.state import AccountState, Decision, RuleState, State
from guardian.sim.checkers.checker import Checker, Decided
from guardian.sim.checkers.fills.reduces import ReducesStrategies
from guardian.sim.checkers.fills.spares import SparesOthers
from guardian.sim.checkers.fills.told import FillsTold
from guardian.sim.play.stage import enter
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, Stake, StrategyPlan
from guardian.sim.world.takeover import Taken
from tests.sim.laws.theatre import ASSET, START, Play, Theatre

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
STRATEGIES = (
    StrategyPlan("fa-", (Stake("BTCUSDT", 0.5, protected=False),), opens_at=1.0),
    StrategyPlan("fb-", (Stake("ETHUSDT", 0.5, protected=False),), opens_at=1.0),
)
PLAN = AccountPlan("a1", "east", (), BotPlan(), strategies=STRATEGIES)
STRATEGY: Rule = replace(
    ASSET,
    id="strategy",
    metric="strategy_drawdown",
    window=Window("sliding", 3600.0),
    scope="strategy",
    ladder=(Rung(0.02, Level.HALT, 0.0), Rung(0.04, Level.REDUCE, 0.0, to=0.5)),
    stale_after_seconds=10.0,
    on_unknown=OnUnknown.CAUTION,
)
PAIR: Rule = replace(STRATEGY, id="pair", metric="pair_drawdown", window=Window(), scope="symbol")
HALTED: Rule = replace(PAIR, id="halted", ladder=PAIR.ladder[:1])
RULES = (STRATEGY, PAIR, HALTED)


def opened(t: Theatre) -> None:
    """Both have opened what they hold, while guardian watched."""
    for strategy in STRATEGIES:
        enter(t.stage, t.stand, strategy, t.stage.now_ms() - 5_000)
    looked(t)


def falls(t: Theatre, symbol: str, share: str) -> None:
    """Its price, by so much of what it was."""
    mark = t.stand.world.markets[symbol].mark
    t.stand.world.set_prices({symbol: mark * (1 - Decimal(share))}, t.stage.now_ms())
    looked(t)


def looked(t: Theatre) -> None:
    t.scene.truth.look(t.at)
    t.checker.moved()


def close(symbol: str) -> ClosePosition:
    return ClosePosition("a1/1", "a1", CloseOrder("gdn-1-1", symbol, 0, -1, None, None))


def cancel(symbol: str) -> CancelOrder:
    return CancelOrder("a1/1", "a1", symbol, "1", False)


# --- what a rule of a strategy may touch ------------------------------------------------------------


def raised(t: Theatre, level: Level, rule: Rule, *effects: Effect, own: RuleState | None = None) -> None:
    """The rule has raised the account to this level; `own` is what it saw, else a value past its limit."""
    account = t.account(level, rules=() if own is None else (own,))
    value = 0.05 if own is None else None
    decided = (Decision("a1", "level", rule.id, "NORMAL", level.name, value),)
    before = State(rules=RULES, accounts=(t.account(),))
    after = State(rules=RULES, accounts=(account,), decisions=decided)
    t.checker.decided(Decided(before, Tick(t.instant()), after, effects))


def reduces_what_the_strategy_holds(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.1")
    raised(t, Level.REDUCE, STRATEGY, close(BTC), cancel(BTC))


def reduces_what_another_holds(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.1")
    raised(t, Level.REDUCE, STRATEGY, close(ETH))


def cancels_what_another_has_ordered(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.1")
    raised(t, Level.HALT, STRATEGY, cancel(ETH))


def closes_past_the_first_rung_only(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.05")
    raised(t, Level.REDUCE, STRATEGY, close(BTC))


def flattens_for_one_strategy(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.1")
    raised(t, Level.FLATTEN, STRATEGY)


def halts_one_pair(t: Theatre) -> None:
    falls(t, "ETHUSDT", "0.1")
    raised(t, Level.HALT, PAIR, cancel(ETH))


def closes_for_a_pair_that_is_only_halted(t: Theatre) -> None:
    """Its ladder ends at HALT: whatever it has lost closes nothing."""
    falls(t, "ETHUSDT", "0.1")
    raised(t, Level.REDUCE, HALTED, close(ETH))


def halts_another_pair(t: Theatre) -> None:
    falls(t, "ETHUSDT", "0.1")
    raised(t, Level.HALT, PAIR, cancel(BTC))


def is_blind_and_halts_all(t: Theatre) -> None:
    """What is not known is halted whole: no symbol of it is known to be safe."""
    blind = RuleState(STRATEGY.id, Verdict.UNKNOWN, Unknown("nobody told"), stale=True)
    raised(t, Level.HALT, STRATEGY, cancel(ETH), own=blind)


# --- what nobody told -------------------------------------------------------------------------------


def told(t: Theatre, seconds_ago: float, fills: tuple[Fill, ...] | None = ()) -> None:
    """An answer about fills, asked so long ago; None: without them."""
    asked = t.instant(t.at - seconds_ago)
    event = ActivityTaken(t.instant(), Activity("a1", asked, fills, ()))
    judged(t, own(t, Verdict.UNKNOWN), event=event)


def own(t: Theatre, verdict: Verdict, rule: Rule = STRATEGY, stale: bool = False) -> RuleState:
    measured = Known(0.0) if verdict is Verdict.CLEAR else Unknown("nobody told")
    return RuleState(rule.id, verdict, measured, judged_at=t.instant(), stale=stale)


def judged(
    t: Theatre, own: RuleState, level: Level = Level.NORMAL, event: Event | None = None, **known: object
) -> None:
    before = State(rules=RULES, accounts=(t.account(),))
    account = t.account(level, rules=(own,), **known)
    after = State(rules=RULES, accounts=(account,))
    t.checker.decided(Decided(before, event or Tick(t.instant()), after, ()))


def fill(t: Theatre, client_id: str) -> Fill:
    at, one = t.instant() - timedelta(seconds=5), Decimal(1)
    return Fill("f1", at, BTC, 1, one, one, one, "USDT", "o1", client_id)


def clear_as_it_was_told(t: Theatre) -> None:
    told(t, 5.0)
    judged(t, own(t, Verdict.CLEAR))


def clear_though_never_told(t: Theatre) -> None:
    judged(t, own(t, Verdict.CLEAR))


def clear_though_the_answer_failed(t: Theatre) -> None:
    """The last one with fills is too old; a newer one without them says nothing."""
    told(t, 11.0)
    told(t, 1.0, None)
    judged(t, own(t, Verdict.CLEAR, stale=True), Level.CAUTION)


def clear_while_another_trades(t: Theatre) -> None:
    told(t, 1.0, (fill(t, "hand-1"),))
    judged(t, own(t, Verdict.CLEAR))


def clear_while_it_trades(t: Theatre) -> None:
    told(t, 1.0, (fill(t, "fb-1"),))
    judged(t, own(t, Verdict.CLEAR))


def clear_before_an_hour_was_watched(t: Theatre) -> None:
    told(t, 1.0)
    judged(t, own(t, Verdict.CLEAR, PAIR))


NAV = Nav(START, Decimal(1), (), None, Decimal(1), 1.0, False, 1, 1)


def blind_as_it_should_be(t: Theatre) -> None:
    told(t, 0.0)
    t.at += 11.0
    judged(t, own(t, Verdict.UNKNOWN, stale=True), Level.CAUTION, nav=NAV)


def not_blind_though_it_should_be(t: Theatre) -> None:
    told(t, 0.0)
    t.at += 11.0
    judged(t, own(t, Verdict.UNKNOWN), Level.CAUTION, nav=NAV)


def blind_and_nothing_comes_of_it(t: Theatre) -> None:
    told(t, 0.0)
    t.at += 11.0
    judged(t, own(t, Verdict.UNKNOWN, stale=True), nav=NAV)


# --- in time, and in the end ------------------------------------------------------------------------


def waits(t: Theatre, account: AccountState, seconds: int = 12) -> None:
    t.life(account)
    for _ in range(seconds):
        t.at += 1.0
        looked(t)


def a_loss_is_acted_on(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.2")
    waits(t, t.account(Level.REDUCE))


def a_loss_is_not_acted_on(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.2")
    waits(t, t.account(Level.HALT))


def a_small_loss_is_left_alone(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.03")
    waits(t, t.account())


def a_pair_s_loss_is_not_acted_on(t: Theatre) -> None:
    """Past 2 % in ether, and more than the reads of a strategy's loss would take: nothing has come of it."""
    falls(t, "ETHUSDT", "0.06")
    waits(t, t.account(), 20)


def resumed(t: Theatre) -> None:
    """An operator has lowered it: a rule's hold begins anew."""
    before, after = (
        State(rules=RULES, accounts=(t.account(level),)) for level in (Level.REDUCE, Level.NORMAL)
    )
    t.checker.decided(Decided(before, Tick(t.instant()), after, ()))


def a_resume_is_waited_for_again(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.2")
    waits(t, t.account(), 4)
    resumed(t)
    waits(t, t.account(), 4)


def a_loss_outlasts_a_resume(t: Theatre) -> None:
    falls(t, "BTCUSDT", "0.2")
    resumed(t)
    waits(t, t.account())


def turned_by_a_hand(t: Theatre, share: str) -> None:
    """Nobody's order sells so much of what a strategy has bought, and then bitcoin falls."""
    size = t.stand.books.size("BTCUSDT")
    part = t.stand.world.instruments["BTCUSDT"].floor_qty(size * Decimal(share))
    taken = Taken(symbol="BTCUSDT", index=0, origin="block", signed_qty=-part, link_id="hand-1")
    t.stand.world.take_over(t.stand.books, taken, t.stage.now_ms())
    falls(t, "BTCUSDT", "0.1")
    raised(t, Level.REDUCE, STRATEGY, close(BTC))


def reduces_what_a_hand_has_turned(t: Theatre) -> None:
    """What it opened beside them is the hand's, and whose lots it closed nobody knows: they count as held."""
    turned_by_a_hand(t, "1.5")


def reduces_what_a_hand_has_closed(t: Theatre) -> None:
    turned_by_a_hand(t, "1")


def sold(t: Theatre, share: str) -> None:
    """Guardian has closed so much of the bitcoin at the venue."""
    size = t.stand.books.size("BTCUSDT")
    part = t.stand.world.instruments["BTCUSDT"].floor_qty(size * Decimal(share))
    taken = Taken(symbol="BTCUSDT", index=0, origin="block", signed_qty=-part, link_id="gdn-1-1")
    t.stand.world.take_over(t.stand.books, taken, t.stage.now_ms())


def reduced_to(t: Theatre, share: str) -> None:
    """The rung leaves a half; so much has been closed when all is over."""
    falls(t, "BTCUSDT", "0.1")
    raised(t, Level.REDUCE, STRATEGY)
    if float(share):
        sold(t, share)
    t.at += 40.0
    t.life(t.account(Level.REDUCE))
    looked(t)
    t.checker.ended()


def reduced_as_the_rung_says(t: Theatre) -> None:
    reduced_to(t, "0.5")


def not_reduced(t: Theatre) -> None:
    reduced_to(t, "0")


def reduced_too_little(t: Theatre) -> None:
    reduced_to(t, "0.3")


SCENES: list[tuple[type[Checker], Play, Play]] = [
    (SparesOthers, reduces_what_the_strategy_holds, reduces_what_another_holds),
    (SparesOthers, reduces_what_the_strategy_holds, cancels_what_another_has_ordered),
    (SparesOthers, reduces_what_a_hand_has_turned, reduces_what_a_hand_has_closed),
    (SparesOthers, is_blind_and_halts_all, closes_past_the_first_rung_only),
    (SparesOthers, halts_one_pair, halts_another_pair),
    (SparesOthers, halts_one_pair, flattens_for_one_strategy),
    (SparesOthers, halts_one_pair, closes_for_a_pair_that_is_only_halted),
    (FillsTold, clear_as_it_was_told, clear_though_never_told),
    (FillsTold, clear_as_it_was_told, clear_though_the_answer_failed),
    (FillsTold, clear_while_another_trades, clear_while_it_trades),
    (FillsTold, clear_as_it_was_told, clear_before_an_hour_was_watched),
    (FillsTold, blind_as_it_should_be, not_blind_though_it_should_be),
    (FillsTold, blind_as_it_should_be, blind_and_nothing_comes_of_it),
    (ReducesStrategies, a_loss_is_acted_on, a_loss_is_not_acted_on),
    (ReducesStrategies, a_loss_is_acted_on, a_pair_s_loss_is_not_acted_on),
    (ReducesStrategies, a_resume_is_waited_for_again, a_loss_outlasts_a_resume),
    (ReducesStrategies, reduced_as_the_rung_says, not_reduced),
    (ReducesStrategies, a_small_loss_is_left_alone, reduced_too_little),
]
