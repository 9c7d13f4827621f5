"""M12 quote_concentration: the largest share of what contracts are worth that is quoted in one currency.

Formula: max over quote currencies of sum |n_i| / sum of all |n_i|, n_i the notional of a contract in the
reporting currency, not netted: a long in BTC/USDT and a short in BTC/USDC lean on two dollars. The quote is
what the symbol names: USDT, USDC and USD are three, and BTC/USD:BTC is quoted in USD, whatever it settles in.
Coins of the wallet are quoted in nothing, and not counted. No contracts: 0.

Unit: fraction. Needs wallet and positions, and is never Unknown once both were read: no equity is in it.
Its family is forecast: a quote currency that holds its peg costs nothing. Source: metrics.md M12.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.exposure import NOTHING, settle_price, settle_prices
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.metrics.strategy_pnl import quote_of
from guardian.core.model import Known, Measured, Part


def measure(view: View) -> Measured:
    evidence, worth = view.account.evidence, dict[str, Decimal]()
    prices = settle_prices(evidence.wallet)
    for p in evidence.positions:
        quote = quote_of(p.symbol)
        worth[quote] = worth.get(quote, NOTHING) + abs(p.notional) * settle_price(p, prices)
    gross = sum(worth.values(), NOTHING)
    return Known(float(max(worth.values()) / gross) if gross else 0.0)


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric(
    "quote_concentration", "fraction", "forecast", ("none",), NEEDS, measure, scopes=TOGETHER, reads=()
)
