"""M29, the proof: fills that closed a leg entirely and opened it anew between two reads that look the same.

Two reads of the leg, and every fill between them in order: where what is held comes to zero on the way, all
that is open now was opened after that. It is believed only where the fills lead from the one read's quantity
to the other's, so that none is missing, and only of reads that no fill lies near (`NEAR`, either way): nobody
knows whether the answer held such a fill already, and two that are counted wrongly cancel each other. A read
(`tried`) is judged one answer later, when what lies near it has been told, and is `sure` then. Of one instant
openings count first.

Whatever is not proven stays as old as it was. A leg of a hedge mode does: a fill does not tell its leg.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.facts.stake import LegLots, Lots
from guardian.core.frozen import replace
from guardian.core.memory import MAXIMUM_DOINGS, Doings

Read = tuple[datetime, Decimal]
"""When a leg was asked for, and its signed contracts."""

NEAR = timedelta(seconds=5)
"""How far a venue's stamp and its answers may lie apart, a clock that is off included."""


def fold_closed(lots: Lots | None, doings: Doings) -> Lots | None:
    """The lots after an answer about fills; `doings` has them all."""
    asked = doings.filled_at
    if lots is None or asked is None or not lots.legs:
        return lots
    legs = tuple(_leg(own, lots.at, asked, doings) if own.leg.endswith("#0") else own for own in lots.legs)
    return lots if legs == lots.legs else replace(lots, legs=legs)


def _leg(own: LegLots, at: datetime, asked: datetime, doings: Doings) -> LegLots:
    tried = own.tried
    held = own.side * sum((lot.quantity for lot in own.lots), Decimal(0))
    if tried is None:
        return replace(own, tried=(at, held))
    if asked < tried[0] + NEAR:
        return own
    fills = [fill for fill in doings.fills if fill.symbol == own.leg.removesuffix("#0")]
    if any(abs(fill.at - tried[0]) < NEAR for fill in fills):
        return replace(own, tried=(at, held))
    since = None
    if own.sure is not None and _all_told(own.sure[0], doings):
        since = reopened(own.sure, tried, fills)
    own = replace(own, sure=tried, tried=(at, held))
    return own if since is None else _younger(own, since)


def _all_told(since: datetime, doings: Doings) -> bool:
    """Whether every fill after `since` is remembered."""
    forgotten = len(doings.fills) >= MAXIMUM_DOINGS and doings.fills[0].at > since
    return doings.since <= since and not forgotten


def reopened(first: Read, last: Read, fills: Iterable[Fill]) -> datetime | None:
    """When what is held at `last` began anew, if these fills prove that nothing was held in between."""
    (begin, held), (end, left) = first, last
    side = 1 if held > 0 else -1
    between = sorted((f for f in fills if begin < f.at <= end), key=lambda f: (f.at, f.side != side, f.id))
    opened: datetime | None = None
    empty = False
    for fill in between:
        before, held = held, held + fill.side * fill.quantity
        if empty or before * held < 0:
            opened = fill.at
        empty = held == 0
    return opened if held == left else None


def _younger(own: LegLots, since: datetime) -> LegLots:
    """Nothing of it is older than that, and its beginning was told."""
    lots = (
        replace(lot, opened_at=since, witnessed=True) if lot.opened_at < since else lot for lot in own.lots
    )
    return replace(own, lots=tuple(lots))
