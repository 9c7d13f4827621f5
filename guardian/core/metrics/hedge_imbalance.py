"""hedge_imbalance: net exposure of what was a hedge when the window began and is none now, over equity.

Formula: max over assets of |net now| P / E where |net| was at most a quarter of gross at the beginning of the
window, both legs had something, and |net| has grown since. What the legs were then follows from what they are
now and the fills since: a buy that opens adds to the long leg, a sell that closes takes from it, and so on.
Spot holdings are a long leg. Unit: multiple of equity, at marks of now. Liquidation and auto-deleveraging of
one leg, a stop that closed only one, and a leg that was never restored all show alike; both legs closed in
turn show for as long as it takes, which the rule's hold must cover.

Needs wallet, positions and an answer about fills. AtLeast while watching began inside the window, fills
were forgotten, or the equity is disputed. Legs in other accounts are not seen. Its family is exposure: what
is left of a hedge is held, not feared.
Source: metrics.md M08; the venues' rules of auto-deleveraging.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from guardian.core.facts.activity import Fill
from guardian.core.metrics.exposure import multiple
from guardian.core.metrics.metric import Metric, View
from guardian.core.metrics.within import filled_at, gap, start_of
from guardian.core.model import AtLeast, Known, Measured, Part, Position, Wallet

HEDGED = Decimal("0.25")
"""Net over gross at most: more is a position with some cover, not a hedge."""


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


def legs_before(now: dict[str, Legs], fills: tuple[Fill, ...]) -> dict[str, Legs]:
    """What they were before these fills."""
    found = {asset: Legs(legs.price, legs.long, legs.short) for asset, legs in now.items()}
    for fill in fills:
        legs = found.setdefault(fill.base, Legs(fill.price))
        units = fill.contract_size / (fill.price if fill.inverse else Decimal(1))
        spot = ":" not in fill.symbol
        closed = (fill.quantity if spot and fill.side < 0 else fill.closed) * units
        opened = fill.quantity * units - closed
        if fill.side > 0:
            legs.long -= opened
            legs.short += closed
        else:
            legs.short -= opened
            legs.long += closed
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
    before = legs_before(now, tuple(f for f in rows if f.at > start))
    found = multiple(account, broken(now, before))
    missing = gap(doings, rows, start) if doings else None
    return AtLeast(found.value, *missing) if missing and isinstance(found, Known) else found


NEEDS = (Part.WALLET, Part.POSITIONS)
METRIC = Metric("hedge_imbalance", "multiple", "exposure", ("sliding",), NEEDS, measure, aged=filled_at)
