"""A second account of a loss: whether the wallet and the positions tell the same (docs/decisions/0014)."""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.nav import consistent
from guardian.core.state import AccountState

WIPED_OUT = 0.9
"""A loss past which a wallet at zero is what one would expect."""


def told(account: AccountState) -> bool:
    """Wallet and positions of the newest read tell one equity: with the ledger, or where it is late alone."""
    nav, wallet = account.nav, account.evidence.wallet
    if nav is None or nav.sides < 2 or wallet is None:
        return False
    return nav.agreed or consistent(wallet, account.evidence.positions)


def corroborated(account: AccountState, loss: float) -> bool:
    """Whether the wallet and the positions tell the same loss (docs/decisions/0014).

    One equity, or neither claims more than twice the other's loss: prices move between the two answers of one
    read, most of all in a crash. Two sources that are wrong in different ways do not agree; a wallet without
    equity is no account of positions that have some.
    """
    nav = account.nav
    if nav is None or nav.raw is None or nav.sides < 2:
        return False
    if told(account) or loss >= 1 or nav.equity <= 0:
        return True
    if nav.raw <= 0 and loss < WIPED_OUT:
        return False
    lost = nav.equity * Decimal(str(loss / (1 - loss)))
    return abs(nav.raw - nav.explained) <= lost
