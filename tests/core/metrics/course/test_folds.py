"""A replay may leave out what none of its rules reads: each metric says what it reads, and that is true."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from guardian.core.events import Configured
from guardian.core.facts.calls import Api
from guardian.core.memory import Course
from guardian.core.metrics import METRICS, Metric, View
from guardian.core.metrics.folds import needed
from guardian.core.metrics.metric import ASKED_FOR, COURSE, FOLDS
from guardian.core.model import Call, LedgerKind, Rule, Window
from guardian.core.state import AccountState
from tests.core.build import START, Desk, at, policy, position, read, row, rule, rung

CELL_SECONDS = 300
READS = 70
BASES = ("BTC", "ETH", "SOL")
KINDS = {"sliding": Window("sliding", 3600.0), "session": Window("session"), "hwm": Window("hwm")}
DECLARED = [metric for metric in METRICS if metric.reads != FOLDS]


def judging(metric: Metric, **changes: Any) -> Rule:
    window = KINDS.get(metric.windows[0], Window())
    return rule(rung(0.5, "caution"), id=metric.name, metric=metric.name, window=window, **changes)


def lived(rules: tuple[Rule, ...], folds: tuple[str, ...] | None) -> Desk:
    """Some hours of three coins, with requests, fees, margin in use, and a loss at the end."""
    desk = Desk()
    desk.send(Configured(START, "desk-1", "hash", (policy(),), rules, folds))
    for n in range(READS):
        swing = 0.01 * (n % 7) + 0.02 * (n % 2) - (0.05 if n == READS - 1 else 0.0)
        marks = [round(100 * (1 + swing + 0.001 * (n * k % 5)), 6) for k in range(1, len(BASES) + 1)]
        legs = tuple(
            position(f"{base}/USDT:USDT", 1, mark, entry=100) for base, mark in zip(BASES, marks, strict=True)
        )
        seen, fee = read(n * CELL_SECONDS, legs, cash=1000 - n), row(f"fee-{n}", -1, LedgerKind.FEE)
        assert seen.wallet is not None
        desk.see(
            replace(
                seen,
                wallet=replace(seen.wallet, initial_margin=seen.wallet.position_margin),
                ledger=(replace(fee, at=at(n * CELL_SECONDS)),) if n else (),
                calls=(Call("wallet", 0.1 + 0.01 * (n % 3)),),
            )
        )
    return desk


class Witness:
    """An account that remembers what it was asked for; of its course, which part."""

    def __init__(self, account: AccountState) -> None:
        self._account, self.asked = account, set[str]()

    def __getattr__(self, name: str) -> Any:
        if name == "course":
            return CourseWitness(self._account.course, self.asked)
        self.asked.add(name)
        return getattr(self._account, name)


class CourseWitness:
    def __init__(self, course: Course, asked: set[str]) -> None:
        self._course, self._asked = course, asked

    def __getattr__(self, name: str) -> Any:
        self._asked.add(name if name in COURSE else "course")
        return getattr(self._course, name)


def told(account: AccountState, fold: str) -> Any:
    """What an account remembers by this fold; `course` is all of it but what has a fold of its own."""
    if fold in COURSE:
        return getattr(account.course, fold)
    if fold == "course":
        return replace(account.course, track=(), used=(), using=None, absorbed=None)
    return getattr(account, fold)


@cache
def everything() -> Desk:
    return lived(tuple(judging(metric) for metric in METRICS), None)


def test_the_account_of_these_tests_remembers_something_of_every_kind() -> None:
    account = everything().account

    assert all(told(account, fold) not in (None, (), Api(), Course()) for fold in (*FOLDS, *ASKED_FOR))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_reads_no_more_than_it_says(metric: Metric) -> None:
    desk = everything()
    own, witness = desk.account.rule(metric.name), Witness(desk.account)
    assert own is not None

    seen: Any = witness
    metric.measure(View(seen, judging(metric), own, at(READS * CELL_SECONDS)))

    assert witness.asked & {*FOLDS, *ASKED_FOR} <= set(metric.reads)


@pytest.mark.parametrize(
    "own",
    [
        *(judging(metric) for metric in DECLARED),
        *(judging(metric, gamma=0.25) for metric in DECLARED if metric.name in ("drawdown", "leverage")),
        *(judging(metric, clears="auto") for metric in DECLARED if metric.name == "daily_loss"),
        *(judging(metric, scope="cluster") for metric in DECLARED if "cluster" in metric.scopes),
    ],
    ids=lambda own: f"{own.id}-{own.scope}-{own.gamma:g}-{own.clears}",
)
def test_what_a_rule_concludes_does_not_depend_on_the_rest(own: Rule) -> None:
    kept = needed((own,))
    whole, lean = lived((own,), None), lived((own,), kept)

    assert (whole.account.rules, whole.effects) == (lean.account.rules, lean.effects)
    assert whole.account.overheat == lean.account.overheat
    assert all(
        told(lean.account, fold) == told(AccountState(policy(), START), fold)
        for fold in (*FOLDS, *ASKED_FOR)
        if fold not in kept
    )


def test_who_does_not_say_what_it_reads_is_given_everything() -> None:
    silent = next(metric for metric in METRICS if metric.reads == FOLDS)

    assert FOLDS == needed((judging(silent),))
    assert () == needed(())


def test_live_everything_is_remembered_whatever_the_rules_but_what_must_be_asked_for() -> None:
    account = lived((), None).account

    assert all(told(account, fold) not in (None, (), Api(), Course()) for fold in FOLDS)
    assert all(told(account, fold) == () for fold in ASKED_FOR)
