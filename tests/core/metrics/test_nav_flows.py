"""M01: what a unit was worth when money crossed the border, though a read lacked a part or told a phantom."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from guardian.core.metrics.nav import fold_nav
from guardian.core.model import LedgerKind, Part
from tests.core.build import position, read, row, says, without
from tests.core.metrics.test_nav import cash, fold


@pytest.mark.parametrize("phantom", ["positions", "wallet"])
def test_a_flow_that_comes_during_a_phantom_is_unitised_at_what_was_told_before(phantom: str):
    """At a phantom NAV it would buy too many units, and every later one would show a false loss."""
    held = position(quantity=1, mark=1000)
    fell = replace(held, mark=Decimal(500)) if phantom == "positions" else held
    honest = [read(n, (held,), cash=1000) for n in range(5)]
    odd = read(5, (fell,), cash=1300, ledger=(row("d", 300, LedgerKind.FLOW),))
    odd = says(odd, 1300 if phantom == "positions" else 650)

    during, after = fold(*honest, odd), fold(*honest, odd, read(6, (held,), cash=1300))

    assert pytest.approx(100) == during.value
    assert pytest.approx(100) == after.value
    assert pytest.approx(13) == float(after.units)


@pytest.mark.parametrize("claims", [10_000, 1_000, 980])
def test_most_of_the_money_leaves_while_the_accounts_disagree_and_what_is_left_is_measured_right(claims: int):
    """A stale wallet, or a standing dispute: half of the rest lost is half, and nothing lost is none."""
    flow = row("w", -9000, LedgerKind.FLOW)
    calm = [read(n, cash=10_000) for n in range(5)]
    gone = [
        says(read(5, cash=1000, ledger=(flow,)), claims),
        *(says(read(n, cash=1000), claims) for n in range(6, 70)),
    ]

    assert pytest.approx(100) == fold(*calm, *gone, read(70, cash=1000)).value
    assert (
        pytest.approx(50)
        == fold(*calm, *gone, read(70, cash=500, ledger=(row("l", -500, LedgerKind.TRADE),))).value
    )


def test_money_that_leaves_while_the_positions_are_not_listed_neither_hides_a_loss_nor_makes_one():
    held, half = position(quantity=10, mark=100), position(quantity=10, mark=50, entry=100)
    flow = row("w", -9000, LedgerKind.FLOW)
    calm = [read(n, (held,), cash=10_000) for n in range(5)]
    blind = [without(read(n, (held,), cash=1000, ledger=(flow,)), Part.POSITIONS) for n in range(5, 40)]

    assert pytest.approx(100) == fold(*calm, *blind, read(40, (held,), cash=1000)).value
    assert pytest.approx(50) == fold(*calm, *blind, read(40, (half,), cash=1000)).value


@pytest.mark.parametrize("part", [Part.WALLET, None])
def test_a_withdrawal_in_an_unwatched_crash_makes_the_loss_no_larger_than_is_proven(part: Part | None):
    """It may have left before the fall or after it: only the smaller of the two losses is proven."""
    held, fell = position(quantity=10, mark=100), position(quantity=10, mark=90, entry=100)
    flow = row("w", -500, LedgerKind.FLOW)
    calm = [read(n, (held,), cash=1000) for n in range(5)]
    dark = [without(read(5, (fell,)), part)] if part else []

    gone = read(40, (fell,), cash=500, ledger=(flow,))
    nav = fold(*calm, *dark, without(gone, part) if part else gone, read(41, (fell,), cash=500))

    assert pytest.approx(90) == nav.value


def test_a_withdrawal_that_a_wallet_tells_without_positions_makes_the_loss_no_larger_than_is_proven():
    held, fell = position(quantity=10, mark=100), position(quantity=10, mark=90, entry=100)
    flow = row("w", -500, LedgerKind.FLOW)
    calm = [read(n, (held,), cash=1000) for n in range(5)]

    gone = without(read(40, (fell,), cash=500, ledger=(flow,)), Part.POSITIONS)
    nav = fold(*calm, gone, read(41, (fell,), cash=500))

    assert pytest.approx(90) == nav.value


def test_a_deposit_in_an_unwatched_crash_makes_the_loss_no_larger_than_is_proven():
    held, fell = position(quantity=10, mark=100), position(quantity=10, mark=90, entry=100)
    flow = row("d", 1000, LedgerKind.FLOW)
    calm = [read(n, (held,), cash=1000) for n in range(5)]

    nav = fold(*calm, read(40, (fell,), cash=2000, ledger=(flow,)))

    assert pytest.approx(95) == nav.value


@pytest.mark.parametrize("claims", [-500, 0, None])
def test_a_withdrawal_that_no_equity_is_told_with_waits_for_one_that_prices_it(claims: int | None):
    """Nobody withdraws from a debt: such a wallet is a phantom, and no price for a flow; nor is none."""
    held, fell = position(quantity=10, mark=100), position(quantity=10, mark=97, entry=100)
    calm = [read(n, (held,), cash=1000) for n in range(5)]
    gone = without(read(6, (fell,), cash=750, ledger=(row("w", -250),)), Part.POSITIONS)
    told = without(gone, Part.WALLET) if claims is None else says(gone, claims)

    nav = fold(*calm, told, read(7, (fell,), cash=750))

    assert pytest.approx(97) == nav.value
    assert () == nav.waiting


def test_withdrawing_everything_in_a_read_that_tells_no_equity_closes_the_epoch_with_the_next():
    gone = without(cash(1, 0, row("w", -1000)), Part.POSITIONS, Part.WALLET)

    nav = fold(cash(0, 1000), gone)

    assert fold_nav(nav, cash(2, 0), cash(2, 0).wallet) is None


@pytest.mark.parametrize("claims", [-500, 0])
@pytest.mark.parametrize("missing", [(Part.WALLET, Part.POSITIONS), (Part.POSITIONS,), (Part.WALLET,)])
def test_a_debt_that_positions_alone_have_claimed_is_no_price_of_a_withdrawal(
    missing: tuple[Part, ...], claims: int
):
    held, debt = position(quantity=10, mark=200), position(quantity=10, mark=100 + claims // 10, entry=200)
    calm = [read(n, (held,), cash=1000) for n in range(5)]
    taken = without(read(6, (held,), cash=750, ledger=(row("w", -250),)), *missing)

    nav = fold(*calm, without(read(5, (debt,)), Part.WALLET), taken, read(7, (held,), cash=750))

    assert pytest.approx(100) == nav.value


@pytest.mark.parametrize("left", [0, -50])
@pytest.mark.parametrize("polls", [1, 2])
def test_who_fills_up_an_account_that_has_lost_everything_has_won_nothing_back(left: int, polls: int):
    """A unit was worth nothing: at that price a deposit buys no end of them, and the loss stays one."""
    ruined, money = position(quantity=20, mark=50 + left / 20, entry=100), 1000 - left
    calm = [read(n, (position(quantity=20, mark=100),), cash=1000) for n in range(5)]
    between = [read(5, (ruined,), cash=1000)] * (polls - 1)
    filled = read(6, (ruined,), cash=1000 + money, ledger=(row("d", money, LedgerKind.FLOW),))

    after = fold(*calm, *between, filled)
    closed = row("l", -500 - money, LedgerKind.TRADE)
    half = fold(*calm, *between, filled, read(7, cash=500, ledger=(closed,)))

    assert 0 < after.value < 1e-6
    assert pytest.approx(0.5) == half.value / after.value
