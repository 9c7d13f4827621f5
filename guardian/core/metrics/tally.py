"""What was done on the account, counted by the minute: for what came to more rows than are remembered.

Each fill and each order that is over is counted once, when it is first told: a row that comes again, or a
new word on one, adds nothing. Of fills that somebody traded: the worth of what they opened, at the prices of
then, and their number; of the bot's orders: how many were placed, ended, and were cancelled in that minute.

Metrics count rows as long as they are remembered, for a row has its instant; where some of the window are
forgotten they sum its minutes, so that the window begins with a whole minute. Of a memory that is full, a
row that is older than all in it counts as one that was there: it can be no other but one that came late.
Bound: the minutes of 25 hours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from guardian.core.facts.activity import Activity, Fill, Minute, Tally
from guardian.core.memory import MAXIMUM_DOINGS, Doings
from guardian.core.metrics.doings import KEPT, news_of
from guardian.core.metrics.strategy_pnl import quote_of
from guardian.core.metrics.within import OWN_PREFIX, Gap, is_traded, kept_since, stamp
from guardian.core.state import AccountState

SECONDS = 60
CANCELLED = frozenset({"cancelled", "partly"})
LARGEST = 1e300
"""Of a worth: what is more stays a number."""

Minutes = tuple[Minute, ...]
Prices = Mapping[str, Decimal]
Sums = dict[int, list[float]]


def opening_worth(fill: Fill) -> Decimal:
    """What of a fill opened a position, in the quote currency. Selling spot holdings opens none."""
    if fill.spot and fill.side < 0:
        return Decimal(0)
    opened = max(fill.quantity - fill.closed, Decimal(0))
    return fill.worth * opened / fill.quantity


def fold_tally(tally: Tally | None, known: Doings | None, seen: Activity, prices: Prices) -> Tally:
    """The minutes after one answer; `known` is what was remembered before it."""
    fills, orders = news_of(known, seen)
    if tally is None:
        tally = Tally(_begun(known, seen))
        fills, orders = (*(known.fills if known else ()), *fills), (*(known.orders if known else ()), *orders)
    if not fills and not orders:
        return tally
    sums: Sums = {minute[0]: list(minute[1:]) for minute in tally.minutes}
    for fill in fills:
        if is_traded(fill):
            worth = float(opening_worth(fill) * prices.get(quote_of(fill.symbol), Decimal(1)))
            _add(sums, min(fill.at, seen.asked_at), min(worth, LARGEST), 1)
    for order in orders:
        if not order.client_id.startswith(OWN_PREFIX):
            ended = min(order.updated_at, seen.asked_at)
            _add(sums, min(order.created_at, ended), 0.0, 0, 1)
            _add(sums, ended, 0.0, 0, 0, 1, order.status in CANCELLED)
    oldest = _number(seen.asked_at - KEPT)
    kept = ((number, *sums[number]) for number in sorted(sums) if number >= oldest)
    return Tally(tally.since, tuple(_minute(*cell) for cell in kept))


def _begun(known: Doings | None, seen: Activity) -> datetime:
    """Since when all is counted: what an older memory has forgotten was never counted."""
    if known is None:
        return seen.asked_at
    full = (rows for rows in (known.fills, known.orders) if len(rows) >= MAXIMUM_DOINGS)
    return max([known.since, *(stamp(rows[0]) for rows in full)])


def _add(sums: Sums, at: datetime, *counts: float) -> None:
    known = sums.setdefault(_number(at), [0.0] * 5)
    for place, count in enumerate(counts):
        known[place] += count


def _number(at: datetime) -> int:
    return int(at.timestamp()) // SECONDS


def _minute(number: float, opened: float, *counts: float) -> Minute:
    executions, placed, ended, cancelled = (int(count) for count in counts)
    return int(number), min(opened, LARGEST), executions, placed, ended, cancelled


def whole_minutes(
    account: AccountState, missing: Gap, start: datetime
) -> tuple[tuple[Minute, ...], Gap] | None:
    """The minutes since `start` where rows of then are forgotten, and what is missing of them too.

    None where the rows themselves are to be counted: `missing` says what is missing of those.
    """
    tally, doings = account.course.tally, account.doings
    if missing is None or missing[1] or tally is None or doings is None:
        return None
    first = _number(start)
    if kept_since(doings) <= start:
        missing = None
        if tally.since > start:
            missing = f"counting since {tally.since:%H:%M} UTC", tally.since <= doings.since
    return tuple(minute for minute in tally.minutes if minute[0] >= first), missing


def whole(start: datetime) -> datetime:
    """The beginning of its minute."""
    return datetime.fromtimestamp(_number(start) * SECONDS, UTC)


def resting_by_minute(
    minutes: Sequence[Minute], resting: Iterable[datetime], instants: Sequence[datetime], now: datetime
) -> list[float]:
    """How many orders rested at each instant, `resting` being when those that still do were placed.

    An order that is over rested where more are still to end than to be placed. That is exact at whole
    minutes, and between two of them it goes in a straight line.
    """
    numbers = [minute[0] for minute in minutes]
    later = list(accumulate((m[4] - m[3] for m in reversed(minutes)), initial=0))[::-1]
    begun = sorted(resting)
    found = []
    for at in instants:
        place, number = bisect_left(numbers, _number(at)), _number(at)
        left = float(later[place])
        if place < len(numbers) and numbers[place] == number:
            left += (later[place + 1] - left) * _part(at, now)
        found.append(max(0.0, left) + bisect_right(begun, at))
    return found


def _part(at: datetime, now: datetime) -> float:
    """Of its minute, as far as that is over."""
    begin = whole(at)
    seconds = min(timedelta(seconds=SECONDS), now - begin)
    return min((at - begin) / seconds, 1.0) if seconds else 1.0
