"""M10 margin_ratio: maintenance margin over margin balance; the venue liquidates at 1.0.

A non-positive margin balance with any maintenance margin counts as `RUIN`. Where the wallet's equity is not
explained by ledger and positions, the larger balance gives the ratio that is proven (AtLeast).

With isolated margin it is the worst position's own: MM / (MM + what it loses from the mark to its liquidation
price), for there what is left of its margin is MM; 0 where no price liquidates it. The account's equity says
nothing then, nor do sums over positions. Needs the positions too; Unknown, and blindness, where the venue
does not tell the maintenance margin of one of them with its liquidation price.

Unit: fraction. Source: metrics.md M10; docs/v5/position (an isolated position's liqPrice is the real one).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from guardian.core.metrics.exposure import NOTHING, RUIN
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Unknown


def measure(view: View) -> Measured:
    wallet, nav = view.account.evidence.wallet, view.account.nav
    if wallet is None:
        return Unknown("no wallet read yet", warming=True)
    if wallet.isolated:
        return worst(view.account.evidence.positions)
    if nav is not None and not nav.agreed:
        proven = ratio(wallet.maintenance_margin, max(wallet.margin_balance, nav.equity))
        return AtLeast(proven, "the two accounts of the equity differ")
    return Known(ratio(wallet.maintenance_margin, wallet.margin_balance))


def ratio(maintenance: Decimal, balance: Decimal) -> float:
    if balance <= NOTHING:
        return RUIN if maintenance > NOTHING else 0.0
    return float(maintenance / balance)


def worst(positions: tuple[Position, ...]) -> Measured:
    """Of positions that are each margined alone."""
    ratios = []
    for each in positions:
        if each.maintenance is None:
            return Unknown(f"isolated, and the venue tells no maintenance margin of {each.symbol}")
        ratios.append(own_ratio(each, each.maintenance))
    return Known(max(ratios, default=0.0))


def own_ratio(position: Position, maintenance: Decimal) -> float:
    if position.liquidation is None:
        return 0.0
    left = -position.gain(position.quantity, position.mark, position.liquidation)
    return ratio(maintenance, maintenance + left)


def told_at(view: View) -> datetime | None:
    """Of an isolated account the positions', and never if one of them lacks what its ratio takes.

    Of any other it is the wallet alone, whose age is looked at anyway.
    """
    evidence = view.account.evidence
    if evidence.wallet is None or not evidence.wallet.isolated:
        return view.now
    if isinstance(worst(evidence.positions), Unknown):
        return None
    return evidence.asked_at(Part.POSITIONS)


METRIC = Metric(
    "margin_ratio", "fraction", "margin", ("none",), (Part.WALLET,), measure, reads=(), dated=told_at
)
