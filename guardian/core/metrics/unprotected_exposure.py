"""M28 unprotected_exposure: notional of positions that no effective protective stop closes, over equity.

Formula: sum over positions of |notional| (1 - coverage) / E; coverage as in protection.py, so a missing or
partial stop counts with the part that it leaves. Each leg counts by itself: two hedged legs without stops
are unprotected twice, since either may be closed first. Spot holdings carry no stops and are not counted.
Unit: multiple of equity. Needs wallet, positions and orders. Unknown without equity, AtLeast while it is
disputed. Its grace is the rule's hold.

Source: metrics.md M28.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import at_marks, settle_price, settle_prices
from guardian.core.metrics.metric import APART, Metric, View
from guardian.core.metrics.protection import coverage
from guardian.core.model import Measured, Part


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    prices = settle_prices(evidence.wallet)
    open_parts = (
        abs(p.notional) * settle_price(p, prices) * (1 - coverage(p, evidence.orders))
        for p in evidence.positions
    )
    return at_marks(view.account, sum(open_parts, Decimal(0)))


NEEDS = (Part.WALLET, Part.POSITIONS, Part.ORDERS)
METRIC = Metric("unprotected_exposure", "multiple", "exposure", ("none",), NEEDS, measure, scopes=APART)
