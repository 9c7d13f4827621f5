"""foreign_activity: orders, fills and symbols of the account that are neither the bot's nor guardian's.

Formula: the number of different orders (resting, or ended in (now - W, now]) and of different orders filled
in the window whose client id begins with none of `bot.order_prefix` and not with gdn-, plus the symbols held
or traded that the rule's `of` does not allow ("BTC,ETH" or whole symbols; without it all are). Unit: count.
What the venue closed by force is nobody's, and so is an order without any client id that the venue made: a
stop attached to a position (while it rests: any reduce-only stop), a liquidation. A block trade and a moved
position are somebody's. Needs positions, orders and answers about past orders and fills.

The ledger is one for all that the account trades, also where no fills are asked for (options, other markets):
an order of which only a row of it tells counts too; one without a client id once fills of two minutes later
are known, for until then they may still tell whose it was: the value is AtLeast meanwhile.

AtLeast also while watching began inside the window or rows were forgotten. Without prefixes nobody's orders
can be told apart: Unknown without `of`, else at least the symbols. Keys and money are looked at by
foreign_keys, open_keys and foreign_transfers, for a listing of keys is minutes old where orders are seconds.
Its family is integrity: somebody else is at work. Source: metrics.md F, G.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain

from guardian.core.facts.activity import Fill, PastOrder
from guardian.core.memory import MAXIMUM_DOINGS, MAXIMUM_MOVES, Doings
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.within import (
    FORCED,
    OWN_PREFIX,
    Gap,
    bounded,
    filled_at,
    gap,
    ordered_at,
    stamp,
    start_of,
)
from guardian.core.model import LedgerEntry, LedgerKind, Measured, OpenOrder, Part, Snapshot, Unknown
from guardian.core.policy import AccountPolicy

LATE = timedelta(minutes=2)
"""Of a fill, behind its row in the ledger."""

Trades = tuple[LedgerEntry, ...]
Trace = OpenOrder | PastOrder | Fill
Times = dict[str, datetime]
"""Of each order, or symbol, when something of it was seen last."""


def fold_traded(known: Trades, seen: Snapshot, policy: AccountPolicy) -> Trades:
    """Trades of orders that are not the bot's, oldest first, one row an order, as old as fills are kept."""
    ours, since = (*policy.order_prefixes, OWN_PREFIX), seen.asked_at - KEPT
    fresh = [
        row
        for row in seen.ledger or ()
        if row.kind is LedgerKind.TRADE and row.order_id and not row.client_id.startswith(ours)
    ]
    if not policy.order_prefixes or (not fresh and (not known or known[0].at > since)):
        return known  # almost always
    rows = {row.order_id: row for row in (*known, *fresh) if row.at > since}
    return tuple(sorted(rows.values(), key=lambda row: (row.at, row.id)))[-MAXIMUM_MOVES:]


def told_by_ledger(rows: Iterable[LedgerEntry], doings: Doings) -> tuple[set[str], bool]:
    """The orders that these rows are of, and whether some may yet turn out to be the venue's own."""
    found, open_ = set(), False
    filled = {fill.order_id for fill in doings.fills}
    for row in rows:
        if row.client_id:
            found.add(row.order_id)
        elif row.order_id not in filled and _remembered(row.at, doings):
            late = doings.filled_at is None or doings.filled_at < row.at + LATE
            open_ = open_ or late
            found |= set() if late else {row.order_id}
    return found, open_


def _remembered(at: datetime, doings: Doings) -> bool:
    """Whether fills of then were watched and are not forgotten."""
    forgotten = len(doings.fills) >= MAXIMUM_DOINGS and doings.fills[0].at >= at
    return at > doings.since and not forgotten


def strange_orders(rows: Iterable[Trace], prefixes: tuple[str, ...]) -> set[str]:
    """By order id. An empty client id is somebody's own hand, unless the venue says that it is its own."""
    ours = (*prefixes, OWN_PREFIX)
    return {_order(row) for row in rows if not row.client_id.startswith(ours) and not _of_the_venue(row)}


def _order(row: Trace) -> str:
    """A fill without an order is one of its own."""
    return row.order_id or row.id if isinstance(row, Fill) else row.id


def _of_the_venue(row: Trace) -> bool:
    if row.client_id:
        return False
    if isinstance(row, OpenOrder):
        return row.trigger is not None and row.reduce_only
    return row.origin != ""


def strange_symbols(symbols: Iterable[str], allowed: str) -> set[str]:
    """What is neither allowed by its whole name nor by its base asset; without a list everything is."""
    names = set(allowed.replace(",", " ").split())
    return {s for s in symbols if s not in names and s.split("/")[0] not in names} if names else set()


def measure(view: View) -> Measured:
    account, doings = view.account, view.account.doings
    if doings is None:
        return Unknown("no past orders and fills read yet", warming=True)
    prefixes, allowed = account.policy.order_prefixes, view.rule.of
    if not prefixes and not allowed:
        return Unknown("neither bot.order_prefix nor `of` says what is the bot's")
    start = start_of(view)
    resting = account.evidence.orders
    orders, traded = _past(account.policy.name, doings.fills, doings.orders, prefixes)
    ours = (*prefixes, OWN_PREFIX)
    rows = (r for r in account.course.traded if r.at > start and not r.client_id.startswith(ours))
    booked, waiting = told_by_ledger(rows, doings)
    strange = strange_orders(resting, prefixes) | _since(orders, start) | booked if prefixes else set()
    held = {p.symbol for p in account.evidence.positions if p.quantity}
    symbols = strange_symbols(held | {o.symbol for o in resting} | _since(traded, start), allowed)
    missing: Gap = gap(doings, doings.fills, start) or gap(doings, doings.orders, start)
    if not prefixes:
        missing = "no bot.order_prefix: orders are not told apart", False
    elif waiting or _forgotten(account.course.traded, start):
        missing = "the ledger tells of a trade that no fill explains", False
    return bounded(float(len(strange) + len(symbols)), missing)


def _forgotten(rows: Trades, start: datetime) -> bool:
    return len(rows) >= MAXIMUM_MOVES and rows[0].at > start


@newest_of
def _past(
    _account: str, fills: Sequence[Fill], orders: Sequence[PastOrder], prefixes: tuple[str, ...]
) -> tuple[Times, Times]:
    """The strange orders of what is remembered, and all its symbols, each with when it was seen last."""
    strange: Times = {}
    symbols: Times = {}
    rows: Iterable[PastOrder | Fill] = chain(orders, (fill for fill in fills if fill.cause not in FORCED))
    for row in rows:
        seen = stamp(row)
        for found, names in ((strange, strange_orders((row,), prefixes)), (symbols, (row.symbol,))):
            found.update((name, max(seen, found.get(name, seen))) for name in names)
    return strange, symbols


def _since(times: Times, start: datetime) -> set[str]:
    return {name for name, seen in times.items() if seen > start}


def _aged(view: View) -> datetime | None:
    """Of the older of the two answers."""
    fills, orders = filled_at(view), ordered_at(view)
    return None if fills is None or orders is None else min(fills, orders)


METRIC = Metric(
    "foreign_activity",
    "count",
    "integrity",
    ("sliding",),
    (Part.POSITIONS, Part.ORDERS),
    measure,
    aged=_aged,
    of="symbols or assets that the bot may trade, such as BTC,ETH",
    of_optional=True,
)
