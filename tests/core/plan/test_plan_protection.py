"""Protection: a stop of an open position stays, unless it is in the way or would open the other side."""

from __future__ import annotations

from dataclasses import replace

from guardian.core.events import Outcome
from tests.core.build import BTC, Desk, kinds, only, position, read, stop

LONG = position(BTC, 2)


def test_a_stop_goes_only_when_the_venue_says_that_orders_are_in_the_way():
    """A rate limit or a ban refuses closes too: stripping protection for it leaves the position naked."""
    desk = Desk().warm(LONG, orders=(stop(),))
    close = only(desk.demand(0, "flatten"), "close_position")
    for second in range(1, 4):
        desk.report(second, close, Outcome.REFUSED)
        again = desk.see(read(second + 0.8, (LONG,), (stop(),)))
        assert [] == kinds(again, "cancel_order")
        close = only(again, "close_position")

    effects = desk.report(4, close, Outcome.REFUSED, conflict="orders")

    assert "s1" == only(effects, "cancel_order").order_id


def test_protection_without_the_flag_is_protection():
    """Hedge mode's closing side, and a one-way conditional order no larger than the position, only close."""
    hedged = replace(LONG, index=1)
    flagless = replace(stop(), reduce_only=False)
    for held, order_ in ((hedged, replace(flagless, index=1, trigger=None)), (LONG, flagless)):
        desk = Desk().warm(held, orders=(order_,))

        assert [] == kinds(desk.demand(0, "halt"), "cancel_order")


def test_a_conditional_order_that_would_flip_the_position_adds_risk():
    desk = Desk().warm(LONG, orders=(replace(stop(), reduce_only=False, remaining=abs(LONG.quantity) * 2),))

    assert "s1" == only(desk.demand(0, "halt"), "cancel_order").order_id


def test_a_stop_without_the_flag_goes_when_the_position_is_being_closed():
    """Triggered after the close it would open the other side."""
    desk = Desk().warm(LONG, orders=(replace(stop(), reduce_only=False),))

    assert "s1" == only(desk.demand(0, "flatten"), "cancel_order").order_id
