"""The rules that a scenario may have: small packs like the shipped ones, with limits that vary."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Literal

from guardian.core.model import Level, OnUnknown, Rule, Rung, Window

Wide = Literal["portfolio", "mandate", "venue"]


def draw_rules(rng: random.Random) -> tuple[Rule, ...]:
    """Integrity is always there, as it is for users; a loss rule nearly always; the rest now and then."""
    rules = [_integrity()]
    rules.append(_loss(rng))
    if rng.random() < 0.35:
        rules.append(_margin(rng))
    if rng.random() < 0.25:
        rules.append(_exposure(rng))
    if rng.random() < 0.3:
        rules.append(_age(rng))
    return tuple(rules)


def _rule(id: str, metric: str, ladder: tuple[Rung, ...], **more: object) -> Rule:
    values: dict[str, object] = {
        "window": Window(),
        "on_unknown": OnUnknown.CAUTION,
        "stale_after_seconds": 10.0,
        **more,
    }
    return Rule(
        id=id,
        title=id,
        why="simulated",
        metric=metric,
        scope="account",
        direction="over",
        ladder=ladder,
        clears="operator",
        armed=True,
        **values,  # type: ignore[arg-type]
    )


def _integrity() -> Rule:
    ladder = (Rung(0.01, Level.CAUTION, 5.0), Rung(0.01, Level.HALT, 20.0))
    return _rule("integrity", "unexplained", ladder)


def _loss(rng: random.Random) -> Rule:
    hard = rng.choice((0.04, 0.05, 0.08))
    hold = rng.choice((0.0, 2.0, 4.0))
    last = rng.choices((Level.HALT, Level.FLATTEN, Level.LOCKOUT), (1, 3, 4))[0]
    rungs = [Rung(hard * 0.5, Level.CAUTION, hold)]
    if rng.random() < 0.4:
        rungs.append(Rung(hard * 0.65, Level.HALT, hold))
    if rng.random() < 0.5 and last is not Level.HALT:
        rungs.append(Rung(hard * 0.75, Level.REDUCE, hold, to=rng.choice((0.0, 0.5))))
    rungs.append(Rung(hard, last, hold))
    window = rng.choice((Window("sliding", 3600.0), Window("hwm"), Window("sliding", 900.0)))
    blind = rng.choice((OnUnknown.CAUTION, OnUnknown.HALT, OnUnknown.IGNORE))
    stale = rng.choice((6.0, 10.0, 20.0))
    return _rule("loss", "drawdown", tuple(rungs), window=window, on_unknown=blind, stale_after_seconds=stale)


def draw_burst(rng: random.Random) -> Rule:
    """A loss within seconds, which is soon forgotten, and ends by itself as soon."""
    hard, hold = rng.choice((0.03, 0.04, 0.05)), rng.choice((0.0, 1.0, 2.0))
    rungs = [Rung(hard * 0.5, Level.CAUTION, hold)]
    rungs.append(
        rng.choice((Rung(hard * 0.75, Level.HALT, hold), Rung(hard * 0.75, Level.REDUCE, hold, to=0.5)))
    )
    rungs.append(Rung(hard, Level.REDUCE, hold, to=0.0))
    rule = _rule("burst", "drawdown", tuple(rungs), window=Window("sliding", rng.choice((6.0, 10.0))))
    cooldown, gamma = rng.choice((2.0, 4.0, 8.0)), rng.choice((0.0, 0.25))
    return replace(rule, clears="auto", cooldown_seconds=cooldown, gamma=gamma)


def draw_symbol(rng: random.Random) -> Rule:
    """One asset is too large: only it is halted, and only it is made smaller."""
    return _slice(rng, "symbol", rng.choice((0.7, 1.0, 1.3)))


def draw_cluster(rng: random.Random) -> Rule:
    """What moves together is too large; what moves apart from it is left alone."""
    return _slice(rng, "cluster", rng.choice((0.8, 1.2, 1.6)))


def _slice(rng: random.Random, scope: Literal["symbol", "cluster"], hard: float) -> Rule:
    hold = rng.choice((0.0, 2.0))
    rungs = (
        Rung(hard * 0.7, Level.CAUTION, hold),
        Rung(hard * 0.85, Level.HALT, hold),
        Rung(hard, Level.REDUCE, hold, to=rng.choice((0.0, 0.5))),
    )
    rule = _rule("asset", "gross_exposure", rungs[rng.choice((0, 1)) :])
    return replace(rule, scope=scope, only=rng.choice(((), (), ("BTC", "SOL"))))


def draw_together(rng: random.Random, scope: Wide) -> Rule:
    """A loss of several accounts as one: of all, of one client's, or of those that fail together.

    What flattens is held for as long as one of them may be unseen, as in the shipped packs, or not at all: a
    member that is not read in time proves no loss of the others.
    """
    hard, hold = rng.choice((0.03, 0.04, 0.06)), rng.choice((2.0, 5.0))
    last = rng.choice((Level.HALT, Level.FLATTEN)) if scope == "portfolio" else Level.FLATTEN
    held = rng.choice((0.0, 10.0)) if last is Level.FLATTEN else hold
    rungs = (Rung(hard * 0.5, Level.CAUTION, hold), Rung(hard, last, held))
    rule = _rule("together", "drawdown", rungs, window=rng.choice((Window("hwm"), Window("sliding", 900.0))))
    return replace(rule, scope=scope, only=rng.choice(((), (), ("west",))) if scope == "venue" else ())


def draw_strategies(rng: random.Random, prefixes: tuple[str, ...]) -> tuple[Rule, ...]:
    """What strategies lose, each by itself or several in one pair, and what is no strategy's."""
    rules = [_strategy(rng, prefixes)]
    if rng.random() < 0.4:
        rules.append(_pair(rng))
    if rng.random() < 0.3:
        rungs = (Rung(2.0, Level.CAUTION, 2.0),)
        rules.append(_of_fills(rng, "converging", "pair_convergence", rungs))
    if rng.random() < 0.3:
        rule = _of_fills(rng, "nobodys", "unattributed_share", (Rung(0.01, Level.CAUTION, 2.0),))
        rules.append(replace(rule, window=Window("sliding", rng.choice((20.0, 3600.0)))))
    return tuple(rules)


