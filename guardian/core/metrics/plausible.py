"""Which parts of a read may become evidence: what is no number is refused, and so is the false flat.

A refused part is a failure of the read like any other: the old answer stays, with its old age.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from guardian.core.frozen import replace
from guardian.core.model import Failure, Part, Position, Snapshot
from guardian.core.state import Evidence


def plausible(seen: Snapshot, evidence: Evidence) -> Snapshot:
    """Refuse what is no number, and the false flat: no positions while the wallet does not confirm it."""
    for part, numbers in _numbers(seen):
        if not all(map(Decimal.is_finite, numbers)):
            seen = _refused(seen, part, "nonsense", "a value is not a finite number")
    if any(_priceless(p) for p in seen.positions or ()):
        seen = _refused(seen, Part.POSITIONS, "nonsense", "a price is not above zero")
    if seen.positions != () or not evidence.positions:
        return seen
    if seen.wallet is not None and seen.wallet.position_margin <= 0:
        return seen
    why = "no positions listed, but the wallet does not confirm it"
    return _refused(seen, Part.POSITIONS, "inconsistent", why)


def _priceless(position: Position) -> bool:
    held = bool(position.quantity) or position.inverse
    return held and min(position.mark, position.entry, position.contract_size) <= 0


def _numbers(seen: Snapshot) -> Iterator[tuple[Part, list[Decimal]]]:
    """Every number that a decision is computed from, part by part."""
    w = seen.wallet
    if w is not None:
        found = [w.equity, w.margin_balance, w.maintenance_margin, w.initial_margin, w.position_margin]
        for b in w.balances:
            found += (b.quantity, b.price)
        yield Part.WALLET, found
    if seen.positions:
        found = []
        for p in seen.positions:
            found += (p.quantity, p.entry, p.mark, p.contract_size, p.step, p.minimum, p.maximum)
            found += [n for n in (p.stop_loss, p.liquidation, p.maintenance) if n is not None]
        yield Part.POSITIONS, found
    if seen.orders:
        numbers = ((o.remaining, o.contract_size, o.price, o.trigger) for o in seen.orders)
        yield Part.ORDERS, [n for four in numbers for n in four if n is not None]
    if seen.ledger:
        yield Part.LEDGER, [number for row in seen.ledger for number in (row.change, row.quantity)]


def _refused(seen: Snapshot, part: Part, code: str, why: str) -> Snapshot:
    failures = (*seen.failures, Failure(part, code, why))
    changes: dict[str, Any] = {part.value: None, "failures": failures}
    return replace(seen, **changes)
