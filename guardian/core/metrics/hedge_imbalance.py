"""hedge_imbalance: net exposure of what was a hedge when the window began and is none now, over equity.

Formula: max over assets of |net now| P / E where |net| was at most a quarter of gross at the beginning of the
window, both legs had something, and |net| has grown since. What the legs were then follows from what they are
now and the fills since: a buy that opens adds to the long leg, a sell that closes takes from it, and so on.
Spot holdings are a long leg; what the ledger says came or went of them without a fill (withdrawn, moved,
converted) is undone too. Unit: multiple of equity, at marks of now. Liquidation and auto-deleveraging of
one leg, a stop that closed only one, and a leg that was never restored all show alike; both legs closed in
turn show for as long as it takes, which the rule's hold must cover.

Needs wallet, positions and an answer about fills: Unknown until then, as without equity. AtLeast while
watching began inside the window, fills or rows were forgotten, or the equity is disputed. Of one account,
legs in others are not seen; of a portfolio, mandate or venue, legs of all its accounts hedge each other, and
E is the equity of all: one account's leg that is lost leaves the other account's bare, and each account is
acted on. Its family is exposure: what is left of a hedge is held, not feared.
Source: metrics.md M08; the venues' rules of auto-deleveraging.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.memory import MAXIMUM_MOVES
from guardian.core.metrics.doings import KEPT
from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.metric import TOGETHER, Metric, View
from guardian.core.metrics.remembered import by_identities
from guardian.core.metrics.within import Gap, after, filled_at, gap, start_of
from guardian.core.model import (
    AtLeast,
    Known,
    LedgerEntry,
    LedgerKind,
    Measured,
    Part,
    Position,
    Snapshot,
    Wallet,
)

HEDGED = Decimal("0.25")
"""Net over gross at most: more is a position with some cover, not a hedge."""

WITHOUT_FILL = frozenset({LedgerKind.FLOW, LedgerKind.OTHER})
"""Rows of the ledger that move coins and of which no fill tells: withdrawals, transfers, conversions."""

Moves = tuple[LedgerEntry, ...]


def fold_moved(known: Moves, seen: Snapshot, currency: str) -> Moves:
    """The coins' rows without a fill, oldest first, each id once; as old and as many as fills are kept."""
    fresh = [r for r in seen.ledger or () if r.kind in WITHOUT_FILL and r.currency != currency and r.change]
    since = seen.asked_at - KEPT
    if not fresh and (not known or known[0].at > since):
        return known
    rows = {row.id: row for row in (*known, *fresh) if row.at > since and row.change.is_finite()}
    return tuple(sorted(rows.values(), key=lambda row: (row.at, row.id)))[-MAXIMUM_MOVES:]


@dataclass(slots=True)
class Legs:
    """Base units of one asset, long and short, each zero or more; `price` of one of them."""

    price: Decimal
    long: Decimal = Decimal(0)
    short: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        return self.long - self.short

    @property
    def hedged(self) -> bool:
        return min(self.long, self.short) > 0 and abs(self.net) <= HEDGED * (self.long + self.short)


@by_identities
def legs_now(positions: tuple[Position, ...], wallet: Wallet | None, currency: str) -> dict[str, Legs]:
    found: dict[str, Legs] = {}
    for p in positions:
        legs = found.setdefault(p.base, Legs(p.mark))
        units = abs(p.quantity) * p.contract_size / (p.mark if p.inverse else Decimal(1))
        if p.quantity > 0:
            legs.long += units
        else:
            legs.short += units
    for b in wallet.balances if wallet else ():
        if b.currency != currency and b.quantity > 0 and b.price > 0:
            found.setdefault(b.currency, Legs(b.price)).long += b.quantity
    return found


def legs_before(now: dict[str, Legs], fills: tuple[Fill, ...], moves: Moves = ()) -> dict[str, Legs]:
    """What they were before these fills, and before these coins came or went."""
    found = {asset: Legs(legs.price, legs.long, legs.short) for asset, legs in now.items()}
    for fill in fills:
        legs = found.setdefault(fill.base, Legs(fill.price))
        units = fill.contract_size / (fill.price if fill.inverse else Decimal(1))
        closed = (fill.quantity if fill.spot and fill.side < 0 else fill.closed) * units
        opened = fill.quantity * units - closed
        if fill.side > 0:
            legs.long -= opened
            legs.short += closed
        else:
            legs.short -= opened
            legs.long += closed
    for row in moves:
        if row.currency in found:
            found[row.currency].long -= row.change
    return found


def broken(now: dict[str, Legs], before: dict[str, Legs]) -> Decimal:
    """The largest net value of what was hedged before."""
    values = [
        abs(legs.net) * legs.price
        for asset, legs in now.items()
        if asset in before and before[asset].hedged and abs(legs.net) > abs(before[asset].net)
    ]
    return max(values, default=Decimal(0))


def measure(view: View) -> Measured:
    account, doings = view.account, view.account.doings
    evidence, start = account.evidence, start_of(view)
    now = legs_now(evidence.positions, evidence.wallet, account.policy.currency)
    rows = doings.fills if doings else ()
    moves = account.course.moved
    before = legs_before(now, after(rows, start), tuple(row for row in moves if row.at > start))
    found = multiple(account, broken(now, before))
    missing: Gap = gap(doings, rows, start) if doings else None
    if len(moves) >= MAXIMUM_MOVES and moves[0].at > start:
        missing = missing or (f"more than {MAXIMUM_MOVES} rows of coins that moved", False)
    return AtLeast(found.value, *missing) if missing and isinstance(found, Known) else found


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric(
    "hedge_imbalance",
    "multiple",
    "exposure",
    ("sliding",),
    NEEDS,
    measure,
    aged=filled_at,
    scopes=TOGETHER,
    deeds=True,
)
