"""foreign_activity: orders, fills and symbols of the account that are neither the bot's nor guardian's.

Formula: the number of different orders (resting, or ended in (now - W, now]) and of different orders filled
in the window whose client id begins with none of `bot.order_prefix` and not with gdn-, plus the symbols held
or traded that the rule's `of` does not allow ("BTC,ETH" or whole symbols; without it all are). Unit: count.
What the venue closed by force is nobody's. A resting reduce-only stop without any client id counts as the
venue's own for an attached stop. Needs positions, orders and answers about past orders and fills.

AtLeast while watching began inside the window or rows were forgotten. Without prefixes nobody's orders can be
told apart: Unknown without `of`, else at least the symbols. Keys and other venues are not looked at.
Its family is integrity: somebody else is at work. Source: metrics.md F, G.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from guardian.core.facts.activity import Fill, PastOrder
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import OWN_PREFIX, Gap, bounded, filled_at, gap, ordered_at, start_of
from guardian.core.model import Measured, OpenOrder, Part, Unknown

Trace = OpenOrder | PastOrder | Fill


def strange_orders(rows: Iterable[Trace], prefixes: tuple[str, ...]) -> set[str]:
    """By order id. An empty client id is somebody's own hand."""
    ours = (*prefixes, OWN_PREFIX)
    strange = (row for row in rows if not row.client_id.startswith(ours))
    return {row.order_id if isinstance(row, Fill) else row.id for row in strange}


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
    traces = list(_traces(view, start))
    strange = strange_orders((t for t in traces if not _attached(t)), prefixes) if prefixes else set()
    held = {p.symbol for p in account.evidence.positions if p.quantity}
    symbols = strange_symbols(held | {t.symbol for t in traces}, allowed)
    missing: Gap = gap(doings, doings.fills, start) or gap(doings, doings.orders, start)
    blind: Gap = None if prefixes else ("no bot.order_prefix: orders are not told apart", False)
    return bounded(float(len(strange) + len(symbols)), blind or missing)


def _traces(view: View, start: datetime) -> Iterable[Trace]:
    doings = view.account.doings
    yield from view.account.evidence.orders
    if doings is not None:
        yield from (o for o in doings.orders if o.updated_at > start)
        yield from (f for f in doings.fills if f.at > start and f.cause == "trade")


def _attached(trace: Trace) -> bool:
    is_stop = isinstance(trace, OpenOrder) and trace.trigger is not None and trace.reduce_only
    return is_stop and not trace.client_id


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
