"""M07 strategy_drawdown: what a strategy has given back since its best moment in the window, over equity.

Formula: (max P - P now) / E, P the P&L of its fills (strategy_pnl.py) at the window's beginning, after each
fill in it, and at marks of now. A strategy is a client order id prefix, the rule's `of`. Unit: fraction of
the account's equity, for a strategy has none of its own. Needs wallet, positions and an answer about fills.

AtLeast while it trades or holds: its best moment may have been between two fills, which nobody saw. So it
fires, and an operator clears it. Known (0) where it did nothing in the window, holds nothing, and the fills
that are known explain every position. Unknown where it closes what was opened before them.
Its family is loss, corroborated as every loss. Source: metrics.md M07.
"""

from __future__ import annotations

from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.metrics.exposure import multiple, settle_prices
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.strategy_pnl import StrategyBook, by_strategy, curve, whose
from guardian.core.metrics.within import Gap, filled_at, gap, start_of
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown


def measure(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no fills read yet", warming=True)
    start, name = start_of(view), view.rule.of
    mine = [f for f in doings.fills if whose(f.client_id, (name,)) == name]
    old, recent = [f for f in mine if f.at <= start], [f for f in mine if f.at > start]
    book = StrategyBook(settle_prices(view.account.evidence.wallet))
    for each in old:
        book.take(each)
    opening, before = book.pnl({}), book.unattributed
    points = curve(recent, book)
    if book.unattributed != before:
        return Unknown("it closed what it had opened before the fills that are known")
    now = book.pnl(_marks(view))
    fallen = max(opening, *points, now) - now
    missing = gap(doings, doings.fills, start) or _unseen(view, doings.fills, bool(recent or book.lots))
    found = multiple(view.account, fallen)
    return AtLeast(found.value, *missing) if missing and isinstance(found, Known) else found


def _marks(view: View) -> dict[str, Decimal]:
    quoted = {q.symbol: q.mark for q in view.account.markets.quotes}
    return quoted | {p.symbol: p.mark for p in view.account.evidence.positions if p.quantity}


def _unseen(view: View, fills: tuple[Fill, ...], active: bool) -> Gap:
    """Why its P&L may have been higher, or something of it may be open that no fill tells of."""
    if active:
        return "what it was worth between its fills is not known", False
    books = by_strategy(fills, ())
    told = {s: held for book in books.values() for s, (held, _) in book.lots.items()}
    held: dict[str, Decimal] = {}
    for p in view.account.evidence.positions:
        held[p.symbol] = held.get(p.symbol, Decimal(0)) + p.quantity
    unknown = [s for s, quantity in sorted(held.items()) if quantity != told.get(s, Decimal(0))]
    return (f"{unknown[0]} was opened before the fills that are known", False) if unknown else None


METRIC = Metric(
    "strategy_drawdown",
    "fraction",
    "loss",
    ("sliding",),
    (Part.WALLET, Part.POSITIONS),
    measure,
    corroborated=True,
    aged=filled_at,
    of="a strategy's client order id prefix",
)
