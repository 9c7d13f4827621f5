"""Positions of which only some could be read: they are closed, and prove neither calm nor flat."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from guardian.core.model import Failure, Level, OnUnknown, Part, Snapshot, Unknown
from guardian.core.plan.verify import APART
from tests.core.build import (
    BTC,
    ETH,
    Desk,
    at,
    kinds,
    only,
    order,
    position,
    read,
    read_only,
    rule,
    rung,
    stop,
)

OPTION = Failure(Part.POSITIONS, "contract", "option: an option is held, which is not read: 'BTC-27MAR26-C'")
UNASKED = Failure(Part.ORDERS, "10005", "option: Permission denied")
HELD = position(BTC, 2)


def beside(snapshot: Snapshot, *failures: Failure) -> Snapshot:
    """The same read, in which something else is there or may be."""
    return replace(snapshot, failures=failures)


def flattened() -> Desk:
    desk = Desk().warm(HELD)
    for effect in kinds(desk.demand(0, "flatten"), "close_position", "cancel_order", "fence_key"):
        desk.report(0.1, effect)
    desk.keys(0.5, read_only())
    return desk


def verified(desk: Desk) -> bool:
    return desk.incident.flatness.verified_at is not None


def test_no_number_of_reads_beside_an_option_verifies_flat():
    """An empty list of the contracts that can be read, and no margin: an option that was bought has none."""
    desk = flattened()

    for second in range(1, 130):
        desk.see(beside(read(second), OPTION))
        desk.tick(second + 0.5)

    assert not verified(desk)
    assert [] == [e for e in kinds(desk.effects, "notify") if "Verified flat" in e.title]
    pages = [e for e in kinds(desk.effects, "notify") if "not flat" in e.title.lower()]
    assert len(pages) >= 2, "paged once a deadline"


def test_nor_does_a_read_that_could_not_ask_about_all_orders():
    desk = flattened()

    for second in range(1, 10):
        desk.see(beside(read(second), UNASKED))

    assert not verified(desk)


def test_flat_is_verified_once_nothing_is_beside_it():
    desk = flattened()
    desk.see(beside(read(1), OPTION))

    desk.see(read(2))
    once = verified(desk)
    desk.see(read(2 + APART.total_seconds()))

    assert (False, True) == (once, verified(desk))


def test_a_leg_opened_beside_an_option_is_closed():
    """Whoever buys one option must not stop guardian from closing what it can."""
    desk = Desk().warm()
    desk.see(beside(read(0, (HELD,)), OPTION))

    effects = desk.demand(0.5, "flatten")

    assert (BTC, -1, Decimal(2)) == (lambda o: (o.symbol, o.side, o.quantity))(
        only(effects, "close_position").order
    )


def test_a_close_that_filled_half_is_tried_again_beside_an_option():
    desk = Desk().warm()
    desk.see(beside(read(0, (HELD,)), OPTION))
    for effect in kinds(desk.demand(0.5, "flatten"), "close_position", "fence_key"):
        desk.report(0.6, effect)
    sent = len(kinds(desk.effects, "close_position"))

    for second in range(1, 12):
        told = desk.see(beside(read(second, (position(BTC, 1),)), OPTION))
        for effect in kinds((*told, *desk.tick(second + 0.5)), "resolve_order"):
            desk.report(second + 0.6, effect)

    assert len(kinds(desk.effects, "close_position")) > sent


def test_a_leg_that_the_part_shows_closed_is_not_chased():
    desk = flattened()
    desk.see(beside(read(1), OPTION))
    sent = len(kinds(desk.effects, "close_position"))

    for second in range(2, 20):
        desk.see(beside(read(second), OPTION))
        desk.tick(second + 0.5)

    assert sent == len(kinds(desk.effects, "close_position"))


def test_a_part_of_the_positions_judges_nothing():
    """A multiple of the legs alone would be too small, and clear."""
    exposed = rule(rung(3, "caution"), id="x", metric="leverage", on_unknown=OnUnknown.HALT)
    desk = Desk(exposed).warm(HELD)
    for second in range(12):
        desk.see(beside(read(second, (position(BTC, "0.1"),)), OPTION))

    own = desk.account.rule("x")

    assert own is not None
    assert isinstance(own.measured, Unknown)
    assert Level.HALT is desk.level
    assert at(-1) == desk.account.evidence.asked_at(Part.POSITIONS)
    assert at(-1) == desk.account.evidence.complete_at


def test_it_moves_no_equity():
    """What the legs explain is not what the account holds: no second account of a loss comes of it."""
    desk = Desk().warm(HELD)
    before = desk.nav

    desk.see(beside(read(0, (position(ETH, 5, 10, entry=1000),)), OPTION))

    assert before == desk.nav


def test_orders_beside_those_that_were_not_asked_are_cancelled():
    desk = Desk().warm(HELD)
    desk.see(beside(read(0, (HELD,), (order("new"), stop("guard"))), UNASKED))

    effects = desk.demand(0.5, "halt")

    assert ["new"] == [e.order_id for e in kinds(effects, "cancel_order")]
    assert at(0) == desk.account.evidence.asked_at(Part.ORDERS), "so that a cancel is tried again"
