"""What of a read becomes evidence: each part by itself, with its own age, and nothing that is no number."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.metrics.plausible import plausible
from guardian.core.model import Balance, LedgerEntry, OpenOrder, Part, Position, Snapshot, Wallet
from guardian.core.state import Evidence
from tests.core.build import Desk, at, order, position, read, row, rule, without

LEG = position(stop_loss=Decimal(90), liquidation=Decimal(50), maintenance=Decimal(1))
WHOLE = dataclasses.replace(read(0, (LEG,), (order(trigger=Decimal(1)),)), ledger=(row("r1", -1),))
ORDERS = [Part.LEDGER, Part.ORDERS, Part.POSITIONS, Part.WALLET]


def numbers(kind: type) -> list[str]:
    """Every field that holds money, a price or a quantity, also one that is added tomorrow."""
    return [field.name for field in dataclasses.fields(kind) if "Decimal" in str(field.type)]


def spoilt(kind: type, name: str) -> dict[str, Any]:
    """The read's part of which one value has a field that is no number."""
    bad: Any = {name: Decimal("NaN")}
    wallet, orders, ledger = WHOLE.wallet, WHOLE.orders or (), WHOLE.ledger or ()
    assert wallet is not None
    if kind is Wallet:
        return {"wallet": dataclasses.replace(wallet, **bad)}
    if kind is Balance:
        balances = (*wallet.balances, dataclasses.replace(wallet.balances[0], currency="X", **bad))
        return {"wallet": dataclasses.replace(wallet, balances=balances)}
    if kind is Position:
        return {"positions": (LEG, dataclasses.replace(LEG, index=1, **bad))}
    if kind is OpenOrder:
        return {"orders": (*orders, dataclasses.replace(orders[0], **bad))}
    return {"ledger": (*ledger, dataclasses.replace(ledger[0], **bad))}


CASES = [
    (kind, name) for kind in (Wallet, Balance, Position, OpenOrder, LedgerEntry) for name in numbers(kind)
]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=lambda case: getattr(case, "__name__", case))
def test_any_number_that_is_none_refuses_its_part_and_no_other(kind: type, name: str) -> None:
    changes = spoilt(kind, name)

    seen = plausible(dataclasses.replace(WHOLE, **changes), Evidence())

    assert [*changes] == [failure.part for failure in seen.failures]
    assert {"nonsense"} == {failure.code for failure in seen.failures}
    assert [*changes] == [part.value for part in Part if getattr(seen, part.value) is None]


def test_what_is_a_number_stays_as_it_is() -> None:
    assert WHOLE is plausible(WHOLE, Evidence())


@pytest.mark.parametrize("late", list(Part))
def test_a_part_that_answers_last_is_listed_in_its_place(late: Part) -> None:
    """Whatever has answered first, evidence is the same to the byte, and each part has its own age."""
    desk = Desk(rule())

    desk.see(without(whole(0), late))
    assert [(part, at(0)) for part in ORDERS if part is not late] == [*desk.account.evidence.asked]

    desk.see(whole(1))
    desk.see(without(whole(2), late))
    assert [(p, at(1 if p is late else 2)) for p in ORDERS] == [*desk.account.evidence.asked]


def whole(second: float) -> Snapshot:
    return read(second, (position(),), (order(),))
