"""M29: FIFO lots from quantities, and how old the oldest is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.facts.stake import Lot
from guardian.core.metrics.lots import MAXIMUM_LOTS, changed, oldest_seconds, weighted_seconds
from guardian.core.model import AtLeast, Known, Measured, Part, Unknown
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import BTC, ETH, START, Desk, position, read, rule, rung, without

HOUR = 3600


def lots(*steps: tuple[float, float]) -> tuple[Lot, ...]:
    """From (hour, quantity held since)."""
    found: tuple[Lot, ...] = ()
    for hour, quantity in steps:
        found = changed(found, Decimal(str(quantity)), START + timedelta(hours=hour))
    return found


def ages(found: tuple[Lot, ...], hour: float) -> tuple[float, float]:
    """Oldest and mean in hours."""
    now = START + timedelta(hours=hour)
    return oldest_seconds(found, now) / HOUR, weighted_seconds(found, now) / HOUR


# --- vectors ------------------------------------------------------------------------------------------


def test_vector_two_lots():
    assert (4.0, 3.0) == ages(lots((0, 1), (2, 2)), 4)


def test_vector_a_reduction_consumes_the_oldest():
    assert (2.0, 2.0) == ages(lots((0, 1), (2, 2), (4, 1)), 4)


def test_vector_a_change_of_side_starts_anew():
    desk = watching()
    for hour, held in ((0, 0), (0.001, 1), (2, 2), (5, -1)):
        desk.see(read(hour * HOUR, (position(quantity=held),) if held else ()))

    assert desk.account.lots is not None
    (leg,) = desk.account.lots.legs
    assert (-1, START + timedelta(hours=5)) == (leg.side, leg.lots[0].opened_at)


def test_part_of_a_lot_keeps_its_age():
    assert (4.0, pytest.approx((0.5 * 4 + 2) / 1.5)) == ages(lots((0, 1), (2, 2), (3, 1.5)), 4)
    assert (0.0, 0.0) == ages(lots((0, 1), (2, 0)), 4)


@given(st.lists(st.integers(0, 600), max_size=60))
def test_lots_add_up_to_what_is_held_and_stay_in_order(held: list[int]):
    found = lots(*enumerate(map(float, held)))

    assert sum(lot.quantity for lot in found) == (held[-1] if held else 0)
    assert [lot.opened_at for lot in found] == sorted(lot.opened_at for lot in found)
    assert all(lot.quantity > 0 for lot in found)


def test_memory_is_bounded_and_merging_never_makes_younger():
    found = lots(*((n, n + 1) for n in range(3 * MAXIMUM_LOTS)))

    assert MAXIMUM_LOTS == len(found)
    assert START == found[0].opened_at
    assert 3 * MAXIMUM_LOTS == sum(lot.quantity for lot in found)


# --- the metric ---------------------------------------------------------------------------------------


def watching() -> Desk:
    return Desk(rule(rung(60, "caution"), id="m", metric="position_age", stale_after_seconds=3600.0))


def age(desk: Desk) -> Measured:
    own = desk.account.rule("m")
    assert own is not None
    return own.measured


def test_nothing_read_is_unknown_and_nothing_open_is_zero():
    desk = watching()
    desk.see(without(read(0), Part.POSITIONS))
    assert Unknown("not read yet", warming=True) == age(desk)

    desk.see(read(1))
    assert Known(0.0) == age(desk)


def test_a_position_that_opens_under_our_eyes_is_as_old_as_the_read_that_showed_it():
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(),)))
    desk.tick(31)

    assert Known(30.0) == age(desk)


def test_what_was_there_at_the_first_sight_is_at_least_so_old_and_never_clears():
    desk = watching()
    desk.see(read(0, (position(),)))
    desk.see(read(1, (position(), position(ETH))))
    desk.tick(31)

    assert AtLeast(31.0, "when it was opened was not seen") == age(desk)


def test_a_lot_that_appeared_in_a_silence_may_be_as_old_as_the_silence():
    desk = watching()
    desk.see(read(0))
    desk.see(read(60, (position(),)))

    assert isinstance(age(desk), AtLeast)


def test_a_read_without_positions_ages_and_forgets_nothing():
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(),)))
    desk.see(without(read(2), Part.POSITIONS))
    desk.see(read(3, (position(),)))

    assert Known(2.0) == age(desk)


def test_hedge_legs_have_lots_of_their_own():
    """The long leg is closed; the short one in the same symbol is younger."""
    long_leg, short_leg = position(quantity=1, index=1), position(quantity=-1, index=2)
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (long_leg,)))
    desk.see(read(5, (long_leg, short_leg)))
    assert Known(4.0) == age(desk)

    desk.see(read(6, (short_leg,)))
    assert Known(1.0) == age(desk)


def test_dust_has_no_age():
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(BTC, "0.0005"),)))
    desk.tick(500)

    assert Known(0.0) == age(desk)


def test_after_sixty_seconds_people_are_warned():
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(),)))
    desk.tick(60)
    before = desk.level
    desk.tick(61)

    assert (0, 1) == (before, desk.level)


def test_lots_survive_a_checkpoint():
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(quantity="1.5"),)))

    assert desk.state == decode_state(encode_state(desk.state))


def test_dust_that_was_left_makes_what_is_opened_on_it_no_older():
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(BTC, "0.0005"),)))
    desk.tick(HOUR)
    desk.see(read(HOUR, (position(BTC, "0.0005"),)))
    desk.see(read(HOUR + 1, (position(BTC, "1.0005"),)))
    desk.tick(HOUR + 31)

    assert Known(30.0) == age(desk)


def test_a_listing_that_lacks_a_leg_once_makes_it_no_younger():
    """It comes back at the very entry that it had; a position that was opened anew has another."""
    held, other = position(BTC, 1, 101, entry=100), position(ETH, 1)
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (held,)))
    desk.see(read(8, (held, other)))
    desk.see(read(9, (other,)))
    desk.see(read(10, (held, other)))

    assert Known(9.0) == age(desk)


def test_a_leg_that_was_closed_and_opened_anew_is_as_old_as_that():
    other = position(ETH, 1)
    desk = watching()
    desk.see(read(0))
    desk.see(read(1, (position(BTC, 1, 100),)))
    desk.see(read(8, (position(BTC, 1, 100), other)))
    desk.see(read(9, (other,)))
    desk.see(read(10, (position(BTC, 1, "100.1"), other)))
    desk.see(read(11, (position(BTC, 1, "100.1"),)))

    assert Known(1.0) == age(desk)
