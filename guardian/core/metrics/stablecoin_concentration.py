"""M12 stablecoin_concentration: the part of the equity that would be gone with the largest stablecoin.

Formula: max over dollar stablecoins of (quantity + open P&L settled in it) x price / E, the reporting
currency included where it is one. What is owed in a stablecoin, or lost so far, makes it less; nothing held
of any is 0. An account that is margined in one coin alone is at 1, and above it while it owes another.
Stablecoins are the dollars that exposure.py knows, at whatever price; a dollar at a bank (USD) is none.

Unit: fraction. Needs wallet and positions. Unknown until an equity was read; AtLeast, less what they
differ by, while the two accounts of the equity differ, and while a stablecoin that is held has no price.
Its family is forecast: that one loses its peg is a loss once it does. Source: metrics.md M12.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import DOLLARS, NOTHING, at_marks, settle_price, settle_prices
from guardian.core.metrics.holdings import weakened
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.model import Measured, Part

STABLECOINS = DOLLARS - {"USD"}


def measure(view: View) -> Measured:
    evidence, worth = view.account.evidence, dict[str, Decimal]()
    balances = evidence.wallet.balances if evidence.wallet else ()
    prices = settle_prices(evidence.wallet)
    held = [b for b in balances if b.currency in STABLECOINS and b.quantity]
    for b in held:
        worth[b.currency] = worth.get(b.currency, NOTHING) + b.quantity * b.price
    for p in evidence.positions:
        if p.settle in STABLECOINS:
            worth[p.settle] = worth.get(p.settle, NOTHING) + p.open_pnl * settle_price(p, prices)
    found = at_marks(view.account, max([NOTHING, *worth.values()]))
    silent = [b.currency for b in held if b.quantity > 0 and not b.price]
    return weakened(found, f"no price of {silent[0]}") if silent else found


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric(
    "stablecoin_concentration", "fraction", "forecast", ("none",), NEEDS, measure, scopes=TOGETHER, reads=()
)
