"""A second account of a loss: whether the wallet and the positions tell the same (docs/decisions/0014)."""

from __future__ import annotations

from decimal import Decimal

from guardian.core.memory import Nav
from guardian.core.metrics.exposure import by_asset
from guardian.core.metrics.nav import consistent
from guardian.core.model import AtLeast, Known, Measured, Part
from guardian.core.state import AccountState, Evidence

WIPED_OUT = 0.9
"""A loss past which a wallet at zero is what one would expect."""

MOVE = Decimal("0.05")
"""By how much prices may have moved between the two answers of one read: ten times what a crash does."""


def told(account: AccountState) -> bool:
    """Wallet and positions of the newest read tell one equity: with the ledger, or where it is late alone."""
    nav, wallet = account.nav, account.evidence.wallet
    if nav is None or nav.sides < 2 or wallet is None or _older(nav, account.evidence):
        return False
    return nav.agreed or consistent(wallet, account.evidence.positions)


def _older(nav: Nav, evidence: Evidence) -> bool:
    """Positions were read since, and the equity could not be: coins without a price, a wallet that failed."""
    asked = evidence.asked_at(Part.POSITIONS)
    return asked is not None and asked > nav.at


def told_of_all(measured: Measured) -> bool:
    """The same of a group's loss: nobody in it is blind or disputed, and at most its window was not seen."""
    known = isinstance(measured, Known)
    return known or (isinstance(measured, AtLeast) and (measured.filling or measured.unseen))


def corroborated(account: AccountState, loss: float) -> bool:
    """Whether the wallet and the positions tell the same loss (docs/decisions/0014).

    One equity, or neither claims more than twice the other's loss: prices move between the two answers of one
    read, most of all in a crash. What no such move of the listed positions explains is a leg that is not
    listed or a wallet that is old: two sources that are wrong in different ways do not agree. A wallet
    without equity is no account of positions that have some.
    """
    nav = account.nav
    if nav is None or nav.raw is None or nav.sides < 2:
        return False
    if told(account) or loss >= 1 or nav.equity <= 0:
        return True
    if nav.raw <= 0 and loss < WIPED_OUT:
        return False
    lost = nav.equity * Decimal(str(loss / (1 - loss)))
    return abs(nav.raw - nav.explained) <= min(lost, MOVE * _exposed(account))


def _exposed(account: AccountState) -> Decimal:
    """What the listed positions come to in the reporting currency, netted per asset: its legs move alike."""
    assets = by_asset(account.evidence.positions, None, account.policy.currency)
    return sum((abs(worth) for worth in assets.values()), Decimal(0))
