"""M34, M35: the other book that an account is compared with, and what both hold as weights of their equity.

Live positions count by symbol, the legs of a hedge netted. A unit of a symbol is worth, by the first that is
known: the account's own position at mark, else the quote's mark, of a contract of one base unit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from guardian.core.facts.telemetry import Twin
from guardian.core.metrics.exposure import settle_price, settle_prices
from guardian.core.metrics.metric import View


def twin_of(view: View, kind: str) -> Twin | None:
    return next((t for t in view.account.stack.twins if t.kind == kind), None)


def told_at(kind: str) -> Callable[[View], datetime | None]:
    """`Metric.aged` of what reads this twin."""

    def aged(view: View) -> datetime | None:
        twin = twin_of(view, kind)
        return twin.at if twin else None

    return aged


def live_holdings(view: View) -> dict[str, Decimal]:
    """Signed contracts by symbol."""
    held: dict[str, Decimal] = {}
    for p in view.account.evidence.positions:
        held[p.symbol] = held.get(p.symbol, Decimal(0)) + p.quantity
    return held


def units(view: View) -> dict[str, Decimal]:
    """What one contract of a symbol is worth, in the reporting currency."""
    prices = settle_prices(view.account.evidence.wallet)
    found = {q.symbol: q.mark for q in view.account.markets.quotes}
    for p in view.account.evidence.positions:
        if p.quantity:
            found[p.symbol] = p.notional / p.quantity * settle_price(p, prices)
    return found
