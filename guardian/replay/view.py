"""What guardian would see of the simulated account at a close: one complete snapshot.

Margin is a plain convention, since candles know none: a tenth of the notional is held as initial margin
(10x), half a percent of it is maintenance margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from guardian.core.model import Balance, Position, Snapshot, Wallet
from guardian.core.policy import AccountPolicy
from guardian.replay.book import STEP, Book

INITIAL, MAINTENANCE = Decimal("0.1"), Decimal("0.005")
LARGEST_ORDER = Decimal(10) ** 18
ONE = Decimal(1)


def policy(name: str, currency: str, bar_seconds: float) -> AccountPolicy:
    """Guardian can close and reduce here; there is no key to fence and no bot to signal.

    It is read once a bar: between two closes nothing is missing that a window could have seen.
    """
    return AccountPolicy(
        name=name,
        venue="candles",
        currency=currency,
        has_hands=True,
        has_admin=False,
        own_keys=(),
        bot_keys=(),
        secret_ref="",
        order_prefixes=(),
        halt_targets=(),
        flatten_deadline_seconds=60.0,
        slippage=0.02,
        snapshot_seconds=bar_seconds,
    )


def seen(account: str, book: Book, prices: Mapping[str, Decimal], at: datetime) -> Snapshot:
    """Everything at these prices, asked at `at`; the ledger has the rows since the one before."""
    positions = [
        Position(
            symbol, 0, leg.quantity, leg.entry, prices[symbol], ONE, STEP, STEP, LARGEST_ORDER, book.currency
        )
        for symbol, leg in book.legs.items()
    ]
    equity, gross = book.worth(prices)
    held = gross * INITIAL
    wallet = Wallet(
        equity=equity,
        balances=(Balance(book.currency, book.cash, ONE),),
        margin_balance=equity,
        maintenance_margin=gross * MAINTENANCE,
        initial_margin=held,
        position_margin=held,
    )
    return Snapshot(account, at, wallet, tuple(positions), (), book.taken())
