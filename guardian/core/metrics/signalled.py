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
from guardian.core.metrics.within import Gap, filled_at, fills_since, gap, is_traded, start_of
from guardian.core.model import AtLeast, Known, Measured


@dataclass(frozen=True, slots=True)
class Joined:
    """A signal with the average price and the worth of its fills in the window.

    `first` is the price of its first execution: of several at that instant the best for it.
    """

    signal: Signal
    average: float
    worth: float
    first: float


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
    fills = fills_since(doings, start)
    rows, strays = join(view.account.stack.signals, fills)
    missing: Gap = gap(doings, doings.fills, start)
    why = f"{strays} of {len(fills)} fills have no signal" if strays else missing[0] if missing else ""
    return rows, why


def join(signals: Sequence[Signal], fills: Sequence[Fill]) -> tuple[tuple[Joined, ...], int]:
    """The signals that these fills belong to, by their time; and how many fills belong to none."""
    named: dict[tuple[str, int, str], Signal] = {}
    for signal in signals:
        if signal.client_id:
            named.setdefault((signal.symbol, signal.side, signal.client_id), signal)
    found: dict[str, list[Fill]] = {}
    for fill in fills:
        known = named.get((fill.symbol, fill.side, fill.client_id))
        if known is not None:
            found.setdefault(known.id, []).append(fill)
    rows = [_joined(s, found[s.id]) for s in named.values() if s.id in found]
    strays = len(fills) - sum(map(len, found.values()))
    return tuple(sorted(rows, key=lambda row: (row.signal.at, row.signal.id))), strays


def _joined(signal: Signal, fills: list[Fill]) -> Joined:
    began = min(f.at for f in fills)
    first = min((f.price for f in fills if f.at == began), key=lambda price: signal.side * price)
    worth = float(sum(f.worth for f in fills))
    return Joined(signal, float(average_price(fills)), worth, float(first))


def joined_before(view: View) -> tuple[Joined, ...]:
    """Of what was filled before the window, as far as it is remembered: what is usual."""
    doings = view.account.doings
    fills = [f for f in doings.fills if f.at <= start_of(view) and is_traded(f)] if doings else []
    return join(view.account.stack.signals, fills)[0]


def partly(value: float, why: str) -> Measured:
    """What the joined fills show. Where some have no signal it may fire, and does not clear."""
    return AtLeast(value, why) if why else Known(value)


def joined_at(view: View) -> datetime | None:
    """`Metric.aged` of what joins: never told a signal is never known; fills age by their question."""
    return filled_at(view) if view.account.stack.signals else None
