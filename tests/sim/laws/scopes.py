"""Scenes for rules that look at less than an account, or at several as one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from guardian.core.effects import CancelOrder, Effect
from guardian.core.events import Started, Tick
from guardian.core.memory import Baseline
from guardian.core.model import Level, Rule, Rung, Unknown, Verdict
from guardian.core.state import AccountState, Decision, RuleState, State
from guardian.runtime.permit import Permit
from guardian.sim.checkers import acts, levels, running, scopes
from guardian.sim.checkers.checker import Checker, Decided
from tests.sim.laws.theatre import ASSET, LOSS, Play, Theatre

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
TOGETHER: Rule = replace(LOSS, scope="portfolio")


def halted(t: Theatre, symbol: str) -> AccountState:
    return t.account(Level.HALT, incident=t.incident(Level.HALT, only=(symbol,)))


def closes_what_is_halted(t: Theatre) -> None:
    t.step(None, halted(t, BTC), effects=(t.close(),))


def closes_another(t: Theatre) -> None:
    t.step(None, halted(t, ETH), effects=(t.close(),))


def permit_names(t: Theatre, symbol: str) -> None:
    life: Any = t.life(halted(t, BTC))
    life.runtime.parts.permits = SimpleNamespace(get=lambda name: Permit("normal", 0.5, (symbol,)))
    t.checker.moved()


def permit_names_it(t: Theatre) -> None:
    permit_names(t, BTC)


def permit_names_another(t: Theatre) -> None:
    permit_names(t, ETH)


def flattened_together(t: Theatre, nav: float) -> None:
    books = t.scene.truth.books["a1"]
    books.navs.append((t.at, nav))
    books.equities.append(1000 * nav)
    before = State(rules=(TOGETHER,), accounts=(t.account(),))
    raised = Decision("a1", "level", TOGETHER.id)
    after = State(rules=(TOGETHER,), accounts=(t.account(Level.FLATTEN),), decisions=(raised,))
    t.checker.decided(Decided(before, Tick(t.instant()), after, ()))


def lost_together(t: Theatre) -> None:
    flattened_together(t, 90.0)


def not_lost_together(t: Theatre) -> None:
    flattened_together(t, 99.0)


def anchored(t: Theatre, at: float | None) -> AccountState:
    """An account whose loss rule has been measured since that second; None: since never."""
    baseline = None if at is None else Baseline((), t.instant(at))
    own = RuleState(LOSS.id, Verdict.UNKNOWN, Unknown("blind"), judged_at=t.instant(), baseline=baseline)
    return t.account(rules=(own,))


def crash_takes_the_baseline(t: Theatre, at: float, before: float | None = None) -> None:
    """What is left is what had been measured since `before`; None: nothing."""
    t.checker.died(t.life(anchored(t, at)))
    t.checker.born(t.life(anchored(t, before)))


def newest_is_lost(t: Theatre) -> None:
    crash_takes_the_baseline(t, t.at - 0.1)


def older_is_lost(t: Theatre) -> None:
    crash_takes_the_baseline(t, t.at - 5.0)


def newest_is_the_one_before(t: Theatre) -> None:
    """It began anew, for a trial, in the moment in which guardian died."""
    crash_takes_the_baseline(t, t.at - 0.1, t.at - 20.0)


def older_is_the_one_before(t: Theatre) -> None:
    crash_takes_the_baseline(t, t.at - 5.0, t.at - 20.0)


def newest_is_newer_still(t: Theatre) -> None:
    crash_takes_the_baseline(t, t.at - 0.1, t.at)


def first_at_the_start(t: Theatre, rule: Rule) -> None:
    before = State(rules=(rule,), accounts=(anchored(t, None),))
    after = State(rules=(rule,), accounts=(anchored(t, t.at),))
    t.checker.decided(Decided(before, Started(t.instant(), "sim"), after, ()))


def several_are_first_known_at_the_start(t: Theatre) -> None:
    first_at_the_start(t, TOGETHER)


def one_is_first_known_at_the_start(t: Theatre) -> None:
    """Without a read there is nothing to begin with."""
    first_at_the_start(t, LOSS)


def raised(t: Theatre, level: Level, rule: Rule, *effects: Effect) -> None:
    """The rule has raised the account to this level, and this follows at once."""
    t.checker.moved()
    decided = (Decision("a1", "level", rule.id, "NORMAL", level.name),)
    before = State(rules=(LOSS, ASSET), accounts=(t.account(),))
    after = State(rules=(LOSS, ASSET), accounts=(t.account(level),), decisions=decided)
    t.checker.decided(Decided(before, Tick(t.instant()), after, effects))


def cancel(symbol: str) -> CancelOrder:
    return CancelOrder("a1/1", "a1", symbol, "1", False)


def stops_what_is_too_large(t: Theatre) -> None:
    raised(t, Level.HALT, ASSET, cancel(BTC))


def stops_what_is_not(t: Theatre) -> None:
    raised(t, Level.HALT, ASSET, cancel(ETH))


def stops_a_coin(t: Theatre, share: float) -> None:
    """Coins of which nothing was held or ordered when they were looked at, worth so much of the equity."""
    stand = t.scene.stage.stands["a1"]
    equity = t.scene.truth.books["a1"].equity
    price = float(stand.world.markets["ETHUSDT"].mark)
    stand.books.balances["ETH"] = Decimal(str(share * equity / price))
    raised(t, Level.HALT, ASSET, cancel(ETH))


def stops_a_coin_that_is_too_large(t: Theatre) -> None:
    stops_a_coin(t, 0.9)


def stops_a_coin_that_is_not(t: Theatre) -> None:
    stops_a_coin(t, 0.1)


def closes_what_is_to_be_stopped(t: Theatre) -> None:
    """Past the rung of HALT, and not past that of REDUCE."""
    raised(t, Level.REDUCE, ASSET, t.close())


def another_rule_stops_all(t: Theatre) -> None:
    raised(t, Level.REDUCE, LOSS, cancel(ETH), t.close())


def one_symbol_flattens_all(t: Theatre) -> None:
    raised(t, Level.FLATTEN, ASSET)


def exposed(t: Theatre, rule: Rule) -> None:
    """More than the limit is held: what may flatten is the account's rule, and not the symbol's."""
    t.scene.truth.books["a1"].most_gross = 5.0
    before = State(rules=(rule,), accounts=(t.account(),))
    decided = (Decision("a1", "level", rule.id, "NORMAL", "FLATTEN"),)
    after = State(rules=(rule,), accounts=(t.account(Level.FLATTEN),), decisions=decided)
    t.checker.decided(Decided(before, Tick(t.instant()), after, ()))


FLATTENS = replace(ASSET, ladder=(Rung(0.6, Level.FLATTEN, 0.0),))


def account_is_exposed(t: Theatre) -> None:
    exposed(t, replace(FLATTENS, scope="account"))


def symbol_is_exposed(t: Theatre) -> None:
    exposed(t, FLATTENS)


SCENES: list[tuple[type[Checker], Play, Play]] = [
    (acts.StaysInScope, closes_what_is_halted, closes_another),
    (acts.PermitFollows, permit_names_it, permit_names_another),
    (scopes.LeavesTheRest, stops_what_is_too_large, stops_what_is_not),
    (scopes.LeavesTheRest, stops_a_coin_that_is_too_large, stops_a_coin_that_is_not),
    (scopes.LeavesTheRest, another_rule_stops_all, closes_what_is_to_be_stopped),
    (scopes.LeavesTheRest, stops_what_is_too_large, one_symbol_flattens_all),
    (levels.NoFalseKill, account_is_exposed, symbol_is_exposed),
    (levels.NoFalseKill, lost_together, not_lost_together),
    (levels.SurvivesCrash, newest_is_lost, older_is_lost),
    (levels.SurvivesCrash, newest_is_the_one_before, older_is_the_one_before),
    (levels.SurvivesCrash, newest_is_the_one_before, newest_is_newer_still),
    (running.StartKeeps, several_are_first_known_at_the_start, one_is_first_known_at_the_start),
]
