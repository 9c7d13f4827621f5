"""M05 losing_closes: how many closing orders within the window have lost ("so many stop-outs in an hour").

Formula: the number of orders whose last closing fill is in (now - W, now] and whose realised P&L less fee is
below 0, over all fills of the order; a fee in another currency than the P&L is left out. What the venue
closed by force counts, what guardian closed does not: a row of its own closes must not halt what is halted.
Unlike losing_streak.py a gain in between forgives nothing.

Unit: count. Needs the fills. Unknown until they have been asked for. AtLeast while closes tell no realised
P&L (Bybit tells it where executions bear `execPnl`), while watching began inside the window, or where fills
were forgotten. It is a behaviour: what was lost is in `realised_loss`.
Source: metrics.md M05; StoplossGuard of freqtrade.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from guardian.core.facts.activity import Fill
from guardian.core.metrics.losing_streak import made
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import OWN_PREFIX, bounded, filled_at, gap, start_of
from guardian.core.model import AtLeast, Measured, Unknown


def measure(view: View) -> Measured:
    doings, start = view.account.doings, start_of(view)
    if doings is None or doings.filled_at is None:
        return Unknown("no fills read yet", warming=True)
    closed = closes(doings.fills, start)
    lost = float(sum(net is not None and net < 0 for net in closed))
    silent = sum(net is None for net in closed)
    if silent:
        return AtLeast(lost, f"{silent} of {len(closed)} closing orders tell no P&L")
    return bounded(lost, gap(doings, doings.fills, start))


def closes(fills: Iterable[Fill], start: datetime) -> list[float | None]:
    """What each closing order made that closed last after `start`; None where that is not told."""
    return [_sum(map(made, order)) for order in closing_orders(fills, start)]


def closing_orders(fills: Iterable[Fill], start: datetime) -> list[list[Fill]]:
    """All closing fills of each order, guardian's aside, that closed last after `start`."""
    orders: dict[str, list[Fill]] = {}
    for fill in fills:
        if fill.closed > 0 and not fill.client_id.startswith(OWN_PREFIX):
            orders.setdefault(fill.order_id or fill.id, []).append(fill)
    return [order for order in orders.values() if max(f.at for f in order) > start]


def _sum(parts: Iterable[float | None]) -> float | None:
    told = list(parts)
    return None if None in told else sum(part for part in told if part is not None)


METRIC = Metric("losing_closes", "count", "behaviour", ("sliding",), (), measure, aged=filled_at)
