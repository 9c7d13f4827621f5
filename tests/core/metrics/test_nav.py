"""M01: equity unitised like a fund, with two accounts of it. Flows move no rule; phantoms prove nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.memory import Nav
from guardian.core.metrics.nav import agree, fold_nav, reanchored
from guardian.core.model import Balance, LedgerKind, Part, Snapshot, Wallet
from tests.core.build import money, position, read, row, says, wallet, without


def fold(*snapshots: Snapshot) -> Nav:
    """What observing does: each read against the newest good wallet."""
    nav: Nav | None = None
    newest: Wallet | None = None
    for snapshot in snapshots:
        newest = snapshot.wallet or newest
        nav = fold_nav(nav, snapshot, newest)
    assert nav is not None
    return nav


def cash(seconds: float, amount: float | str, *rows: Any) -> Snapshot:
    return read(seconds, cash=amount, ledger=rows)


# --- the vectors of metrics.md M01 --------------------------------------------------------------------


def test_vector_1_a_deposit_buys_units_at_the_price_before_it():
    """U=10, E=1000; deposit 500 gives U=15, N=100; E to 1350 gives N=90."""
    deposited = fold(cash(0, 1000), cash(1, 1500, row("d", 500)))
    lost = fold(cash(0, 1000), cash(1, 1500, row("d", 500)), cash(2, 1350, row("t", -150, LedgerKind.TRADE)))

    assert (Decimal(15), 100.0) == (deposited.units, deposited.value)
    assert pytest.approx(90.0, abs=1e-9) == lost.value


def test_vector_2_a_deposit_after_a_gain_buys_fewer_units():
    """U=10, E=1100 (N=110); deposit 1100 gives U=20; E to 1980 gives N=99."""
    nav = fold(
        cash(0, 1000),
        cash(1, 1100, row("t", 100, LedgerKind.TRADE)),
        cash(2, 2200, row("d", 1100)),
        cash(3, 1980, row("u", -220, LedgerKind.TRADE)),
    )

    assert Decimal(20) == nav.units
    assert pytest.approx(99.0, abs=1e-9) == nav.value


def test_vector_3_a_withdrawal_sells_units():
    """E=1000, withdraw 400 gives E=600, U=6, N=100."""
    nav = fold(cash(0, 1000), cash(1, 600, row("w", -400)))

    assert (Decimal(6), 100.0) == (nav.units, nav.value)


def test_fees_funding_and_trades_are_performance_not_flows():
    rows = (row("f", -10, LedgerKind.FEE), row("g", -10, LedgerKind.FUNDING), row("o", -10, LedgerKind.OTHER))

    nav = fold(cash(0, 1000), cash(1, 970, *rows))

    assert (Decimal(10), 97.0) == (nav.units, nav.value)


# --- two accounts of the same equity ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "explained", "expected"),
    [
        (1000, 1000, True),
        (1000, 990, True),
        (1000, "989.99", False),
        (-100, -100, True),
        (0, 0, True),
        (0, 1, False),
    ],
)
def test_accounts_agree_within_one_percent_of_the_larger(raw: Any, explained: Any, expected: bool):
    assert expected is agree(money(raw), money(explained))


def test_open_pnl_at_mark_is_in_both_accounts():
    nav = fold(read(0, (position(mark=100),)), read(1, (position(mark=60, entry=100),)))

    assert (Decimal(960), Decimal(960), True) == (nav.raw, nav.explained, nav.agreed)
    assert pytest.approx(96.0, abs=1e-9) == nav.value


@pytest.mark.parametrize("claimed", [400, 0, -50, 5000])
def test_a_wallet_alone_proves_no_loss(claimed: float):
    """A phantom equity read: positions and ledger explain 1000, so 1000 is what is left at least."""
    nav = fold(cash(0, 1000), says(cash(1, 1000), claimed))

    assert not nav.agreed
    assert nav.value >= 100.0


def test_a_disputed_loss_counts_as_far_as_both_prove_it():
    """Positions show -6 %, the wallet -30 %: six is proven."""
    nav = fold(read(0, (position(mark=100),)), says(read(1, (position(mark=40, entry=100),)), 700))

    assert not nav.agreed
    assert pytest.approx(94.0, abs=1e-9) == nav.value


def test_without_a_wallet_positions_at_mark_still_tell_and_say_so():
    nav = fold(read(0, (position(mark=100),)), without(read(1, (position(mark=40, entry=100),)), Part.WALLET))

    assert (None, 1, False) == (nav.raw, nav.sides, nav.agreed)
    assert pytest.approx(94.0, abs=1e-9) == nav.value


def test_without_positions_the_nav_keeps_its_age_but_books_the_rows():
    blind = without(cash(1, 500, row("w", -500)), Part.POSITIONS)

    nav = fold(cash(0, 1000), blind)
    later = fold(cash(0, 1000), blind, cash(2, 500))

    assert read(0).asked_at == nav.at
    assert 100.0 == nav.value
    assert (100.0, True) == (later.value, later.agreed)


# --- flows, early and late ----------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "change"), [(500, -500), (1500, 500), (1, -999)])
def test_a_flow_whose_row_comes_with_the_read_moves_nothing(after: float, change: float):
    nav = fold(cash(0, 1000), cash(1, after, row("f", change)))

    assert pytest.approx(100.0, abs=1e-9) == nav.value
    assert nav.agreed


@pytest.mark.parametrize(("after", "change"), [(500, -500), (1500, 500)])
def test_a_flow_whose_row_comes_late_loses_nothing_and_heals_exactly(after: float, change: float):
    """Until the row comes the read is disputed: it can neither show a loss nor raise a peak."""
    late = [cash(i, after) for i in range(1, 6)]

    during = fold(cash(0, 1000), *late)
    healed = fold(cash(0, 1000), *late, cash(6, after, row("f", change)))

    assert during.value >= 100.0
    assert not during.agreed
    assert pytest.approx(100.0, abs=1e-9) == healed.value
    assert healed.agreed


@pytest.mark.parametrize("listed", [(), (Balance("BTC", money(0), money(0)),)])
def test_withdrawing_all_of_a_coin_is_no_loss_though_the_wallet_stops_listing_it(listed: tuple[Balance, ...]):
    """Venues drop a coin at zero, or list it without a price; its last price must outlive it."""
    coins = (Balance("USDT", money(1000), money(1)), Balance("BTC", money(1), money(60000)))
    rich = read(0, wallet=wallet(61000, balances=coins))

    left = wallet(1000, balances=(Balance("USDT", money(1000), money(1)), *listed))

    nav = fold(rich, replace(cash(1, 1000, row("w", -1, currency="BTC")), wallet=left))

    assert pytest.approx(100.0, abs=1e-9) == nav.value


def test_a_coin_gone_from_the_wallet_before_its_row_is_disputed_not_lost():
    coins = (Balance("USDT", money(1000), money(1)), Balance("BTC", money(1), money(60000)))
    rich = read(0, wallet=wallet(61000, balances=coins))

    nav = fold(rich, cash(1, 1000))

    assert not nav.agreed
    assert pytest.approx(100.0, abs=1e-9) == nav.value


def test_a_deposit_of_a_coin_never_priced_before_is_no_profit():
    """The row came in a read whose wallet failed: the coin's price is known one read later."""
    coins = (Balance("USDT", money(1000), money(1)), Balance("BTC", money(1), money(60000)))
    blind = without(read(1, ledger=(row("d", 1, currency="BTC"),)), Part.WALLET)

    nav = fold(cash(0, 1000), blind, read(2, wallet=wallet(61000, balances=coins)))

    assert pytest.approx(100.0, abs=1e-9) == nav.value
    assert nav.agreed


