"""Which parts of a read may become evidence: what is no number is refused, and so is the false flat.

A refused part is a failure of the read like any other: the old answer stays, with its old age.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from guardian.core.frozen import replace
from guardian.core.model import Failure, OpenOrder, Part, Position, Snapshot, Wallet
from guardian.core.state import Evidence

NOTHING = Decimal(0)


def plausible(seen: Snapshot, evidence: Evidence) -> Snapshot:
    """Refuse what is no number, and the false flat: no positions while the wallet does not confirm it."""
    for part in _nonsense(seen):
        seen = _refused(seen, part, "nonsense", "a value is not a finite number")
    for position in seen.positions or ():
        if _priceless(position):
            seen = _refused(seen, Part.POSITIONS, "nonsense", "a price is not above zero")
            break
    if seen.positions != () or not evidence.positions:
        return seen
    if seen.wallet is not None and seen.wallet.position_margin <= 0:
        return seen
    why = "no positions listed, but the wallet does not confirm it"
    return _refused(seen, Part.POSITIONS, "inconsistent", why)


def partial(seen: Snapshot, part: Part) -> bool:
    """Whether what a read tells of a part is not all of it, and so no newer for any judgement.

    Orders are told anew even so: each is acted on by itself, and what nobody asked about is not among them.
    """
    return part is not Part.ORDERS and seen.failed(part)


def _priceless(p: Position) -> bool:
    held = p.quantity or p.inverse
    return bool(held) and (p.mark <= NOTHING or p.entry <= NOTHING or p.contract_size <= NOTHING)


def _nonsense(seen: Snapshot) -> list[Part]:
    """The parts in which a number that a decision is computed from is none."""
    found = []
    if seen.wallet is not None and not _wallet_is_finite(seen.wallet):
        found.append(Part.WALLET)
    for position in seen.positions or ():
        if not _position_is_finite(position):
            found.append(Part.POSITIONS)
            break
    if seen.orders and False in [_order_is_finite(o) for o in seen.orders]:
        found.append(Part.ORDERS)
    if seen.ledger and False in [r.change.is_finite() and r.quantity.is_finite() for r in seen.ledger]:
        found.append(Part.LEDGER)
    return found


def _wallet_is_finite(w: Wallet) -> bool:
    for b in w.balances:
        if not (b.quantity.is_finite() and b.price.is_finite()):
            return False
    return (
        w.equity.is_finite()
        and w.margin_balance.is_finite()
        and w.maintenance_margin.is_finite()
        and w.initial_margin.is_finite()
        and w.position_margin.is_finite()
    )


def _position_is_finite(p: Position) -> bool:
    return (
        p.quantity.is_finite()
        and p.entry.is_finite()
        and p.mark.is_finite()
        and p.contract_size.is_finite()
        and p.step.is_finite()
        and p.minimum.is_finite()
        and p.maximum.is_finite()
        and (p.stop_loss is None or p.stop_loss.is_finite())
        and (p.liquidation is None or p.liquidation.is_finite())
        and (p.maintenance is None or p.maintenance.is_finite())
    )


def _order_is_finite(o: OpenOrder) -> bool:
    return (
        o.remaining.is_finite()
        and o.contract_size.is_finite()
        and (o.price is None or o.price.is_finite())
        and (o.trigger is None or o.trigger.is_finite())
    )


def _refused(seen: Snapshot, part: Part, code: str, why: str) -> Snapshot:
    failures = (*seen.failures, Failure(part, code, why))
    changes: dict[str, Any] = {part.value: None, "failures": failures}
    return replace(seen, **changes)
