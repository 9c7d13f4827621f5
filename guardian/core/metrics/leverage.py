"""M09 leverage: the notional of every leg and holding, un-netted, over equity.

Formula: (sum of |notional| of legs + sum of |coins| x price, without the reporting currency) / E. Two
opposite legs in one asset do not cancel here: each can be liquidated by itself. The venue's "maximum
leverage" setting is not a risk and is ignored.

Unit: multiple of equity. Needs wallet and positions. Unknown until an equity was read; AtLeast while its two
accounts differ, and `RUIN` of a non-positive one, as exposure.py says. Source: metrics.md M09.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import NOTHING, at_marks, is_money, settle_price, settle_prices
from guardian.core.metrics.metric import ANYWHERE, Metric, View
from guardian.core.metrics.remembered import by_identities
from guardian.core.model import Measured, Part, Position, Wallet


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    return at_marks(view.account, _held(evidence.positions, evidence.wallet, view.account.policy.currency))


@by_identities
def _held(positions: tuple[Position, ...], wallet: Wallet | None, currency: str) -> Decimal:
    """Remembered as `by_asset` is."""
    prices, legs = settle_prices(wallet), NOTHING
    for p in positions:
        # Written out, as there: of a group there may be thousands.
        held = p.notional if p.inverse else p.quantity * (p.contract_size * p.mark)
        legs += abs(held) * (prices.get(p.settle) or settle_price(p, prices))
    balances = wallet.balances if wallet else ()
    holdings = (abs(b.quantity) * b.price for b in balances if not is_money(b, currency))
    return legs + sum(holdings, NOTHING)


NEEDS = (Part.WALLET, Part.POSITIONS)

METRIC = Metric("leverage", "multiple", "exposure", ("none",), NEEDS, measure, scopes=ANYWHERE, reads=())
