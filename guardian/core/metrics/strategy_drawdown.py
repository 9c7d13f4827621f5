"""M07 strategy_drawdown: what a strategy has given back since its best moment in the window, over equity.

Formula: (max P - P now) / E, P the P&L of its fills (strategy_pnl.py) after each fill in the window, at marks
of now, and at the window's beginning where it held nothing then. A strategy is a client order id prefix, the
rule's `of`. A close without a name (an attached stop, a hand, a liquidation) or by guardian itself is its own
where nobody else traded the symbol. Unit: fraction of the account's equity, for a strategy has none of its
own. Needs wallet, positions and an answer about fills.

AtLeast while it trades or holds: its best moment may have been between two fills, which nobody saw; and one
at which it held more symbols than were filled is of no known worth. So it fires, and an operator clears it.
Known (0) where it did nothing in the window, holds nothing, and the fills that are known explain every
position. Unknown where it closes what was opened before them, where nobody's close may have been of its lots
or of another's, and where those fills do not add up to the position of a symbol that it holds.
Its family is loss, corroborated as every loss. One strategy's loss is no reason to close what others hold:
at most REDUCE. Source: metrics.md M07.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from guardian.core.facts.activity import Fill
from guardian.core.metrics.exposure import multiple, settle_prices
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.strategy_pnl import StrategyBook, quote_of
from guardian.core.metrics.within import OWN_PREFIX, Gap, filled_at, gap, start_of
from guardian.core.model import AtLeast, Known, Level, Measured, Part, Position, Unknown

NOTHING = Decimal(0)
Legs = dict[tuple[str, int], Decimal]
"""Contracts by symbol and side, only those that are open."""


class Point(NamedTuple):
    """After one fill of the strategy: its P&L, and whether every price in that is of that moment."""

    at: datetime
    pnl: Decimal
    sure: bool
    flat: bool
    unattributed: Decimal


@dataclass(slots=True)
class Course:
    """What the fills tell of one strategy. `shared` are symbols that others trade too, `unsure` those in
    which a close may have been of its lots or of theirs, and `legs` what all fills together leave open.
    """

    book: StrategyBook
    points: list[Point] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    legs: Legs = field(default_factory=dict)


@newest_of
def told(_owner: str, fills: tuple[Fill, ...], name: str, rates: tuple[tuple[str, Decimal], ...]) -> Course:
    """Of the strategy whose client ids begin with `name`, by all fills in the order of time."""
    course = Course(StrategyBook(dict(rates)))
    for fill in fills:
        _lay(course.legs, fill)
        if fill.client_id.startswith(name) or _closes(course, fill):
            _take(course, fill)
        elif not (_is_nobodys(fill) and fill.closed >= fill.quantity):
            course.shared.add(fill.symbol)
    return course


def _is_nobodys(fill: Fill) -> bool:
    """No strategy's: the venue's, a hand's, or guardian's own."""
    return not fill.client_id or fill.client_id.startswith(OWN_PREFIX)


def _closes(course: Course, fill: Fill) -> bool:
    """Whether nobody's fill closed lots of this strategy, which it is where no one else's can be meant."""
    held, _ = course.book.lots.get(fill.symbol, (NOTHING, NOTHING))
    if not _is_nobodys(fill) or not fill.closed or held * fill.side >= 0:
        return False
    sole = fill.symbol not in course.shared and fill.closed == fill.quantity
    if not sole:
        course.unsure.add(fill.symbol)
    return sole


def _take(course: Course, fill: Fill) -> None:
    book = course.book
    book.take(fill)
    sure = all(symbol == fill.symbol for symbol in book.lots)
    course.points.append(Point(fill.at, book.pnl({}), sure, not book.lots, book.unattributed))


def _lay(legs: Legs, fill: Fill) -> None:
    """What was open before the fills that are known, and is closed by them, leaves nothing."""
    closed = min(fill.closed, fill.quantity)
    for side, change in ((-fill.side, -closed), (fill.side, fill.quantity - closed)):
        left = max(legs.pop((fill.symbol, side), NOTHING) + change, NOTHING)
        if left:
            legs[fill.symbol, side] = left


def measure(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no fills read yet", warming=True)
    start, name = start_of(view), view.rule.of
    course = told(f"{view.account.policy.name} {name}", doings.fills, name, _rates(view, doings.fills))
    old, recent = _parted(course.points, start)
    strays = _strays(course.legs, view.account.evidence.positions)
    why = _unknown(course, old, strays)
    if why:
        return Unknown(why)
    now = course.book.pnl(_marks(view))
    fallen = max([now, *(p.pnl for p in recent if p.sure), *([old.pnl] if old.flat else ())]) - now
    missing = gap(doings, doings.fills, start) or _unseen(bool(recent or course.book.lots), strays)
    found = multiple(view.account, fallen)
    return AtLeast(found.value, *missing) if missing and isinstance(found, Known) else found


def _rates(view: View, fills: tuple[Fill, ...]) -> tuple[tuple[str, Decimal], ...]:
    prices = settle_prices(view.account.evidence.wallet)
    quotes = {quote_of(symbol) for symbol in {fill.symbol for fill in fills}}
    return tuple((quote, prices[quote]) for quote in sorted(quotes) if quote in prices)


def _parted(points: list[Point], start: datetime) -> tuple[Point, list[Point]]:
    """Where the strategy stood when the window began, and its points in it."""
    before = [point for point in points if point.at <= start]
    nothing = Point(start, NOTHING, True, True, NOTHING)
    return (before[-1] if before else nothing), points[len(before) :]


def _marks(view: View) -> dict[str, Decimal]:
    quoted = {q.symbol: q.mark for q in view.account.markets.quotes}
    return quoted | {p.symbol: p.mark for p in view.account.evidence.positions if p.quantity}


def _strays(legs: Legs, positions: tuple[Position, ...]) -> list[str]:
    """Symbols of which more, or less, is held than the fills that are known have left open."""
    held: Legs = {}
    for p in positions:
        if p.quantity:
            leg = p.symbol, 1 if p.quantity > 0 else -1
            held[leg] = held.get(leg, NOTHING) + abs(p.quantity)
    return sorted({leg[0] for leg in held.keys() | legs.keys() if held.get(leg) != legs.get(leg)})


def _unknown(course: Course, old: Point, strays: list[str]) -> str:
    """Why what it holds, or has earned in the window, is not known; "" where it is."""
    if course.book.unattributed != old.unattributed:
        return "it closed what it had opened before the fills that are known"
    if course.unsure:
        return f"nobody knows whose lots in {min(course.unsure)} were closed"
    mine = [symbol for symbol in strays if symbol in course.book.lots]
    return f"the fills that are known do not add up to the position in {mine[0]}" if mine else ""


def _unseen(active: bool, strays: list[str]) -> Gap:
    """Why its P&L may have been higher, or something of it may be open that no fill tells of."""
    if active:
        return "what it was worth between its fills is not known", False
    return (f"{strays[0]} was opened before the fills that are known", False) if strays else None


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
    most=Level.REDUCE,
)
