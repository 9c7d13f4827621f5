"""M33 balance_discrepancy: what the wallet holds and its ledger does not explain, coin by coin, over equity.

Formula: sum over currencies of |epsilon_c| price_c / E, epsilon_c = B_c - (B_c at the start + sum of its
ledger rows since), where |epsilon_c| is above the tolerance, max(1e-8, 1e-6 B_c). Unit: fraction of equity.
`unexplained` compares two totals, in which an error of one coin may hide in another's gain, and open P&L is
part of both; this one needs no price and no position to be right. Needs a wallet and a ledger of the same
read: else Unknown, for rows may be missing. AtLeast where a coin that differs has no price.

Rows reach a ledger late: give the rule a hold of two polls, 10 s at least, `level: halt` and `clears:
operator`, so that it stays until a person has looked; `resume --rebase integrity` starts from the wallet.
Source: metrics.md M33.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.metric import Metric, View
from guardian.core.model import AtLeast, Balance, Known, Measured, Part, Unknown

DUST = Decimal("1e-8")
RELATIVE = Decimal("1e-6")


def discrepancies(balances: tuple[Balance, ...], explained: dict[str, Decimal]) -> dict[str, Decimal]:
    """By currency, what is there and not explained (negative: missing); nothing within tolerance."""
    held = {b.currency: b.quantity for b in balances}
    found = {}
    for currency in sorted({*held, *explained}):
        there, told = held.get(currency, Decimal(0)), explained.get(currency, Decimal(0))
        if abs(there - told) > max(DUST, RELATIVE * max(abs(there), abs(told))):
            found[currency] = there - told
    return found


def measure(view: View) -> Measured:
    evidence, nav = view.account.evidence, view.account.nav
    if nav is None or evidence.wallet is None:
        return Unknown("no equity read yet", warming=True)
    if evidence.asked_at(Part.WALLET) != evidence.asked_at(Part.LEDGER):
        return Unknown("wallet and ledger are not of one read")
    if nav.waiting:
        return Unknown(f"rows in {nav.waiting[0].currency} wait for a price")
    found = discrepancies(evidence.wallet.balances, dict(nav.cash))
    prices = dict(nav.prices)
    amount = sum((abs(e) * prices.get(c, Decimal(0)) for c, e in found.items()), Decimal(0))
    equity = max(nav.equity, amount)
    value = float(amount / equity) if equity > 0 else 0.0
    unpriced = [c for c in found if not prices.get(c)]
    if unpriced:
        return AtLeast(value, f"{found[unpriced[0]]:f} {unpriced[0]} unexplained, without a price")
    return Known(value)


NEEDS = (Part.WALLET, Part.LEDGER)
METRIC = Metric("balance_discrepancy", "fraction", "integrity", ("none",), NEEDS, measure)
