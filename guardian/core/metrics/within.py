"""The part of the past that a rule's window means, and how much of it is known.

Laws: a sliding window is (now - W, now]. What is counted from a part of it is a lower bound: `filling` where
watching began inside the window, else rows of it were forgotten, for memory is bounded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from guardian.core.facts.activity import Fill, PastOrder
from guardian.core.memory import MAXIMUM_DOINGS, Doings
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.metric import View
from guardian.core.model import AtLeast, Known, Measured

Row = TypeVar("Row", Fill, PastOrder)

FORCED = frozenset({"liquidation", "adl", "delivery"})
"""Causes of fills that are nobody's: the venue closed by its rules. A block trade is somebody's."""

OWN_PREFIX = "gdn-"
"""Guardian's own orders carry client ids that begin so: they are no doing of the bot's."""

Gap = tuple[str, bool] | None
"""Why the window is not wholly known, and whether all that is missing is history; None: nothing is."""


def start_of(view: View) -> datetime:
    """When a sliding window begins."""
    return view.now - timedelta(seconds=view.rule.window.seconds or 0.0)


def gap(doings: Doings, rows: Sequence[Fill | PastOrder], start: datetime) -> Gap:
    """What is not known of these rows (all that are remembered, oldest first) since `start`."""
    if kept_since(doings) > start:
        return f"only {KEPT.total_seconds() / 3600:.0f} h are remembered", False
    if len(rows) >= MAXIMUM_DOINGS and stamp(rows[0]) > start:
        return f"more than {MAXIMUM_DOINGS} rows; the oldest are forgotten", False
    if doings.since > start:
        return f"watching since {doings.since:%H:%M} UTC", True
    return None


def kept_since(doings: Doings) -> datetime:
    """What is older is forgotten, however little it is."""
    return max(filter(None, (doings.filled_at, doings.ordered_at)), default=doings.since) - KEPT


def stamp(row: Fill | PastOrder) -> datetime:
    return row.at if isinstance(row, Fill) else row.updated_at


def after(rows: tuple[Row, ...], start: datetime) -> tuple[Row, ...]:
    """Those since `start`, of rows that are kept oldest first."""
    return rows[bisect_right(rows, start, key=stamp) :]


def bounded(value: float, missing: Gap) -> Measured:
    """What was counted, as strong as the window is known."""
    return Known(value) if missing is None else AtLeast(value, *missing)


def fills_since(doings: Doings, start: datetime) -> tuple[Fill, ...]:
    """What others than guardian traded: what the venue closed by force is nobody's order."""
    return tuple(f for f in after(doings.fills, start) if is_traded(f))


def is_traded(fill: Fill) -> bool:
    return fill.cause not in FORCED and not fill.client_id.startswith(OWN_PREFIX)


def filled_at(view: View) -> datetime | None:
    """`Metric.aged` of what reads fills."""
    return view.account.doings.filled_at if view.account.doings else None


def ordered_at(view: View) -> datetime | None:
    """`Metric.aged` of what reads past orders."""
    return view.account.doings.ordered_at if view.account.doings else None
