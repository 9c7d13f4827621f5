"""M25 order_to_trade: how many messages the bot sends for each execution that comes of them.

Formula: (orders placed + orders cancelled in (now - W, now]) / executions in it, these at least 1; an order
that was cancelled after a part of it was filled counts as cancelled. Unit: count. Nothing placed: 0. With a
read-only key amendments are not seen, so the ratio that a venue charges or bans for is at least this one.
Guardian's own orders, and what the venue closed by force, do not count.

Needs the open orders and answers about past orders and fills. AtLeast (filling) while watching began inside
the window. Where more rows came than are remembered they are counted by the minute (tally.py), and the window
begins with a whole one; Unknown where even that is not known, for of two counts that are too low no ratio is
proven.
Source: metrics.md M25; MiFID II, RTS 9 (ratio of unexecuted orders to transactions).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from guardian.core.facts.activity import Minute
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.placed_orders import past_orders, placed_orders, resting_orders
from guardian.core.metrics.tally import CANCELLED, whole, whole_minutes
from guardian.core.metrics.within import bounded, filled_at, fills_since, gap, ordered_at, start_of
from guardian.core.model import Measured, Part, Unknown


def order_to_trade(placed: int, cancelled: int, executions: int) -> float:
    return (placed + cancelled) / max(executions, 1)


def measure(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no past orders and fills read yet", warming=True)
    start = start_of(view)
    gaps = [gap(doings, rows, start) for rows in (doings.orders, doings.fills)]
    # What is forgotten goes before what was not watched.
    missing = min(filter(None, gaps), key=lambda each: each[1], default=None)
    counted = whole_minutes(view.account, missing, start)
    if counted is not None:
        return bounded(_by_minute(view, counted[0], whole(start)), counted[1])
    if missing is not None and not missing[1]:
        return Unknown(missing[0])
    placed = sum(o.created_at <= view.now for o in placed_orders(view, start))
    cancelled = sum(o.status in CANCELLED and o.updated_at > start for o in past_orders(view))
    return bounded(order_to_trade(placed, cancelled, len(fills_since(doings, start))), missing)


def _by_minute(view: View, minutes: Sequence[Minute], start: datetime) -> float:
    placed = sum(minute[3] for minute in minutes) + len(resting_orders(view, start))
    return order_to_trade(placed, sum(m[5] for m in minutes), sum(m[2] for m in minutes))


def _aged(view: View) -> datetime | None:
    """Of the older of the two answers."""
    fills, orders = filled_at(view), ordered_at(view)
    return None if fills is None or orders is None else min(fills, orders)


METRIC = Metric("order_to_trade", "count", "behaviour", ("sliding",), (Part.ORDERS,), measure, aged=_aged)
