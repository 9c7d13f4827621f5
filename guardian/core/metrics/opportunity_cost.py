"""M26 opportunity_cost: what signals would have made by what of their orders was never filled, over equity.

Formula: sum of s (m - p) q / E over the orders that ended unfilled, or filled in part, in (now - W, now] and
that a signal explains (by client order id); s is +1 for a buy, p the signal's price, q the worth that was
left at a price of one, m the mark when the order ended. Of an inverse contract (m - p) / p of what it is
worth in dollars. Unit: fraction of the equity; negative where it was luck that it was not filled. Together
with `slippage` it is the implementation shortfall, without fees.

m is the mark, by the account's positions or by its quotes, that is nearest to the order's end of those known
when guardian learns of it, before it where there is one, within a minute; a signal, or a read, that comes
later in the same instant is not known then. Needs the wallet, an answer about
past orders, and signals by telemetry: none told is Unknown, never zero. AtLeast, in that it fires and does
not clear, while orders have no signal (what only reduces needs none) or no mark, the window is not wholly
known, or the equity is disputed. An order that is replaced by one of another client id counts as given up; so
does one that the venue refused. Guardian's own do not count.
Source: metrics.md M26; A. F. Perold, JPM 14(3), 1988.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import chain

from guardian.core.facts.activity import GivenUp, PastOrder
from guardian.core.facts.telemetry import Signal
from guardian.core.memory import MAXIMUM_SIGNALS, Doings
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.exposure import multiple, settle_prices
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.strategy_pnl import quote_of
from guardian.core.metrics.within import OWN_PREFIX, after, gap, ordered_at, start_of
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown
from guardian.core.state import AccountState

FARTHEST_SECONDS = 60.0
"""Between the order's end and the mark that is taken for it."""

Named = dict[tuple[str, int, str], Signal]
Marked = tuple[datetime, Decimal]


# --- what is remembered of an order's end -----------------------------------------------------------------


def fold_given_up(account: AccountState, doings: Doings) -> tuple[GivenUp, ...]:
    """With the marks at the ends of orders that are new in `doings`; `account` is as it was before them."""
    before = account.doings
    known = () if before is None else before.given_up
    if doings.ordered_at is None:
        return known
    told, named = set() if before is None else {o.id for o in before.orders}, _named(account.stack.signals)
    fresh = (o for o in doings.orders if o.id not in told and _left(o) and _key(o) in named)
    rows = (*known, *filter(None, (_given_up(account, order) for order in fresh)))
    since = doings.ordered_at - KEPT
    return tuple(row for row in rows if row.at > since)[-MAXIMUM_SIGNALS:]


def _given_up(account: AccountState, order: PastOrder) -> GivenUp | None:
    near = [each for each in _marks(account, order.symbol) if _away(each, order) <= FARTHEST_SECONDS]
    if not near:
        return None
    _, mark = min(near, key=lambda each: (each[0] > order.updated_at, _away(each, order)))
    return GivenUp(order.id, order.updated_at, mark, *_contract(account, order.symbol))


def _marks(account: AccountState, symbol: str) -> Iterable[Marked]:
    """What is known of a symbol's mark: when it was asked for, and what it was."""
    asked, quoted = account.evidence.asked_at(Part.POSITIONS), account.markets.quoted_at
    if asked is not None:
        yield from ((asked, p.mark) for p in account.evidence.positions if p.symbol == symbol and p.mark > 0)
    if quoted is not None:
        yield from ((quoted, q.mark) for q in account.markets.quotes if q.symbol == symbol and q.mark > 0)


def _away(marked: Marked, order: PastOrder) -> float:
    return abs((marked[0] - order.updated_at).total_seconds())


def _contract(account: AccountState, symbol: str) -> tuple[Decimal, bool]:
    """Its size, and if it is inverse: as it is held, or else was filled, or else by its name, of size one."""
    fills = account.doings.fills if account.doings else ()
    held = ((p.contract_size, p.inverse) for p in account.evidence.positions if p.symbol == symbol)
    filled = ((f.contract_size, f.inverse) for f in reversed(fills) if f.symbol == symbol)
    known = next(chain(held, filled), None)
    return known or (Decimal(1), symbol.partition("/")[0] == symbol.partition(":")[2].partition("-")[0])


# --- the number -------------------------------------------------------------------------------------------


def shortfall(signal: Signal, order: PastOrder, end: GivenUp) -> Decimal:
    """What the rest of the order would have made until its end, in the quote currency; a loss is negative."""
    moved = signal.side * (end.mark - signal.price)
    return _left(order) * end.contract_size * (moved / signal.price if end.inverse else moved)


def measure(view: View) -> Measured:
    doings = view.account.doings
    if doings is None or doings.ordered_at is None:
        return Unknown("no past orders read yet", warming=True)
    start, named = start_of(view), _named(view.account.stack.signals)
    orders = [o for o in after(doings.orders, start) if _left(o) and not o.client_id.startswith(OWN_PREFIX)]
    ends = {end.order_id: end for end in doings.given_up}
    prices, amount, strays, unmarked = settle_prices(view.account.evidence.wallet), Decimal(0), 0, 0
    for order in orders:
        signal, end = named.get(_key(order)), ends.get(order.id)
        if signal is None:
            strays += not (order.reduce_only or order.origin)
        elif end is None:
            unmarked += 1
        else:
            amount += shortfall(signal, order, end) * prices.get(quote_of(order.symbol), Decimal(1))
    return _told(view, multiple(view.account, amount), _why(strays, unmarked, len(orders)))


def _why(strays: int, unmarked: int, orders: int) -> str:
    if strays:
        return f"{strays} of {orders} orders that were not filled have no signal"
    return f"{unmarked} of {orders} orders ended at a mark that is not known" if unmarked else ""


def _told(view: View, found: Measured, why: str) -> Measured:
    doings = view.account.doings
    if not isinstance(found, Known) or doings is None:
        return found
    if why:
        return AtLeast(found.value, why)
    missing = gap(doings, doings.orders, start_of(view))
    return AtLeast(found.value, *missing) if missing else found


def _named(signals: Iterable[Signal]) -> Named:
    named: Named = {}
    for signal in signals:
        if signal.client_id:
            named.setdefault((signal.symbol, signal.side, signal.client_id), signal)
    return named


def _key(order: PastOrder) -> tuple[str, int, str]:
    return order.symbol, order.side, order.client_id


def _left(order: PastOrder) -> Decimal:
    return max(order.quantity - order.filled, Decimal(0))


def told_at(view: View) -> datetime | None:
    """`Metric.aged`: never told a signal is never known; orders age by their question."""
    return ordered_at(view) if view.account.stack.signals else None


METRIC = Metric(
    "opportunity_cost", "fraction", "behaviour", ("sliding",), (Part.WALLET,), measure, aged=told_at
)
