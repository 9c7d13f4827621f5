"""Flat is what the venue says, twice, two seconds apart, asked after everything was answered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from guardian.core.events import Outcome
from guardian.core.model import Part, Position, Snapshot
from tests.core.build import (
    BTC,
    Desk,
    at,
    kinds,
    only,
    order,
    position,
    read,
    read_only,
    stop,
    wallet,
    without,
)

DUST = position(quantity="0.0004")


def answered(*positions: Position, fenced: bool = True) -> Desk:
    """FLATTEN at 0; every act answered at 0.1, the fence proven at 0.5."""
    desk = Desk().warm(*(positions or (position(),)))
    for effect in kinds(desk.demand(0, "flatten"), "close_position", "cancel_order", "fence_key"):
        desk.report(0.1, effect)
    if fenced:
        desk.keys(0.5, read_only())
    return desk


def verified(desk: Desk) -> bool:
    return desk.incident.flatness.verified_at is not None


def milestones(desk: Desk, word: str) -> int:
    return len([e for e in kinds(desk.effects, "notify") if word in e.title])


def test_two_flat_reads_two_seconds_apart_verify():
    desk = answered()

    seen = []
    for second in (1, 2, 2.9, 3):
        desk.see(read(second))
        seen.append(verified(desk))

    assert [False, False, False, True] == seen
    assert 1 == milestones(desk, "Verified flat")


@pytest.mark.parametrize(
    "second",
    [
        without(read(3), Part.ORDERS),
        without(read(3), Part.WALLET),
        read(3, orders=(order(),)),
        read(3, orders=(stop(),)),
        read(3, wallet=wallet(1000, position_margin=1)),
        read(3, (position(quantity="0.001"),)),
    ],
    ids=["no orders part", "no wallet part", "an order", "a stop", "margin held", "the smallest position"],
)
def test_a_second_read_that_is_partial_or_not_flat_verifies_nothing(second: Snapshot):
    """`position_margin` is the second endpoint: an empty positions list alone is one witness."""
    desk = answered()
    desk.see(read(1))

    desk.see(second)

    assert not verified(desk)


def test_a_partial_read_can_deny_but_not_confirm():
    """Whole read: margin still held. Partial: none. Whole: flat. That is one whole flat read, not two."""
    desk = answered()
    desk.see(read(1))
    desk.see(read(2, wallet=wallet(1000, position_margin=1)))

    desk.see(without(read(3), Part.ORDERS))
    desk.see(read(4.5))
    one = verified(desk)
    desk.see(read(6.5))

    assert (False, True) == (one, verified(desk))


def test_an_act_between_two_flat_reads_makes_the_first_worthless():
    """Here the close of dust, which was accepted and filled nothing."""
    desk = answered(DUST)
    close = only(desk.see(read(1, (DUST,))), "close_position")
    desk.report(1.1, close)

    desk.see(read(3.2, (DUST,)))

    assert not verified(desk)


def test_dust_whose_closes_are_accepted_and_fill_nothing_is_not_chased_for_ever():
    desk = answered(DUST)
    for second in range(1, 10):
        for effect in kinds(desk.see(read(second, (DUST,))), "close_position"):
            desk.report(second + 0.1, effect)

    assert verified(desk)


def test_reads_asked_before_the_last_answer_tell_nothing():
    desk = Desk().warm(position())
    effects = desk.demand(0, "flatten")
    desk.report(0.1, only(effects, "fence_key"))
    desk.keys(0.5, read_only())
    desk.see(read(1))
    desk.see(read(3.5))
    in_flight = verified(desk)
    desk.report(5, only(effects, "close_position"))
    desk.see(read(4.9), arrives=5.1)
    desk.see(read(5.2))

    assert (False, False) == (in_flight, verified(desk))
    assert at(5.2) == desk.incident.flatness.first_asked


def test_nothing_is_flat_before_the_fence():
    desk = answered(fenced=False)
    for second in range(1, 10):
        desk.see(read(second))

    assert not verified(desk)


def test_flat_is_lost_and_said_when_a_position_comes_back():
    """The claim must end in the very step that sees the position, although a close is sent in it."""
    desk = answered()
    for second in (1, 3):
        desk.see(read(second))

    effects = desk.see(read(4, (position(),)))

    assert not verified(desk)
    assert kinds(effects, "close_position")
    assert 1 == milestones(desk, "No longer flat")


def test_dust_that_the_venue_refuses_to_close_is_listed_and_does_not_block():
    desk = answered(DUST)
    second = 1.0
    while not verified(desk) and second < 20:
        for effect in kinds(desk.see(read(second, (DUST,))), "close_position"):
            desk.report(second + 0.1, effect, Outcome.REFUSED)
        second += 1

    lines = [line for e in kinds(desk.effects, "notify") for line in e.lines]

    assert verified(desk)
    assert [f"Dust left: 0.0004 of {BTC}#0."] == [line for line in lines if "Dust" in line]


def test_a_stop_that_protects_only_dust_is_cancelled():
    desk = answered(DUST)

    effects = desk.see(read(1, (DUST,), (stop(),)))

    assert "s1" == only(effects, "cancel_order").order_id


def test_a_leg_listed_with_nothing_in_it_keeps_no_stop_alive():
    """Some venues list a closed leg with quantity zero."""
    desk = answered()

    effects = desk.see(read(1, (position(quantity=0),), (stop(),)))

    assert "s1" == only(effects, "cancel_order").order_id
    assert [] == kinds(effects, "close_position")


def test_not_flat_pages_once_a_deadline():
    desk = answered()
    for second in range(1, 200):
        desk.see(read(second, (position(),)))

    assert 3 == milestones(desk, "NOT FLAT")


def test_flat_after_the_deadline_ends_the_page_of_being_late():
    """Two people woken for the same thing must both be told that it is over."""
    desk = answered()
    for second in range(1, 70):
        desk.see(read(second, (position(),)))
    assert 1 == milestones(desk, "NOT FLAT")
    told = len(desk.effects)

    for effect in kinds(desk.effects, "close_position"):
        desk.report(70, effect)
    for second in range(71, 76):
        desk.see(read(second))

    assert verified(desk)
    late = [e for e in kinds(desk.effects[told:], "notify") if "/not-flat/" in e.key]
    assert ["resolve"] == [e.notification for e in late]


def test_a_stale_repeat_is_not_a_second_read():
    desk = answered()
    first = read(1)
    desk.see(first)
    desk.see(first, arrives=3.5)
    desk.see(replace(first, asked_at=at(0.9)), arrives=4)

    assert not verified(desk)


def test_dust_does_not_hide_a_position_that_the_wallet_still_holds_margin_for():
    """The list may lose a leg; the second endpoint then holds far more margin than dust can need."""
    desk = answered()
    for second in (1, 4, 7):
        held = replace(wallet(1000), position_margin=Decimal(500))
        desk.see(replace(read(second, (DUST,)), wallet=held))

    assert not verified(desk)
