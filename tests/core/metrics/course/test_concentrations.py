"""M12 by quote currency and by stablecoin; by venue see tests/core/groups/test_venues.py."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.model import AtLeast, Balance, Known, LedgerKind, Level, Measured, Position, Snapshot
from tests.core.build import Desk, money, position, read, row, rule, rung, wallet

BOTH = ("quote_concentration", "stablecoin_concentration")


def found(name: str, *snapshots: Snapshot) -> Measured:
    desk = Desk(rule(rung(0.9, "halt"), id="m", metric=name))
    for snapshot in snapshots:
        desk.see(snapshot)
    return desk.account.rules[0].measured


def coins(second: float = 0, *legs: Position, **quantities: float) -> Snapshot:
    """Dollars at one, all else at 100; the equity is all of it."""
    held = tuple(
        Balance(name, money(quantity), Decimal(1 if "USD" in name or name == "DAI" else 100))
        for name, quantity in quantities.items()
    )
    worth = sum((b.quantity * b.price for b in held), Decimal(0)) + sum(p.open_pnl for p in legs)
    return read(second, legs, wallet=wallet(worth, balances=held))


def legs_of(**worth: float) -> tuple[Position, ...]:
    return tuple(
        position(f"{name}/{quote}:{quote}", n / 100, 100, settle=quote)
        for key, n in worth.items()
        for name, quote in [key.split("_")]
    )


# --- quotes -------------------------------------------------------------------------------------------


def quoted(*legs: Position) -> Measured:
    return found("quote_concentration", read(0, legs))


def test_vector_of_three_quotes_the_largest_is_half():
    """The shares of metrics.md M12, by quote."""
    assert Known(0.5) == quoted(*legs_of(A_USDT=500, B_USDC=300, C_USDQ=200))


def test_legs_in_one_quote_add_up_and_never_net():
    assert Known(0.75) == quoted(*legs_of(A_USDT=500, B_USDT=-250, A_USDC=-250))


def test_an_inverse_contract_is_quoted_in_dollars():
    """300 dollars of a coin that pays in itself, beside 100 of USDT."""
    inverse = position("BTC/USD:BTC", 300, 100, inverse=True, settle="BTC")

    assert Known(0.75) == quoted(inverse, *legs_of(A_USDT=100))


def test_without_contracts_there_is_no_quote():
    assert Known(0.0) == quoted()
    assert Known(0.0) == found("quote_concentration", coins(BTC=5, USDT=500))


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 900)), min_size=1, max_size=8))
def test_it_is_the_largest_sum_over_all(rows: list[tuple[str, int]]):
    legs = tuple(
        position(f"X{i}/USD{quote}:USD{quote}", n, 100, settle=f"USD{quote}")
        for i, (quote, n) in enumerate(rows)
    )
    sums = {quote: sum(n for q, n in rows if q == quote) for quote, _ in rows}

    assert Known(pytest.approx(max(sums.values()) / sum(sums.values()))) == quoted(*legs)


# --- stablecoins --------------------------------------------------------------------------------------


def stable(*snapshots: Snapshot) -> Measured:
    return found("stablecoin_concentration", *snapshots)


def test_vector_of_three_stablecoins_the_largest_is_half():
    assert Known(0.5) == stable(coins(USDT=500, USDC=300, DAI=200))


def test_it_is_of_the_whole_equity():
    assert Known(0.4) == stable(coins(USDT=400, BTC=6))


def test_the_reporting_currency_is_a_stablecoin_and_a_dollar_at_a_bank_is_none():
    assert Known(1.0) == stable(read(0))
    assert Known(0.0) == stable(coins(USD=1000))


def test_what_is_owed_in_one_makes_the_other_weigh_more():
    """1,500 of one against 500 owed of the other: without the first the account owes half of what it was."""
    assert Known(1.5) == stable(coins(USDT=-500, USDC=1500))


def test_open_gains_are_of_the_coin_that_they_are_paid_in():
    gain = position("BTC/USDC:USDC", 1, 300, entry=100, settle="USDC")

    assert Known(0.55) == stable(coins(0, gain, USDT=450, USDC=350))


def test_one_that_has_lost_its_peg_counts_at_its_price():
    seen = read(0, wallet=wallet(1000, balances=(
        Balance("USDT", Decimal(550), Decimal(1)), Balance("USDC", Decimal(500), Decimal("0.9")),
    )))  # fmt: skip

    assert Known(0.55) == stable(seen)


def test_one_without_a_price_may_be_the_largest():
    unpriced = (Balance("USDT", Decimal(1000), Decimal(1)), Balance("USDC", Decimal(9000), Decimal(0)))

    found = stable(read(0, wallet=wallet(1000, balances=unpriced)))
    assert AtLeast(1.0, "no price of USDC") == found


def test_a_disputed_equity_proves_what_is_beyond_the_difference():
    """A wallet that tells 4,000 where the ledger explains 1,000: what it says of its coins is not proven."""
    desk = Desk(rule(rung(0.9, "halt"), id="m", metric="stablecoin_concentration")).warm()
    desk.see(coins(0, USDT=4000))

    found = desk.account.rules[0].measured
    assert isinstance(found, AtLeast)
    assert pytest.approx(0.25) == found.value


def test_a_deposit_of_the_same_mixture_moves_nothing():
    desk = Desk(rule(rung(0.9, "halt"), id="m", metric="stablecoin_concentration"))
    for second in range(6):
        desk.see(coins(second, USDT=600, USDC=400))
    flows = (row("a", 600, LedgerKind.FLOW), row("b", 400, LedgerKind.FLOW, "USDC"))
    seen = coins(6, USDT=1200, USDC=800)
    desk.see(Snapshot(seen.account, seen.asked_at, seen.wallet, (), (), flows))

    assert Known(0.6) == desk.account.rules[0].measured


@pytest.mark.parametrize("name", BOTH)
def test_they_go_no_further_than_halt(name: str):
    desk = Desk(rule(rung(0.9, "halt"), id="m", metric=name)).warm(*legs_of(A_USDT=500))

    assert Level.HALT is desk.level
