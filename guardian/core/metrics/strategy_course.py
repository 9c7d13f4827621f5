"""M07, of one strategy: its P&L after each of its fills, and whose lots a close by nobody was.

A strategy is a client order id prefix, of several of the account's that fit the longest, or an account that
names none: "", which all ids begin with. A close without a name (an attached stop, a hand, a liquidation) or
by guardian itself is its own where nobody else traded the symbol. A point before a flow is set to the units
after it (flows.py), about the P&L of that moment, so that what was given back by then stays the same part of
the equity. Source: metrics.md M07.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from guardian.core.facts.activity import Fill
from guardian.core.facts.transfers import Flow
from guardian.core.metrics.exposure import settle_prices
from guardian.core.metrics.remembered import newest_of
from guardian.core.metrics.strategy_pnl import StrategyBook, owned, quote_of
from guardian.core.metrics.within import OWN_PREFIX
from guardian.core.state import AccountState

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
    symbol: str = ""


BEGINNING = Point(datetime.min.replace(tzinfo=UTC), NOTHING, True, True, NOTHING)


@dataclass(slots=True)
class Course:
    """What the fills tell of one strategy. `shared` are symbols that others trade too, `unsure` those in
    which a close may have been of its lots or of theirs, and `legs` what all fills together leave open.
    `untold_at` is the last flow at which its P&L is not known: of what was before it nothing is comparable.
    """

    book: StrategyBook
    points: list[Point] = field(default_factory=lambda: [BEGINNING])
    shared: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    legs: Legs = field(default_factory=dict)
    untold_at: datetime | None = None


@newest_of
def told(
    _owner: str,
    rows: tuple[tuple[Fill, ...], tuple[Flow, ...]],
    name: str,
    prefixes: tuple[str, ...],
    rates: tuple[tuple[str, Decimal], ...],
) -> Course:
    """Of the strategy that is called `name`, by all fills of contracts and all flows in the order of time."""
    fills, flows = rows
    course, ahead = Course(StrategyBook(dict(rates))), list(flows)
    for fill in (fill for fill in fills if not fill.spot):  # Coins are in the wallet: nobody's lots.
        while ahead and ahead[0].at < fill.at:
            _cross(course, ahead.pop(0))
        _lay(course.legs, fill)
        if owned(fill.client_id, name, prefixes) or _closes(course, fill):
            _take(course, fill)
        elif not (_is_nobodys(fill) and fill.closed >= fill.quantity):
            course.shared.add(fill.symbol)
    for flow in ahead:
        _cross(course, flow)
    return course


def _cross(course: Course, flow: Flow) -> None:
    """Its points in the units after the flow; none is of known worth where its P&L then is not known."""
    if len(course.points) == 1:
        return  # it had done nothing, and was worth nothing
    marks = dict(flow.marks)
    if flow.ratio is None or not course.book.lots.keys() <= marks.keys():
        course.untold_at = flow.at
        course.points = [point._replace(sure=False, flat=False) for point in course.points]
        return
    worth, ratio = course.book.pnl(marks), flow.ratio
    course.points = [p._replace(pnl=worth + (p.pnl - worth) * ratio) for p in course.points]


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
    course.points.append(Point(fill.at, book.pnl({}), sure, not book.lots, book.unattributed, fill.symbol))


def _lay(legs: Legs, fill: Fill) -> None:
    """What was open before the fills that are known, and is closed by them, leaves nothing."""
    closed = min(fill.closed, fill.quantity)
    for side, change in ((-fill.side, -closed), (fill.side, fill.quantity - closed)):
        left = max(legs.pop((fill.symbol, side), NOTHING) + change, NOTHING)
        if left:
            legs[fill.symbol, side] = left


def course_of(account: AccountState, name: str) -> Course:
    """The strategy's, by the fills that the account remembers: all of them of ""."""
    fills = account.doings.fills if account.doings is not None else ()
    prefixes = account.policy.order_prefixes
    owner, rates = f"{account.policy.name} {name}", _rates(account, fills)
    return told(owner, (fills, account.course.flows), name, prefixes, rates)


def _rates(account: AccountState, fills: tuple[Fill, ...]) -> tuple[tuple[str, Decimal], ...]:
    prices = settle_prices(account.evidence.wallet)
    quotes = {quote_of(symbol) for symbol in {fill.symbol for fill in fills}}
    return tuple((quote, prices[quote]) for quote in sorted(quotes) if quote in prices)


def traded_by(account: AccountState, name: str, start: datetime) -> tuple[str, ...]:
    """The symbols in which it holds lots, or has traded since `start`."""
    course = course_of(account, name)
    return tuple(sorted({*course.book.lots, *(p.symbol for p in course.points if p.at > start)}))


def marks_of(account: AccountState) -> dict[str, Decimal]:
    quoted = {q.symbol: q.mark for q in account.markets.quotes}
    return quoted | {p.symbol: p.mark for p in account.evidence.positions if p.quantity}
