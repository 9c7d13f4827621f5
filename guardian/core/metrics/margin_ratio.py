"""M10 margin_ratio: maintenance margin over margin balance; the venue liquidates at 1.0.

A non-positive margin balance with any maintenance margin counts as `RUIN`. Where the wallet's equity is not
explained by ledger and positions, the larger balance gives the ratio that is proven (AtLeast).
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import RUIN
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    wallet, nav = view.account.evidence.wallet, view.account.nav
    if wallet is None:
        return Unknown("no wallet read yet", warming=True)
    if nav is not None and not nav.agreed:
        proven = ratio(wallet.maintenance_margin, max(wallet.margin_balance, nav.equity))
        return AtLeast(proven, "the two accounts of the equity differ")
    return Known(ratio(wallet.maintenance_margin, wallet.margin_balance))


def ratio(maintenance: Decimal, balance: Decimal) -> float:
    if balance <= 0:
        return RUIN if maintenance > 0 else 0.0
    return float(maintenance / balance)


METRIC = Metric("margin_ratio", "fraction", "margin", ("none",), (Part.WALLET,), measure, reads=())
