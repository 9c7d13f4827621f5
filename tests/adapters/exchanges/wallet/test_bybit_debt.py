"""Spot margin: what is borrowed makes nobody richer, and what is paid back makes nobody poorer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.model import Level, Snapshot, Unknown
from guardian.exchanges.bybit.ledger import entry_of
from guardian.exchanges.bybit.parse import parse_wallet
from guardian.exchanges.bybit.read import BybitReader
from tests.adapters.exchanges import stub
from tests.adapters.exchanges.stub import Script
from tests.core.build import DAY, SLIDING_HOUR, Desk, read, rule, rung

PRICES = {"USDT": Decimal(1), "BTC": Decimal(60_000)}


class Books:
    """An account as the venue writes it: a loan raises the balance and what is owed, in the same coin."""

    def __init__(self, usdt: int = 10_000) -> None:
        self.own = {"USDT": Decimal(usdt), "BTC": Decimal(0)}
        self.owed = dict.fromkeys(PRICES, Decimal(0))
        self.told = 0
        self.seconds = 0

    def row(self, venue_type: str, coin: str, change: Decimal) -> dict[str, object]:
        self.told += 1
        at_ms = 1_772_452_800_000 + 1000 * self.told
        return stub.ledger_row(self.told, at_ms, type=venue_type, currency=coin, change=str(change))

    def borrow(self, coin: str, amount: Decimal) -> list[dict[str, object]]:
        self.owed[coin] += amount
        return [self.row("BORROW", coin, amount)]

    def repay(self, coin: str, part: Decimal) -> list[dict[str, object]]:
        amount = self.owed[coin] * part
        self.owed[coin] -= amount
        return [self.row("REPAY", coin, -amount)]

    def trade(self, amount: Decimal) -> list[dict[str, object]]:
        self.own["USDT"] -= amount * PRICES["BTC"]
        self.own["BTC"] += amount
        return [
            self.row("TRADE", "BTC", amount),
            self.row("TRADE", "USDT", -amount * PRICES["BTC"]),
        ]

    def lose(self, amount: Decimal) -> list[dict[str, object]]:
        self.own["USDT"] -= amount
        return [self.row("TRADE", "USDT", -amount)]

    def see(self, rows: list[dict[str, object]]) -> Snapshot:
        coins = [self._coin(coin) for coin in PRICES if self.own[coin] or self.owed[coin]]
        equity = sum((self.own[coin] * price for coin, price in PRICES.items()), Decimal(0))
        answer = stub.wallet(coins, totalEquity=str(equity))["list"]
        wallet = parse_wallet({"list": answer}, "USDT", 0).wallet
        entries = tuple(entry_of(row)[1] for row in rows)
        self.seconds += 1
        return replace(read(self.seconds), wallet=wallet, ledger=entries)

    def _coin(self, coin: str) -> dict[str, object]:
        own, owed = self.own[coin], self.owed[coin]
        return stub.coin(
            coin=coin,
            equity=str(own),
            usdValue=str(own * PRICES[coin]),
            walletBalance=str(own + owed),
            spotBorrow=str(owed),
            borrowAmount=str(owed),
            unrealisedPnl="0",
            totalPositionIM="0",
            totalPositionMM="0",
        )


RULES = (
    rule(rung(0.2, "flatten"), window=SLIDING_HOUR),
    rule(rung(0.2, "halt"), id="day", metric="daily_loss", window=DAY),
    rule(rung(0.2, "halt"), id="realised", metric="realised_loss", window=DAY),
    rule(rung(0.01, "halt"), id="integrity", metric="unexplained"),
    rule(rung(0.001, "halt"), id="balance", metric="balance_discrepancy"),
    rule(rung(0.01, "halt"), id="away", metric="foreign_transfers", window=SLIDING_HOUR),
)


def watched(books: Books) -> Desk:
    desk = Desk(*RULES)
    for _ in range(6):
        desk.see(books.see([]))
    return desk


def values(desk: Desk) -> list[float | str]:
    measured = [own.measured for own in desk.account.rules]
    return [each.why if isinstance(each, Unknown) else each.value for each in measured]


moves = st.lists(
    st.tuples(
        st.sampled_from(["borrow", "repay"]),
        st.sampled_from(sorted(PRICES)),
        st.integers(1, 100).map(lambda n: Decimal(n) / 100),
    ),
    max_size=12,
)


@given(moves)
@settings(max_examples=60, deadline=None)
def test_borrowing_and_repaying_move_no_loss_and_no_integrity(moved: list[tuple[str, str, Decimal]]) -> None:
    books = Books()
    desk = watched(books)
    for deed, coin, size in moved:
        done = (
            books.borrow(coin, size * 20_000 / PRICES[coin]) if deed == "borrow" else books.repay(coin, size)
        )
        desk.see(books.see(done))

    assert values(desk) == [0.0] * len(RULES)
    assert (Level.NORMAL, 100.0) == (desk.level, desk.nav)


def test_what_is_lost_with_borrowed_money_is_lost() -> None:
    """Half as much again was borrowed: 35 % of the account's own are 35 %, and nothing hides them."""
    books = Books()
    desk = watched(books)
    desk.see(books.see(books.borrow("USDT", Decimal(5_000))))
    desk.see(books.see(books.trade(Decimal("0.2"))))
    quiet = desk.level
    desk.see(books.see(books.lose(Decimal(3_500))))

    assert Level.NORMAL is quiet
    assert pytest.approx(65) == desk.nav
    assert Level.FLATTEN is desk.level


def test_an_account_in_debt_from_the_first_read_on_is_measured() -> None:
    books = Books()
    books.borrow("USDT", Decimal(5_000))
    desk = watched(books)
    desk.see(books.see(books.lose(Decimal(1_000))))

    assert pytest.approx(90) == desk.nav
    assert pytest.approx(0.1) == values(desk)[1]


@pytest.mark.parametrize(("told", "quantity"), [("5000", 4900), ("0", 9900), ("", 9900), (None, 9900)])
async def test_what_is_owed_is_no_balance(
    script: Script, reader: BybitReader, told: str | None, quantity: int
) -> None:
    """Only spot debts: what contracts owe has made the balance negative already."""
    script.says(stub.WALLET, stub.wallet([stub.coin(spotBorrow=told, borrowAmount="7000")]))

    snapshot = await reader.snapshot()

    assert snapshot.wallet is not None
    assert [Decimal(quantity)] == [balance.quantity for balance in snapshot.wallet.balances]
