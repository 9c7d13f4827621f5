"""What a row of the transaction log is to the account: earned or lost, moved over its border, or owed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from guardian.core.model import LedgerKind, Level
from guardian.exchanges.bybit.kinds import DEBTS, FLOWS, PERFORMANCE, is_known, kind_of
from guardian.exchanges.bybit.ledger import entry_of
from tests.adapters.exchanges import stub
from tests.core.build import SLIDING_HOUR, Desk, read, rule, rung

AT_MS = 1_772_452_810_000

CARRIED_AWAY = [
    "TRANSFER_OUT",
    "TRANSFER_OUT_INS_LOAN",
    "FLEXIBLE_STAKING_SUBSCRIPTION",
    "FIXED_STAKING_SUBSCRIPTION",
    "ONCHAINEARN_SUBSCRIPTION",
    "DEFI_INVESTMENT_SUBSCRIPTION",
    "STRUCTURE_PRODUCT_SUBSCRIPTION",
    "LIQUIDITY_MINING_SUBSCRIPTION",
    "PWM_SUBSCRIPTION",
    "TOKENS_SUBSCRIPTION",
    "LOANS_PLEDGE_ASSET",
    "LOANS_REPAY_FUNDS",
    "CUSTODY_LOCK",
    "PREMARKET_TRANSFER_OUT",
    "PRINCIPLE_REPAYMENT_INS_LOAN",
    "INSTITUTION_PAYBACK_PRINCIPAL_OUT",
    "INSTITUTION_LIQ_PRINCIPAL_OUT",
    "AIRDROP_OUT",
    "BONUS_RECOLLECT",
    "AUTO_DEDUCTION",
    "DBS_CASH_OUT",
]
COSTS = [
    "TRADE",
    "LIQUIDATION",
    "PART_LIQUIDATION",
    "ADL",
    "DELIVERY",
    "SETTLEMENT",
    "INTEREST",
    "FIXED_INTEREST",
    "CURRENCY_SELL",
    "SPOT_REPAYMENT_SELL",
    "CUSTODY_NETWORK_FEE",
    "SPREAD_FEE_OUT",
    "INSTITUTION_PAYBACK_INTEREST_OUT",
    "AUTO_SOLD_COLLATERAL_INS_LOAN",
]
OWED = ["BORROW", "REPAY", "MANUAL_LOANS_BORROW", "AUTO_LOANS_REPAY", "FLOATING_TO_FIXED_BORROW"]


def entry(venue_type: str, change: str = "-1500", **changes: Any) -> Any:
    _, found = entry_of(stub.ledger_row(1, AT_MS, type=venue_type, change=change, **changes))
    return found


def after(venue_type: str, **changes: Any) -> Desk:
    """10,000 USDT, of which a row of this type takes 1,500: the wallet and the ledger tell the same."""
    away = rule(rung(0.1, "halt"), id="away", metric="foreign_transfers", window=SLIDING_HOUR)
    desk = Desk(rule(rung(0.08, "flatten"), window=SLIDING_HOUR), away)
    for second in range(6):
        desk.see(read(second, cash=10_000))
    row = entry(venue_type, **changes)
    for second in range(10, 20):
        desk.see(read(second, cash=8_500, ledger=(row,)))
    return desk


@pytest.mark.parametrize("venue_type", CARRIED_AWAY)
def test_money_that_was_only_carried_elsewhere_is_no_loss_and_is_seen_to_leave(venue_type: str):
    desk = after(venue_type)

    assert is_known(venue_type)
    assert pytest.approx(100) == desk.nav
    assert (Level.HALT, "away") == (desk.level, desk.incident.rule)


@pytest.mark.parametrize("venue_type", COSTS)
def test_what_trading_and_holding_cost_is_a_loss(venue_type: str):
    desk = after(venue_type)

    assert is_known(venue_type)
    assert pytest.approx(85) == desk.nav
    assert desk.level is Level.FLATTEN


@pytest.mark.parametrize("venue_type", OWED)
def test_a_debt_and_what_it_brought_are_nothing_together(venue_type: str):
    """The balance is told without what is owed, so that neither a loan nor its repayment has moved it."""
    row = entry(venue_type, "5000")

    assert (LedgerKind.FLOW, Decimal(0)) == (row.kind, row.change)
    assert entry(venue_type, "4000").id != row.id


def test_a_type_that_nobody_has_described_is_no_loss_by_itself_and_hides_nothing():
    desk = after("SOMETHING_NEW")

    assert "SOMETHING_NEW" == entry("SOMETHING_NEW").unknown_type
    assert pytest.approx(100) == desk.nav
    assert (Level.HALT, "away") == (desk.level, desk.incident.rule)


def test_what_a_contract_cost_is_a_loss_by_whatever_name():
    """Else a new word of the venue for a liquidation would hide it."""
    desk = after("PARTIAL_TAKE_OVER", symbol="BTCUSDT")

    assert desk.level is Level.FLATTEN


def test_a_word_of_the_venues_is_told_short_and_plain():
    assert len(entry("X" * 5_000).unknown_type) <= 64
    assert "EVIL?NEWS?" == entry("EVIL\nNEWS\x1b").unknown_type


def test_each_type_is_one_thing():
    assert not set(PERFORMANCE) & FLOWS
    assert not DEBTS & (set(PERFORMANCE) | FLOWS)
    assert LedgerKind.FLOW not in PERFORMANCE.values()


@pytest.mark.parametrize("venue_type", [*CARRIED_AWAY, *COSTS, *OWED])
def test_what_is_known_is_not_told_as_unknown(venue_type: str):
    assert "" == entry(venue_type).unknown_type
    assert isinstance(kind_of(venue_type), LedgerKind)
