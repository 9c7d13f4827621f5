"""M24 funding_cost: what funding at the last told rates takes in a day, over equity.

Formula: max(0, sum n_i f_i 24 / h_i) / E, n_i the signed notional of a perpetual position, f_i what a long
pays a short every h_i hours (8, 4 or 1: as the venue tells, never assumed). What is received on balance is no
cost: 0. Unit: fraction of equity a day. Needs wallet, positions and quotes; dated futures and spot pay none.
Unknown while a held perpetual has no rate or interval, for an unseen one may be paid or received; AtLeast
while the equity is disputed.
Its family is forecast: rates change with the next funding. Source: metrics.md M24.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.metrics.closing import quoted_at
from guardian.core.metrics.exposure import multiple, settle_price, settle_prices
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import Measured, Part, Unknown

DAY_HOURS = 24


def per_day(notional: Decimal, rate: Decimal, hours: float) -> Decimal:
    """What the holder pays in a day; negative is received."""
    return notional * rate * DAY_HOURS / Decimal(str(hours))


def is_perpetual(symbol: str) -> bool:
    """BTC/USDT:USDT is one, BTC/USDT:USDT-260327 ends by itself, BTC/USDT is spot."""
    return ":" in symbol and "-" not in symbol.rpartition(":")[2]


def measure(view: View) -> Measured:
    evidence = view.account.evidence
    prices = settle_prices(evidence.wallet)
    quotes = {q.symbol: q for q in view.account.markets.quotes}
    paid = Decimal(0)
    for p in evidence.positions:
        if not p.quantity or not is_perpetual(p.symbol):
            continue
        quote = quotes.get(p.symbol)
        if quote is None or quote.funding_rate is None or quote.funding_hours is None:
            return Unknown(f"no funding rate of {p.symbol}")
        worth = p.notional * settle_price(p, prices)
        paid += per_day(worth, quote.funding_rate, quote.funding_hours)
    return multiple(view.account, max(paid, Decimal(0)))


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("funding_cost", "fraction", "forecast", ("none",), NEEDS, measure, aged=quoted_at)
