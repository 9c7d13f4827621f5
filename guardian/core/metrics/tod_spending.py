"""M30 tod_spending, tod_committed: what added risk within hours of the local day, over equity.

Formula: sum of the worth of fills since the hours began, as far as they opened rather than closed, over E.
`tod_committed` adds what resting orders would add if they filled. Outside the hours both are 0; at their
next beginning the budget is whole again. Unit: multiple of equity (0.1 is ten percent). Needs the wallet and
an answer about fills, `tod_committed` also positions and orders: Unknown until then. Fees and reductions are
free.

However many fills come, each is counted: of more than are remembered one by one, their worth by the minute
(tally.py), at the prices at which they were told. AtLeast where watching began inside the hours, where an
order has no price, or while the equity is disputed. Its family is behaviour: how much is traded at night is
no loss.
Source: metrics.md M30; IANA time zones.
"""

from __future__ import annotations

from decimal import Decimal
from math import fsum

from guardian.core.metrics.exposure import multiple, settle_prices
from guardian.core.metrics.local_hours import opened_at
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.strategy_pnl import quote_of
from guardian.core.metrics.tally import opening_worth, whole_minutes
from guardian.core.metrics.within import Gap, filled_at, gap, is_traded
from guardian.core.metrics.worst_case_exposure import adds
from guardian.core.model import AtLeast, Known, Measured, OpenOrder, Part, Position, Unknown


def adding_worth(
    orders: tuple[OpenOrder, ...], positions: tuple[Position, ...]
) -> tuple[dict[str, Decimal], str]:
    """What resting orders would open, by the currency of it, and the first symbol that cannot be priced.

    What opposes a one-way position closes that first.
    """
    left = {(p.symbol, -1 if p.quantity > 0 else 1): abs(p.quantity) for p in positions if p.index == 0}
    marks = {p.symbol: p.mark for p in positions}
    found: dict[str, Decimal] = {}
    unpriced = ""
    for order in sorted((o for o in orders if adds(o)), key=lambda o: (o.created_at, o.id)):
        closes = min(order.remaining, left.get((order.symbol, order.side), Decimal(0)))
        if closes:
            left[order.symbol, order.side] -= closes
        price = order.price or order.trigger or marks.get(order.symbol)
        if order.remaining > closes and not price:
            unpriced = unpriced or order.symbol
        elif price and order.remaining > closes:
            part = (order.remaining - closes) / order.remaining
            found[order.settle] = found.get(order.settle, Decimal(0)) + order.notional(price) * part
    return found, unpriced


def _spent(view: View) -> tuple[Decimal, Gap] | None:
    """In the reporting currency since the hours began; None outside of them."""
    start, doings = opened_at(view.rule.window, view.now), view.account.doings
    if start is None or doings is None:
        return None
    prices = settle_prices(view.account.evidence.wallet)
    missing = gap(doings, doings.fills, start)
    counted = whole_minutes(view.account, missing, start)
    if counted is not None:
        return Decimal(str(fsum(minute[1] for minute in counted[0]))), counted[1]
    rows = (f for f in doings.fills if f.at >= start and is_traded(f))
    worth = (opening_worth(f) * prices.get(quote_of(f.symbol), Decimal(1)) for f in rows)
    return sum(worth, Decimal(0)), missing


def spending(view: View) -> Measured:
    if view.account.doings is None:
        return Unknown("no fills read yet", warming=True)
    spent = _spent(view)
    return Known(0.0) if spent is None else _over_equity(view, spent[0], spent[1])


def committed(view: View) -> Measured:
    if view.account.doings is None:
        return Unknown("no fills read yet", warming=True)
    spent, evidence = _spent(view), view.account.evidence
    if spent is None:
        return Known(0.0)
    prices = settle_prices(evidence.wallet)
    adding, unpriced = adding_worth(evidence.orders, evidence.positions)
    worth = sum((n * prices.get(settle, Decimal(1)) for settle, n in adding.items()), Decimal(0))
    missing: Gap = (f"an order in {unpriced} has no price", False) if unpriced else spent[1]
    return _over_equity(view, spent[0] + worth, missing)


def _over_equity(view: View, amount: Decimal, missing: Gap) -> Measured:
    found = multiple(view.account, amount)
    return AtLeast(found.value, *missing) if missing and isinstance(found, Known) else found


KINDS = ("hours", "session")
SPENDING = Metric("tod_spending", "multiple", "behaviour", KINDS, (Part.WALLET,), spending, aged=filled_at)
COMMITTED = Metric(
    "tod_committed",
    "multiple",
    "behaviour",
    KINDS,
    (Part.WALLET, Part.POSITIONS, Part.ORDERS),
    committed,
    aged=filled_at,
)
