"""M31 mark_age: how long the mark price of what is held or ordered has stood still, of the worst symbol.

Formula: max over the symbols that are held or ordered of t - t_0, t the question of the newest answer that
told the mark, t_0 that of the first since when it is the same. Unit: seconds. Needs positions, orders and
quotes. Nothing held and nothing ordered: 0. Coins of the wallet have no quote, and do not count.

Answers that come in time and repeat a price show a market that nobody sees: the equity stands still as well,
and so does every loss rule. How long they may is for the rule to say: no recorded minute of eight large coins
was without a move, and a venue's feed rested for 55 in the crash of November 2022; a stablecoin may rest for
long, and `scope: symbol` with `only` leaves it out. Volume is not asked: that of a day also changes by what
is a day old.

AtLeast while a mark was never seen to change, for nobody knows how long it was the same before, and while the
newest answer lacks a symbol. Unknown where no symbol was ever told.

Its family is integrity, and it goes no further than HALT: what would be closed for a price that stands still
would be closed at that price.
Source: metrics.md M31.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.facts.market import Mark
from guardian.core.metrics.metric import Metric, View
from guardian.core.model import HALT, AtLeast, Known, Measured, Part, Unknown


def still_seconds(mark: Mark) -> float:
    return (mark.seen_at - mark.since).total_seconds()


def measure(view: View) -> Measured:
    evidence, markets = view.account.evidence, view.account.markets
    held = {p.symbol for p in evidence.positions if p.quantity}
    symbols = sorted(held | {order.symbol for order in evidence.orders})
    marks = {mark.symbol: mark for mark in markets.marks}
    known = [marks[symbol] for symbol in symbols if symbol in marks]
    if symbols and not known:
        return Unknown(f"no quote of {symbols[0]}")
    longest = max(map(still_seconds, known), default=0.0)
    missing = [s for s in symbols if s not in marks or marks[s].seen_at != markets.quoted_at]
    if missing:
        return AtLeast(longest, f"no quote of {missing[0]}")
    first = next((mark for mark in known if not mark.moved), None)
    if first is not None:
        why = f"{first.symbol} has not moved since it was seen first, at {first.since:%m-%d %H:%M:%S} UTC"
        return AtLeast(longest, why, filling=True)
    return Known(longest)


def _aged(view: View) -> datetime | None:
    return view.account.markets.quoted_at


METRIC = Metric(
    "mark_age",
    "seconds",
    "integrity",
    ("none",),
    (Part.POSITIONS, Part.ORDERS),
    measure,
    aged=_aged,
    scopes=("account", "symbol"),
    reads=(),
    most=HALT,
)