def _strategy(rng: random.Random, prefixes: tuple[str, ...]) -> Rule:
    """Mostly each of them by itself; else one of them, which then halts the account."""
    hard, hold = rng.choice((0.01, 0.02, 0.04)), rng.choice((0.0, 2.0))
    rungs = (
        Rung(hard * 0.5, Level.CAUTION, hold),
        Rung(hard * 0.75, Level.HALT, hold),
        Rung(hard, Level.REDUCE, hold, to=rng.choice((0.0, 0.5))),
    )
    chosen = rungs if rng.random() < 0.4 else (rungs[0], rungs[2])
    window = Window("sliding", rng.choices((12.0, 900.0, 3600.0), (1, 2, 4))[0])
    whole = rng.random() < 0.2
    rule = _of_fills(rng, "strategy", "strategy_drawdown", rungs[:2] if whole else chosen)
    one = prefixes[: rng.choice((0, 0, 1))]
    if whole:
        return replace(rule, window=window, of=prefixes[0])
    return replace(rule, window=window, scope="strategy", only=one)


def _pair(rng: random.Random) -> Rule:
    """What everybody lost in one pair; where the rule is of scope symbol, only that one is dealt with."""
    hard, hold = rng.choice((0.015, 0.03)), rng.choice((0.0, 2.0))
    worst = Rung(hard, Level.REDUCE, hold, to=0.5) if rng.random() < 0.5 else Rung(hard, Level.HALT, hold)
    rule = _of_fills(rng, "pair", "pair_drawdown", (Rung(hard * 0.5, Level.CAUTION, hold), worst))
    return replace(rule, scope=rng.choice(("symbol", "symbol", "account")))


def _of_fills(rng: random.Random, id: str, metric: str, rungs: tuple[Rung, ...]) -> Rule:
    blind = rng.choice((OnUnknown.CAUTION, OnUnknown.HALT, OnUnknown.IGNORE))
    return _rule(id, metric, rungs, on_unknown=blind, stale_after_seconds=rng.choice((12.0, 20.0)))


def _margin(rng: random.Random) -> Rule:
    last = rng.choice((Level.REDUCE, Level.FLATTEN))
    rungs = (
        Rung(0.3, Level.CAUTION, 2.0),
        Rung(0.5, Level.HALT, 2.0),
        Rung(0.8, last, 1.0, to=0.5 if last is Level.REDUCE else None),
    )
    return _rule("margin", "margin_ratio", rungs)


def _exposure(rng: random.Random) -> Rule:
    hard = rng.choice((4.0, 6.0))
    rungs = (
        Rung(hard * 0.7, Level.CAUTION, 1.0),
        Rung(hard * 0.85, Level.HALT, 1.0),
        Rung(hard, Level.FLATTEN, 1.0),
    )
    return _rule("exposure", "gross_exposure", rungs)


def _age(rng: random.Random) -> Rule:
    limit = rng.choice((8.0, 15.0))
    return _rule("blind", "data_age", (Rung(limit, Level.HALT, 0.0),), on_unknown=OnUnknown.HALT)