def test_selling_a_coin_is_performance_at_its_price():
    coins = (Balance("USDT", money(1000), money(1)), Balance("BTC", money(1), money(60000)))
    rich = read(0, wallet=wallet(61000, balances=coins))
    sold = (
        row("a", -1, LedgerKind.TRADE, "BTC"),
        row("b", 59000, LedgerKind.TRADE),
    )

    nav = fold(rich, cash(1, 60000, *sold))

    assert pytest.approx(100 * 60000 / 61000, abs=1e-9) == nav.value


@pytest.mark.parametrize("blind", [False, True])
def test_withdrawing_everything_closes_the_epoch(blind: bool):
    """Nothing left is not a loss of 100 %."""
    empty = cash(1, 0, row("w", -1000))
    newest = empty.wallet

    nav = fold_nav(fold(cash(0, 1000)), without(empty, Part.POSITIONS) if blind else empty, newest)

    assert nav is None


def test_a_row_counts_once_however_often_it_is_delivered():
    """A read that overtook another delivers its rows late; a repeated one delivers them again."""
    once = cash(1, 500, row("w", -500))

    nav = fold(cash(0, 1000), once, replace(once, asked_at=read(2).asked_at))

    assert (Decimal(500), 100.0) == (nav.explained, nav.value)


# --- the first read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        without(cash(0, 1000), Part.WALLET),
        without(cash(0, 1000), Part.POSITIONS),
        without(cash(0, 1000), Part.LEDGER),
        says(cash(0, 1000), 900),
        cash(0, 0),
        cash(0, -5),
    ],
)
def test_no_baseline_from_a_read_that_is_partial_disputed_or_worthless(first: Snapshot):
    assert fold_nav(None, first, first.wallet) is None


def test_reads_count_only_while_both_accounts_agree():
    nav = fold(cash(0, 1000), says(cash(1, 1000), 400), without(cash(2, 1000), Part.WALLET), cash(3, 1000))

    assert 2 == nav.reads
    assert nav.warming


def test_rebasing_accepts_the_wallets_cash_without_moving_the_nav():
    """An operator says: the rest that nobody explains was mine."""
    disputed = fold(cash(0, 1000), cash(1, 700))

    nav = reanchored(disputed, wallet(700), ())

    assert (100.0, True, Decimal(7)) == (nav.value, nav.agreed, nav.units)


def test_decimal_cash_does_not_drift():
    """Ten thousand cents in and out leave exactly what was there."""
    reads = [
        cash(i + 1, 1000 if i % 2 else "1000.01", row(f"r{i}", "0.01" if i % 2 == 0 else "-0.01"))
        for i in range(1000)
    ]

    nav = fold(cash(0, 1000), *reads)

    assert Decimal(1000) == nav.explained
    assert pytest.approx(100.0, abs=1e-9) == nav.value


def test_the_nav_knows_the_wallet_that_it_began_with():
    """After a restart rows that are older are asked again, and must not count once more."""
    nav = fold(*(cash(n, 1000) for n in range(3, 9)))

    assert nav.since == cash(3, 1000).asked_at


def test_a_price_that_a_wallet_told_alone_is_not_moved_once_more_by_the_next_positions():
    """The wallet came without positions, then positions without a wallet: the coin fell once."""
    coins = (Balance("BTC", money(1), money(1000)),)
    held, fell = position(quantity=1, mark=1000), position(quantity=1, mark=900, entry=1000)
    fallen = wallet(800, balances=(Balance("BTC", money(1), money(900)),))
    calm = [read(n, (held,), wallet=wallet(1000, balances=coins)) for n in range(5)]
    alone = without(read(5, (fell,), wallet=fallen), Part.POSITIONS)

    nav = fold(*calm, alone, without(read(6, (fell,)), Part.WALLET))

    assert pytest.approx(80) == nav.value
