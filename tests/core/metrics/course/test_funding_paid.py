"""M24, realised: what funding has taken, a day, over equity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.funding_paid import MAXIMUM_MINUTES, fold_funding
from guardian.core.model import AtLeast, Known, LedgerEntry, LedgerKind, Measured, Unknown, Window
from tests.core.build import ACCOUNT, Desk, at, read, row, rule, rung

HOUR = 3600.0
DAY = 24 * HOUR


def desk(hours: float = 24, since: float = -3 * DAY, cash: float = 50_000) -> Desk:
    window = Window("sliding", hours * HOUR)
    on = rule(rung(0.5, "halt"), id="m", metric="funding_paid", window=window, stale_after_seconds=HOUR)
    found = Desk(on).warm(cash=cash)
    (account,) = found.state.accounts
    found.state = replace(found.state, accounts=(replace(account, watched_since=at(since)),))
    return found


def paid(id: str, change: float, second: float, kind: LedgerKind = LedgerKind.FUNDING) -> LedgerEntry:
    return replace(row(id, change, kind), at=at(second))


def value(on: Desk, second: float, *rows: LedgerEntry, cash: float = 50_000) -> Measured:
    on.see(read(second, ledger=rows, cash=cash))
    return on.account.rules[0].measured


def test_vector_a_day_of_three_payments():
    """metrics.md M24: a long of 50 000 pays 5.00 at 0.01 %; three times a day over 50 000 is 3 bps."""
    on = desk()
    cash = 50_000.0
    for n in range(3):
        cash -= 5
        got = value(on, 8 * HOUR * n, paid(str(n), -5, 8 * HOUR * n), cash=cash)

    assert isinstance(got, Known)
    assert got.value == pytest.approx(15 / cash, rel=1e-6)
    assert value(on, 24 * HOUR - 1, cash=cash) == Known(pytest.approx(15 / cash, rel=1e-6))
    assert value(on, 24 * HOUR, cash=cash) == Known(pytest.approx(10 / cash, rel=1e-6))


def test_what_is_received_makes_up_for_what_is_paid_and_is_no_cost():
    on = desk()
    value(on, 60, paid("1", -5, 60), cash=49_995)

    assert value(on, 120, paid("2", 3, 120), cash=49_998) == Known(pytest.approx(2 / 49_998, rel=1e-6))
    assert value(on, 180, paid("3", 9, 180), cash=50_007) == Known(0.0)


@pytest.mark.parametrize("kind", [LedgerKind.TRADE, LedgerKind.FEE, LedgerKind.FLOW, LedgerKind.OTHER])
def test_only_funding_counts(kind: LedgerKind):
    assert value(desk(), 60, paid("1", -5, 60, kind), cash=49_995) == Known(0.0)


def test_a_shorter_window_counts_as_if_each_hour_cost_as_much():
    got = value(desk(hours=8), 60, paid("1", -5, 60), cash=49_995)

    assert got == Known(pytest.approx(3 * 5 / 49_995, rel=1e-6))


def test_a_deposit_moves_nothing():
    on = desk()
    value(on, 60, paid("1", -500, 60), cash=49_500)
    before = value(on, 61, cash=49_500)
    after = value(on, 62, paid("2", 49_500, 62, LedgerKind.FLOW), cash=99_000)

    assert isinstance(before, Known)
    assert after == Known(pytest.approx(before.value))


def test_a_row_counts_once_however_often_it_comes():
    on, one = desk(), paid("1", -5, 60)
    first = value(on, 60, one, cash=49_995)

    assert value(on, 61, one, cash=49_995) == first


def test_a_window_that_is_not_known_wholly_is_a_bound():
    young = value(desk(since=-HOUR), 60, paid("1", -5, 60), cash=49_995)
    long = value(desk(hours=48), 60, cash=50_000)

    assert isinstance(young, AtLeast)
    assert young.filling
    assert young.value > 0
    assert long == AtLeast(0.0, "only 25 h are remembered")


def test_nothing_is_known_before_the_wallet_and_without_the_ledger():
    fresh = Desk(rule(rung(0.5, "halt"), id="m", metric="funding_paid", window=Window("sliding", DAY)))
    fresh.see(replace(read(0), wallet=None))
    assert isinstance(fresh.account.rules[0].measured, Unknown)

    on = desk()
    on.see(replace(read(2 * HOUR), ledger=None))
    assert isinstance(on.account.rules[0].measured, Unknown)


def minutes(rows: tuple[LedgerEntry, ...]) -> Any:
    on = desk()
    nav = on.account.nav
    return fold_funding((), nav, replace(read(0, ledger=rows), account=ACCOUNT, asked_at=at(10 * HOUR)), nav)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(-99, 99)), max_size=30), st.randoms())
def test_the_order_of_rows_changes_nothing_and_all_are_in_it(rows: list[tuple[int, int]], chance: Any):
    told = [paid(str(n), change, 60 * minute) for n, (minute, change) in enumerate(rows)]
    shuffled = list(told)
    chance.shuffle(shuffled)

    found, again = minutes(tuple(told)), minutes(tuple(shuffled))

    assert [m for m, _ in found] == [m for m, _ in again] == sorted({m for m, _ in found})
    assert [p for _, p in found] == pytest.approx([p for _, p in again])
    if len(found) < MAXIMUM_MINUTES:
        assert sum(p for _, p in found) == pytest.approx(sum(c for _, c in rows) / 500)


def test_minutes_are_bounded():
    many = tuple(paid(str(n), -1, 60 * n) for n in range(MAXIMUM_MINUTES + 50))

    assert len(minutes(many)) == MAXIMUM_MINUTES
