"""M09 leverage: the notional of every leg and holding, un-netted, over equity.

Two opposite legs in one asset do not cancel here: each can be liquidated by itself. The venue's "maximum
leverage" setting is not a risk and is ignored.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import at_marks, settle_price, settle_prices
from guardian.core.metrics.metric import ANYWHERE, Metric, View
from guardian.core.model import Measured, Part


def measure(view: View) -> Measured:
    wallet, currency = view.account.evidence.wallet, view.account.policy.currency
    balances = wallet.balances if wallet else ()
    prices = settle_prices(wallet)
    legs = (abs(p.notional) * settle_price(p, prices) for p in view.account.evidence.positions)
    holdings = (abs(b.quantity) * b.price for b in balances if b.currency != currency)
    return at_marks(view.account, sum(legs, Decimal(0)) + sum(holdings, Decimal(0)))


NEEDS = (Part.WALLET, Part.POSITIONS)

METRIC = Metric("leverage", "multiple", "exposure", ("none",), NEEDS, measure, scopes=ANYWHERE, reads=())
