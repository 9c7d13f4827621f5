"""M26, M36: the fills that a strategy's signals explain, joined by client order id.

A fill belongs to the earliest signal of its symbol, side and client id. Guardian's own fills, and what the
venue closed by force, belong to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.facts.telemetry import Signal
from guardian.core.metrics.metric import View
from guardian.core.metrics.within import Gap, filled_at, fills_since, gap, start_of
from guardian.core.model import AtLeast, Known, Measured


@dataclass(frozen=True, slots=True)
class Joined:
    """A signal with the average price and the worth of its fills in the window."""

    signal: Signal
    average: float
    worth: float


def average_price(fills: Sequence[Fill]) -> Decimal:
    """Weighted by quantity; of inverse contracts, whose value is quoted the other way round, harmonically."""
    whole = sum((f.quantity for f in fills), Decimal(0))
    if fills[0].inverse:
        return whole / sum((f.quantity / f.price for f in fills), Decimal(0))
    return sum((f.quantity * f.price for f in fills), Decimal(0)) / whole


def joined(view: View) -> tuple[tuple[Joined, ...], str]:
    """By the time of the signal; and why it is not all, "" if it is."""
    doings = view.account.doings
    if doings is None:
        return (), "no fills read yet"
    start = start_of(view)
    signals: dict[tuple[str, int, str], Signal] = {}
    for signal in view.account.stack.signals:
        if signal.client_id:
            signals.setdefault((signal.symbol, signal.side, signal.client_id), signal)
    fills = fills_since(doings, start)
    found: dict[str, list[Fill]] = {}
    for fill in fills:
        known = signals.get((fill.symbol, fill.side, fill.client_id))
        if known is not None:
            found.setdefault(known.id, []).append(fill)
    rows = [
        Joined(s, float(average_price(found[s.id])), float(sum(f.worth for f in found[s.id])))
        for s in signals.values()
        if s.id in found
    ]
    missing: Gap = gap(doings, doings.fills, start)
    strays = len(fills) - sum(map(len, found.values()))
    why = f"{strays} of {len(fills)} fills have no signal" if strays else missing[0] if missing else ""
    return tuple(sorted(rows, key=lambda row: (row.signal.at, row.signal.id))), why


def partly(value: float, why: str) -> Measured:
    """What the joined fills show. Where some have no signal it may fire, and does not clear."""
    return AtLeast(value, why) if why else Known(value)


def joined_at(view: View) -> datetime | None:
    """`Metric.aged` of what joins: never told a signal is never known; fills age by their question."""
    return filled_at(view) if view.account.stack.signals else None
