"""M08 worst_case_exposure: gross exposure if every resting order that can add exposure filled, over equity.

Formula: sum over assets of max(|n_a + buys_a|, |n_a - sells_a|) / E. n_a is the asset's signed notional as
in `gross_exposure`; buys and sells are the remaining quantities at the order's price, else its trigger,
else the position's mark. Reduce-only orders, and closing sides in hedge mode, add nothing. Unit: multiple
of equity. Needs wallet, positions and orders. AtLeast when an order has no price at all, or the equity is
disputed; Unknown without equity. Never below `gross_exposure`.

Source: metrics.md M08, pitfall of open orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from guardian.core.metrics.exposure import at_marks, by_asset, settle_prices
from guardian.core.metrics.metric import APART, Metric, View
from guardian.core.model import AtLeast, Known, Measured, OpenOrder, Part

HEDGE_CLOSING_SIDE = {1: -1, 2: 1}
"""By the venue's leg index: a sell closes the long leg, a buy the short one."""


def adds(order: OpenOrder) -> bool:
    return not order.reduce_only and order.side != HEDGE_CLOSING_SIDE.get(order.index)


def worst_case(assets: dict[str, Decimal], orders: Iterable[tuple[str, int, Decimal]]) -> Decimal:
    """Gross notional with each asset on its worse side; `orders` are (asset, side, notional)."""
    resting: dict[tuple[str, int], Decimal] = {}
    for asset, side, notional in orders:
        resting[asset, side] = resting.get((asset, side), Decimal(0)) + notional
    total = Decimal(0)
    for asset in sorted({*assets, *(asset for asset, _ in resting)}):
        held = assets.get(asset, Decimal(0))
        buys, sells = (resting.get((asset, side), Decimal(0)) for side in (1, -1))
        total += max(abs(held + buys), abs(held - sells))
    return total


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    assets = by_asset(evidence.positions, evidence.wallet, view.account.policy.currency)
    marks = {p.symbol: p.mark for p in evidence.positions}
    settle = settle_prices(evidence.wallet)
    priced, unpriced = [], ""
    for order in evidence.orders:
        price = order.price or order.trigger or marks.get(order.symbol)
        if not adds(order):
            continue
        if price is None:
            unpriced = unpriced or order.symbol
            continue
        worth = settle.get(order.settle, price if order.settle == order.base else Decimal(1))
        priced.append((order.base, order.side, order.notional(price) * worth))
    found = at_marks(view.account, worst_case(assets, priced))
    if unpriced and isinstance(found, Known):
        return AtLeast(found.value, f"an order in {unpriced} has no price")
    return found


NEEDS = (Part.WALLET, Part.POSITIONS, Part.ORDERS)
METRIC = Metric("worst_case_exposure", "multiple", "exposure", ("none",), NEEDS, measure, scopes=APART)
