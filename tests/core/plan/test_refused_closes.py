"""A venue that refuses a close is asked again, but not on and on: the pause grows while nothing changes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from guardian.core.effects import ClosePosition
from guardian.core.events import Outcome
from tests.core.build import BTC, ETH, Desk, kinds, only, order, position, read

LONG = position(BTC, 2)
STEP = 0.1
"""Seconds between two reads here: a venue that answers fast, which is where refusals come fastest."""


def refused(
    desk: Desk, first: ClosePosition, seconds: float, outcome: Outcome = Outcome.REFUSED
) -> list[float]:
    """When each close was sent, every one of them refused and the same book shown."""
    sent, waiting, now = [0.0], first, 0.0
    while now < seconds:
        now = round(now + STEP, 3)
        desk.report(now - STEP / 2, waiting, outcome)
        while not (again := kinds(desk.see(read(now, (LONG,))), "close_position")):
            now = round(now + STEP, 3)
        sent.append(now)
        waiting = again[0]
    return sent


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.IMPOSSIBLE])
def test_the_pause_grows_to_two_seconds_and_no_further(outcome: Outcome):
    """The venue refuses, or there are no hands to ask it with."""
    desk = Desk().warm(LONG)

    sent = refused(desk, only(desk.demand(0, "flatten"), "close_position"), 60, outcome)

    pauses = [later - earlier for earlier, later in pairwise(sent)]
    assert pauses[0] <= 2 * STEP, "the second try, at market, follows at once"
    assert max(pauses) <= 2.0 + 2 * STEP
    assert pauses[-1] >= 2.0
    assert len(sent) < 60, "six hundred were sent before"


def test_within_the_first_second_it_is_tried_at_least_four_times():
    """What the venue refuses for a moment must not cost the account its minute."""
    desk = Desk().warm(LONG)

    sent = refused(desk, only(desk.demand(0, "flatten"), "close_position"), 60)

    assert len([at for at in sent if at <= 1.0]) >= 4


def test_a_fill_of_any_leg_is_news_and_begins_the_pause_anew():
    """No order fills without a fee: the cash has moved, and what the venue refused it may take now."""
    desk = Desk().warm(LONG)
    sent = refused(desk, only(desk.demand(0, "flatten"), "close_position"), 30)
    last = kinds(desk.effects, "close_position")[-1]
    now = sent[-1] + STEP

    desk.report(now, last, Outcome.REFUSED)
    again = kinds(desk.see(read(now + STEP, (LONG,), cash=999)), "close_position")

    assert len(again) == 1


def test_a_higher_level_waits_for_no_pause():
    desk = Desk().warm(LONG)
    sent = refused(desk, only(desk.demand(0, "flatten"), "close_position"), 30)
    desk.report(sent[-1] + STEP, kinds(desk.effects, "close_position")[-1], Outcome.REFUSED)
    calm = desk.see(read(sent[-1] + 2 * STEP, (LONG,)))

    risen = desk.demand(sent[-1] + 3 * STEP, "lockout")

    assert [0, 1] == [len(kinds(effects, "close_position")) for effects in (calm, risen)]


def test_an_order_that_was_in_the_way_and_is_gone_ends_the_pause():
    """DESIGN section 5: cancel that one, close at once."""
    stop = order("s1", reduce_only=True, side=-1)
    desk = Desk().warm(LONG, orders=(stop,))
    close = only(desk.demand(0, "flatten"), "close_position")
    cancel = only(desk.report(9, close, Outcome.REFUSED, conflict="orders"), "cancel_order")
    held = desk.see(read(9.1, (LONG,), (stop,)))
    desk.report(9.2, cancel)

    gone = desk.see(read(9.3, (LONG,)))

    assert [] == kinds(held, "close_position")
    assert BTC == only(gone, "close_position").order.symbol


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.DONE, Outcome.GONE])
def test_any_other_answer_is_followed_at_once(outcome: Outcome):
    """An answer that was lost may have closed nothing, and a part that was closed leaves the rest."""
    desk = Desk().warm(LONG)
    first = only(desk.demand(0, "flatten"), "close_position")
    desk.report(20, first, outcome)

    assert len(kinds(desk.see(read(20.1, (LONG,))), "close_position")) == 1


def test_one_leg_that_is_refused_holds_up_no_other():
    short = position(ETH, -3, 10)
    desk = Desk().warm(LONG, short)
    btc, eth = kinds(desk.demand(0, "flatten"), "close_position")
    desk.report(20, btc, Outcome.REFUSED)
    desk.report(20, eth, Outcome.DONE)

    again = kinds(desk.see(read(20.1, (LONG, short))), "close_position")

    assert [ETH] == [effect.order.symbol for effect in again]
