"""Contracts in USDC: every eight hours the venue pays out what they have made, and goes on from there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from guardian.core.model import Known, LedgerKind, Snapshot
from guardian.exchanges.bybit.ledger import entries_of
from guardian.exchanges.bybit.parse import parse_position, parse_wallet
from tests.adapters.exchanges import stub
from tests.core.build import Desk, read, rule, rung

AT_MS = 1_772_452_800_000


def seen(second: float, cash: int, mark: int, session: int, *rows: dict[str, object]) -> Snapshot:
    """One BTC, bought at 60 000; `session` is what it was worth when the venue settled last."""
    open_pnl = mark - session
    coin = stub.coin(
        coin="USDC",
        equity=str(cash + open_pnl),
        usdValue=str(cash + open_pnl),
        walletBalance=str(cash),
        unrealisedPnl=str(open_pnl),
    )
    told = stub.wallet([coin], totalEquity=str(cash + open_pnl), totalPerpUPL=str(open_pnl))
    leg = stub.position(
        symbol="BTCPERP", size="1", avgPrice="60000", sessionAvgPrice=str(session), markPrice=str(mark)
    )
    position = parse_position(leg, "USDC", lambda _: None)
    assert position is not None
    entries = tuple(entry for row in rows for _, entry in entries_of(row))
    wallet = parse_wallet(told, "USDT", AT_MS).wallet
    return replace(read(second), wallet=wallet, positions=(position,), ledger=entries)


SETTLED: dict[str, object] = {"symbol": "BTCPERP", "currency": "USDC", "side": "Buy"}


@pytest.mark.parametrize("made", [1000, -1000])
def test_what_was_paid_out_does_not_count_a_second_time_as_open(made: int) -> None:
    """Counted twice, a gain would hide a later loss, and either would be unexplained for good."""
    desk = Desk(rule(rung(0.9, "halt"), id="dd"), rule(rung(0.01, "halt"), id="x", metric="unexplained"))
    for second in range(-6, 0):
        desk.see(seen(second, 10_000, 60_000, 60_000))
    desk.see(seen(0, 10_000, 60_000 + made, 60_000))
    paid = stub.ledger_row(
        1, AT_MS, type="SETTLEMENT", change=str(made - 6), funding="-6", cashFlow=str(made)
    )
    desk.see(seen(1, 9994 + made, 60_000 + made, 60_000 + made, paid | SETTLED))
    desk.see(seen(2, 9994 + made, 60_000, 60_000 + made))

    assert [Known(pytest.approx(max(made, 6) / (10_000 + max(made, 0)), abs=1e-3)), Known(0.0)] == [
        own.measured for own in desk.account.rules
    ]
    assert pytest.approx(99.94) == desk.nav


def test_funding_is_what_the_venue_calls_so_and_the_rest_is_traded() -> None:
    row = stub.ledger_row(1, AT_MS, type="SETTLEMENT", change="994", funding="-6", cashFlow="1000") | SETTLED
    alone = row | {"change": "-6", "cashFlow": "0"}

    (_, funding), (_, traded) = entries_of(row)

    assert (LedgerKind.FUNDING, -6, LedgerKind.TRADE, 1000) == (
        funding.kind,
        funding.change,
        traded.kind,
        traded.change,
    )
    assert funding.id != traded.id
    assert [(LedgerKind.FUNDING, Decimal(-6))] == [(each.kind, each.change) for _, each in entries_of(alone)]
    assert [LedgerKind.FUNDING] == [each.kind for _, each in entries_of(row | {"cashFlow": ""})]
