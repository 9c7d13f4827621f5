"""M07 strategy_drawdown: what a strategy has given back since its best moment in the window, over equity.

Formula: (max P - P now) / E, P the P&L of its fills (strategy_pnl.py) after each fill in the window, at marks
of now, and at the window's beginning where it held nothing then. A strategy is a client order id prefix: the
rule's `of`, or with scope strategy each of its `only`, else of `bot.order_prefix`, by itself; there an
account without prefixes is one strategy, by its own name, of all that is traded in it. A close without a name
(an attached stop, a hand, a liquidation) or by guardian itself is its own where nobody else traded the
symbol. Unit: fraction of the account's equity, for a strategy has none of its own. Needs wallet, positions
and an answer about fills.

Deposits and withdrawals do not move it: what was given back before one counts over the equity then, as in the
NAV. Where nobody knows what it was worth then, no moment before counts (AtLeast, with that reason).

AtLeast while it trades or holds: its best moment may have been between two fills, which nobody saw; and one
at which it held more symbols than were filled is of no known worth. So it fires, and an operator clears it.
Known (0) where it did nothing in the window, holds nothing, and the fills that are known explain every
position. Unknown where it closes what was opened before them, where nobody's close may have been of its lots
or of another's, and where those fills do not add up to the position of a symbol that it holds.
Its family is loss, corroborated as every loss. One strategy's loss is no reason to close what others hold:
at most REDUCE, and with scope strategy only of the symbols that it holds or has traded in the window. There
the venue knows one position, so that what other strategies hold of these symbols is reduced with it.
Source: metrics.md M07.
"""

from __future__ import annotations

from datetime import datetime

from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.strategy_course import NOTHING, Course, Legs, Point, course_of, marks_of
from guardian.core.metrics.within import Gap, filled_at, gap, start_of
from guardian.core.model import REDUCE, AtLeast, Known, Measured, Part, Position, Unknown


def measure(view: View) -> Measured:
    doings = view.account.doings
    if doings is None:
        return Unknown("no fills read yet", warming=True)
    start, name = start_of(view), view.rule.of
    if not name and view.rule.scope != "strategy":
        return Unknown("`of` names no strategy")
    course = course_of(view.account, name)
    old, recent = _parted(course.points, start)
    strays = _strays(course.legs, view.account.evidence.positions)
    why = _unknown(course, old, strays)
    if why:
        return Unknown(why)
    now = course.book.pnl(marks_of(view.account))
    fallen = max([now, *(p.pnl for p in recent if p.sure), *([old.pnl] if old.flat else ())]) - now
    unseen = _incomparable(course, start) or _unseen(bool(recent or course.book.lots), strays)
    missing = gap(doings, doings.fills, start) or unseen
    found = multiple(view.account, fallen)
    return AtLeast(found.value, *missing) if missing and isinstance(found, Known) else found


def _parted(points: list[Point], start: datetime) -> tuple[Point, list[Point]]:
    """Where the strategy stood when the window began, and its points in it."""
    before = [point for point in points if point.at <= start]
    return before[-1], points[len(before) :]


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


def _incomparable(course: Course, start: datetime) -> Gap:
    """Why its moments before a flow in the window say nothing about now."""
    if course.untold_at is None or course.untold_at <= start:
        return None
    return "what it was worth when money came or went is not known", False


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
    scopes=("account", "strategy"),
    most=REDUCE,
)
