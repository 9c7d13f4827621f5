"""Guardian's side: the folds and the measures of the real core, one read after another."""

from __future__ import annotations

from datetime import datetime

from guardian.bench.metrics.market import ACCOUNT, START, Market, reads
from guardian.core.frozen import replace
from guardian.core.memory import Baseline, Nav
from guardian.core.metrics import BY_NAME, View, baseline, correlation, returns
from guardian.core.model import Level, Measured, OnUnknown, Rule, Rung, Snapshot, Unknown, Window
from guardian.core.observe import blank
from guardian.core.policy import AccountPolicy
from guardian.core.state import AccountState, RuleState
from guardian.errors import GuardianError

HOUR = Window("sliding", 3600.0)
NEVER = 0.95
"""A limit that nothing here reaches: what is timed is an ordinary day."""


def rule(id: str, metric: str, window: Window, *limits: float, under: bool = False) -> Rule:
    """A rule that only observes."""
    ladder = tuple(Rung(limit, Level.CAUTION, 0.0) for limit in limits or (NEVER,))
    return Rule(
        id=id,
        title=id,
        why="timed",
        metric=metric,
        window=window,
        scope="account",
        direction="under" if under else "over",
        ladder=ladder,
        stale_after_seconds=10.0,
        on_unknown=OnUnknown.IGNORE,
        clears="operator",
        armed=False,
    )


FOUR = (
    rule("drawdown-1h", "drawdown", HOUR),
    rule("drawdown-hwm", "drawdown", Window("hwm")),
    rule("correlation", "correlation", Window()),
    rule("cvar", "cvar", Window()),
)
MEASURES = tuple(BY_NAME[own.metric].measure for own in FOUR)


def policy(name: str = ACCOUNT) -> AccountPolicy:
    """An account that guardian may only watch."""
    return AccountPolicy(
        name=name,
        venue="bybit",
        currency="USDT",
        has_hands=False,
        has_admin=False,
        own_keys=(),
        bot_keys=(),
        secret_ref="",
        order_prefixes=(),
        halt_targets=(),
        flatten_deadline_seconds=60.0,
        slippage=0.02,
        snapshot_seconds=1.0,
    )


def filled(market: Market) -> AccountState:
    """The account as of the first tick: every cell and every NAV before it went through the folds."""
    account = AccountState(policy(), START)
    for seen in reads(market):
        account = learned(account, seen)
    return replace(account, rules=tuple(_fallen_from(market, own) for own in FOUR))


def learned(account: AccountState, seen: Snapshot, nav: Nav | None = None) -> AccountState:
    """What a read teaches, in one new state as in observe.py: about the prices, and about the NAV if any."""
    book = correlation.fold_correlations(account.correlations, seen, account.markets)
    return replace(
        account,
        correlations=book,
        returns=returns.fold_returns(account.returns, account.correlations, book),
        evidence=replace(account.evidence, wallet=seen.wallet, positions=seen.positions or ()),
        nav=nav,
        rules=account.rules if nav is None else baseline.fold_baselines(account, nav, FOUR),
    )


def _fallen_from(market: Market, own: Rule) -> RuleState:
    """What a loss rule compares with, after all NAVs before the first tick."""
    known: Baseline | None = None
    if own.window.kind != "none":
        for index, nav in enumerate(market.navs[: -market.sizes.ticks].tolist()):
            known = baseline.fold_baseline(known, own.window, market.nav_at(index), nav)
    return replace(blank(own), baseline=known)


def ticked(account: AccountState, seen: Snapshot, nav: Nav) -> AccountState:
    """One second: the folds. One in 300 ends a cell, one in 3,600 an hour; the others bring only marks."""
    return learned(account, seen, nav)


def measured(account: AccountState, now: datetime) -> tuple[float, ...]:
    """One second: the four measures."""
    asked = zip(MEASURES, FOUR, account.rules, strict=True)
    return tuple([_value(measure(View(account, own, kept, now))) for measure, own, kept in asked])


def _value(found: Measured) -> float:
    if isinstance(found, Unknown):
        raise GuardianError(f"a metric that should be known is not: {found.why}")
    return found.value
