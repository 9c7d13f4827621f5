"""M34: what the paper twin has filled, and which of its trades the account made as well.

A trade is all fills of one symbol and side in one bar: bars begin where those of the venues do, in UTC. Two
fills a second apart are of two trades where a bar ends between them: a bar is to be much longer than what
live is behind paper. Compared are whole bars that both have told.

A fill comes at least once and counts once. Bound: a day, and as many as are remembered of the account's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar

from guardian.core.facts.activity import Fill
from guardian.core.facts.telemetry import Telemetry, TwinFill, TwinFills
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_DOINGS, Doings
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.metric import View
from guardian.core.metrics.within import Gap, fills_since, gap, start_of
from guardian.core.model import Unknown

Row = TypeVar("Row", Fill, TwinFill)

BARS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400}
USUAL = "5m"
NO_BAR = Unknown("no whole bar of the window is known of both", warming=True)

Key = tuple[str, int, int]
"""Symbol, side, and the ordinal of the bar."""

Live = dict[Key, list[Fill]]
Paper = dict[Key, list[TwinFill]]


class Traded(NamedTuple):
    """The trades of both in whole bars of the window, and why these are not all, None if they are."""

    live: Live
    paper: Paper
    missing: Gap


def fold_fills(known: TwinFills | None, told: Telemetry, at: datetime) -> TwinFills:
    """What is known after a message that tells of paper's fills, which came at `at`."""
    word = min([at, *(twin.at for twin in told.twins if twin.kind == "paper")])
    before = TwinFills(word, word) if known is None else known
    newest = max(before.told_at, word)
    told_now = (replace(row, at=min(row.at, at)) for row in told.fills or () if _sound(row))
    rows = sorted({*before.rows, *told_now}, key=_order)
    kept = [row for row in rows if row.at > newest - KEPT][-MAXIMUM_DOINGS:]
    gone = rows[: len(rows) - len(kept)]
    dropped = max((each for each in (before.dropped, gone[-1].at if gone else None) if each), default=None)
    return TwinFills(before.since, newest, tuple(kept), dropped)


def _order(row: TwinFill) -> tuple[object, ...]:
    return row.at, row.symbol, row.side, row.price, row.quantity


def _sound(row: TwinFill) -> bool:
    finite = row.quantity.is_finite() and row.price.is_finite()
    return finite and row.quantity > 0 and row.price > 0


def trades(view: View) -> Traded | Unknown:
    """By the bars of `of`; Unknown where no whole one of both is in the window, or either tells none."""
    seconds = BARS.get(view.rule.of or USUAL)
    if seconds is None:
        return Unknown(f"`of` names no bar: {view.rule.of}")
    doings, paper, start = view.account.doings, view.account.stack.traded, start_of(view)
    told_at = told_by_both(view)
    if doings is None or paper is None or told_at is None:
        return NO_BAR
    first, end = -int(-start.timestamp() // seconds), int(told_at.timestamp() // seconds)
    if first >= end:
        return NO_BAR
    live, theirs = fills_since(doings, start), (row for row in paper.rows if row.at > start)
    bars = range(first, end)
    missing = _gap(doings, paper, start)
    return Traded(_by_bar(live, seconds, bars), _by_bar(theirs, seconds, bars), missing)


def _by_bar(rows: Iterable[Row], seconds: int, bars: range) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        bar = int(row.at.timestamp() // seconds)
        if bar in bars:
            found.setdefault((row.symbol, row.side, bar), []).append(row)
    return found


def _gap(doings: Doings, paper: TwinFills, start: datetime) -> Gap:
    if paper.since > start:
        return f"paper tells its fills since {paper.since:%H:%M} UTC", True
    if paper.dropped is not None and paper.dropped > start:
        return f"more than {MAXIMUM_DOINGS} fills of paper; the oldest are forgotten", False
    return gap(doings, doings.fills, start)


def told_by_both(view: View) -> datetime | None:
    """`Metric.aged` of what compares fills: of the account's and of paper's what is older."""
    doings, paper = view.account.doings, view.account.stack.traded
    if doings is None or doings.filled_at is None or paper is None:
        return None
    return min(doings.filled_at, paper.told_at)
