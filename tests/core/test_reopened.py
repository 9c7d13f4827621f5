"""A bot that opens again what each close took, between any two reads: no read ever shows it growing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from guardian.core.effects import ClosePosition
from guardian.core.model import LedgerEntry, LedgerKind, Level, Position, Snapshot
from tests.core.build import Desk, at, money, only, position, read, row, rule, rung

HELD = position(quantity=1, mark=970, entry=1000)
"""A BTC that has lost 3 % of an equity of 1000."""


class Fight:
    """REDUCE to nothing from second 0 on; each close is answered, and the next read shows the leg whole."""

    def __init__(self, to: float = 0) -> None:
        self.desk = Desk(rule(rung(0.02, "reduce", to=to))).warm(position(mark=1000))
        self.orders: list[str] = []
        self._take(self.desk.see(read(0, (HELD,))), 0)

    def _take(self, effects: tuple[object, ...], second: float) -> None:
        closes = [e for e in effects if isinstance(e, ClosePosition)]
        for close in closes:
            self.orders.append(close.order.client_id)
            self.desk.report(second + 0.1, close)

    def see(self, second: float, leg: Position = HELD, *fills: LedgerEntry) -> Level:
        """A read at this second; what is closed for it is answered at once."""
        self._take(self.desk.see(told(read(second, (leg,), cash=1000 - second / 100), *fills)), second)
        return self.desk.level


def told(snapshot: Snapshot, *rows: LedgerEntry) -> Snapshot:
    return replace(snapshot, ledger=rows)


def fill(order: str, quantity: float | str = 1, id: str = "") -> LedgerEntry:
    booked = row(id or f"fill-{order}", -0.1, LedgerKind.TRADE)
    return replace(booked, client_id=order, quantity=money(quantity))


def test_a_leg_that_was_closed_three_times_over_was_opened_again():
    fight = Fight()

    levels = [fight.see(second, HELD, fill(fight.orders[-1])) for second in range(1, 18)]

    # Closes of the first ten seconds do not count; then it takes more than twice what there was.
    assert [Level.REDUCE] * 10 == levels[:10]
    assert Level.FLATTEN is levels[-1]
    assert levels.index(Level.FLATTEN) in (12, 13, 14)


def test_closes_that_took_nothing_prove_nothing():
    """An order that fills nothing is answered too: only the venue's ledger says what was filled."""
    fight = Fight()

    assert {Level.REDUCE} == {fight.see(second) for second in range(1, 40)}
    assert len(fight.orders) > 20


def test_a_position_that_is_closed_in_slices_is_no_bot():
    """Forty slices of what the venue takes at once: all of them together are what there was."""
    fight, left = Fight(), Decimal(1)

    for second in range(1, 45):
        left = max(left - Decimal("0.025"), Decimal("0.001"))
        leg = replace(HELD, quantity=left, maximum=Decimal("0.025"))
        assert Level.REDUCE is fight.see(second, leg, fill(fight.orders[-1], "0.025", f"fill-{second}"))


def test_a_row_that_comes_twice_counts_once():
    fight = Fight()
    same = [fill(fight.orders[-1], 1, "fill-1")]

    levels = {fight.see(second, HELD, *same) for second in range(1, 40)}

    assert {Level.REDUCE} == levels


@pytest.mark.parametrize("order", ["", "bot-1", "gdn-other-btc1-12", "gdn--"])
def test_fills_of_others_are_no_closes_of_guardian(order: str):
    fight = Fight()

    levels = {fight.see(second, HELD, fill(order, 5, f"fill-{second}")) for second in range(1, 40)}

    assert {Level.REDUCE} == levels


def test_what_there_was_at_the_entry_must_be_closed_twice_over():
    """Reads that are behind may show too little of a leg: what it was when REDUCE began counts."""
    fight, half = Fight(), replace(HELD, quantity=Decimal("0.5"))

    levels = [fight.see(s, half, fill(fight.orders[-1], "0.5", f"fill-{s}")) for s in range(1, 22)]

    assert levels.index(Level.FLATTEN) in (14, 15, 16)


def test_a_restart_forgets_neither_what_was_taken_nor_from_when_on():
    fight = Fight()
    for second in range(1, 13):
        fight.see(second, HELD, fill(fight.orders[-1]))
    before = fight.desk.incident.taken

    fight.desk.restart(13)

    assert before == fight.desk.incident.taken
    assert any(leg.taken for leg in before)


def test_the_bot_that_does_not_listen_is_fenced_from_then_on():
    fight = Fight()
    for second in range(1, 18):
        fight.see(second, HELD, fill(fight.orders[-1]))

    assert at(10) < (fight.desk.incident.t0 or at(0))
    assert only(tuple(fight.desk.effects), "list_keys").account
