"""M28 risk_per_signal: what the worst position loses if its stops fill where they stand, over equity.

Formula: max over positions of (sum |mark - exit| quantity + uncovered (distance to liquidation)) / E, with
the exit of protection.py. Where the venue names no liquidation price a move of 20 % against what no stop
covers is assumed instead, and the value is AtLeast: the true loss may be larger. Positions are not added
up. Unit: fraction of equity. Needs wallet, positions and orders. Unknown without equity, AtLeast while it
is disputed.

Its family is exposure, not forecast: where stops and liquidation stand is arithmetic on the book as it is,
and says nothing about how likely the move is. Slippage beyond a stop is not in it. An inverse contract loses
coins, which count at the price of now.
Source: metrics.md M28.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import at_marks, settle_price, settle_prices
from guardian.core.metrics.metric import APART, Metric, View
from guardian.core.metrics.protection import STRESS_MOVE, assumed, covered_loss, uncovered_loss
from guardian.core.model import AtLeast, Known, Measured, OpenOrder, Part, Position


def risk(position: Position, orders: tuple[OpenOrder, ...]) -> Decimal:
    """In the settle currency."""
    return covered_loss(position, orders) + uncovered_loss(position, orders)


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    prices = settle_prices(evidence.wallet)
    risks = (risk(p, evidence.orders) * settle_price(p, prices) for p in evidence.positions)
    found = at_marks(view.account, max(risks, default=Decimal(0)))
    guessed = [p.symbol for p in evidence.positions if assumed(p, evidence.orders)]
    if guessed and isinstance(found, Known):
        why = f"no liquidation price of {guessed[0]}: a move of {STRESS_MOVE:.0%} assumed"
        return AtLeast(found.value, why)
    return found


NEEDS = (Part.WALLET, Part.POSITIONS, Part.ORDERS)
METRIC = Metric("risk_per_signal", "fraction", "exposure", ("none",), NEEDS, measure, scopes=APART)
