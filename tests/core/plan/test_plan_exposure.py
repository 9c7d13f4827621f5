"""Closes and cancels: goals planned from evidence, gated so that nothing is ever sold twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from guardian.core.events import Outcome
from guardian.core.model import Part
from tests.core.build import (
    BTC,
    ETH,
    Desk,
    kinds,
    only,
    order,
    position,
    read,
    rule,
    rung,
    stop,
    wallet,
    without,
)

LONG, SHORT = position(BTC, 2), position(ETH, -3, 10)


def closes(effects: Any) -> list[tuple[str, int, Decimal | None]]:
    return [(e.order.symbol, e.order.side, e.order.quantity) for e in kinds(effects, "close_position")]


# --- FLATTEN ------------------------------------------------------------------------------------------


def test_every_leg_is_closed_at_once_largest_risk_first_and_against_its_side():
    desk = Desk().warm(SHORT, LONG)

    effects = desk.demand(0, "flatten")

    assert [(BTC, -1, Decimal(2)), (ETH, 1, Decimal(3))] == closes(effects)


def test_the_first_close_is_capped_by_price_and_the_next_goes_to_market():
    desk = Desk().warm(LONG, SHORT)
    first = kinds(desk.demand(0, "flatten"), "close_position")
    for effect in first:
        desk.report(0.1, effect)

    second = kinds(desk.see(read(1, (LONG, SHORT))), "close_position")

    assert [Decimal("98.00"), Decimal("10.20")] == [e.order.price for e in first]
    assert [None, None] == [e.order.price for e in second]
    assert [None, None] == [e.order.quantity for e in second], "size-free: whatever is left"


def test_a_leg_larger_than_the_largest_order_is_split_and_never_sent_size_free():
    """Size-free means one order for all of it, which the venue would refuse for its size."""
    desk = Desk().warm(position(quantity=10, maximum=4))
    sizes = []
    effects, left = desk.demand(0, "flatten"), Decimal(10)
    for second in (1, 2, 3):
        close = only(effects, "close_position")
        sizes.append(close.order.quantity)
        desk.report(second - 0.5, close)
        left -= Decimal(4)
        effects = desk.see(read(second, (position(quantity=max(left, 0), maximum=4),)))

    assert [Decimal(4), Decimal(4), None] == sizes


def test_one_in_flight_per_leg_and_a_hanging_one_delays_no_other():
    legs = tuple(position(f"{n}/USDT:USDT") for n in "ABCDE")
    desk = Desk().warm(*legs)
    first = kinds(desk.demand(0, "flatten"), "close_position")
    for effect in first[1:]:
        desk.report(0.2, effect)
    sent = [closes(desk.see(read(second, legs))) for second in (1, 2)]

    assert [4, 0] == [len(s) for s in sent], "the hanging leg is not sent again, the answered ones are"


@pytest.mark.parametrize("same", [True, False])
def test_a_lost_answer_reuses_the_client_id_and_a_known_one_does_not(same: bool):
    """The venue refuses a duplicate id: that is what makes a retry after a lost answer safe."""
    desk = Desk().warm(LONG)
    first = only(desk.demand(0, "flatten"), "close_position")
    desk.report(0.1, first, Outcome.UNKNOWN if same else Outcome.DONE)

    second = only(desk.see(read(1, (LONG,))), "close_position")

    assert same is (first.order.client_id == second.order.client_id)


def test_no_resend_without_evidence_asked_after_the_answer():
    desk = Desk().warm(LONG)
    close = only(desk.demand(0, "flatten"), "close_position")
    desk.report(2, close)

    assert [] == closes(desk.see(read(1.9, (LONG,)), arrives=2.5))
    assert [] == closes(desk.tick(3))
    assert 1 == len(closes(desk.see(read(3.1, (LONG,)))))


def test_legs_of_one_base_have_client_ids_of_their_own():
    """A perpetual and its dated future begin alike; a shared id would be refused as a duplicate."""
    names = (
        "BTC/USDT:USDT",
        "BTC/USDT:USDT-261225",
        "BTC/USDC:USDC",
        "1000000MOG/USDT:USDT",
        "1000000MOGX/USDT:USDT",
    )
    legs = [position(name, 1) for name in names] + [position(BTC, 1, index=1), position(BTC, -1, index=2)]
    desk = Desk().warm(*legs)

    ids = [e.order.client_id for e in kinds(desk.demand(0, "flatten"), "close_position")]

    assert 7 == len(set(ids))
    assert all(len(i) <= 36 and i.startswith("gdn-") for i in ids)


# --- blind --------------------------------------------------------------------------------------------


def test_blind_closes_ask_for_the_order_first_and_are_then_size_free():
    desk = Desk().warm(LONG)
    close = only(desk.demand(0, "flatten"), "close_position")
    desk.report(1, close, Outcome.UNKNOWN)

    early = desk.tick(5.9)
    resolve = only(desk.tick(6), "resolve_order")
    again = only(desk.report(6.2, resolve, Outcome.UNKNOWN), "close_position")

    assert [] == kinds(early, "resolve_order", "close_position")
    assert close.order.client_id == resolve.client_id
    assert (None, -1) == (again.order.quantity, again.order.side)


def test_blind_closes_stay_five_seconds_apart_and_keep_going():
    desk = Desk().warm(LONG)
    close = only(desk.demand(0, "flatten"), "close_position")
    sent = [0.0]
    desk.report(0.1, close, Outcome.UNKNOWN)
    for second in (tenth / 10 for tenth in range(2, 300)):
        for effect in kinds(desk.tick(second), "resolve_order"):
            more = only(desk.report(second, effect), "close_position")
            sent.append(second)
            desk.report(second, more, Outcome.UNKNOWN)

    assert len(sent) >= 5
    assert all(b - a >= 5 for a, b in pairwise(sent))


def test_reduce_is_never_done_blindly():
    desk = Desk(rule(rung(0.05, "reduce", to=0.5))).warm(position(quantity=10))
    close = only(desk.see(read(0, (position(quantity=10, mark=93, entry=100),))), "close_position")
    desk.report(0.1, close, Outcome.UNKNOWN)

    assert [] == [e for s in range(1, 60) for e in kinds(desk.tick(s), "close_position", "resolve_order")]


# --- REDUCE -------------------------------------------------------------------------------------------


def reduced(to: float, *legs: tuple[str, float]) -> tuple[Desk, list[tuple[str, int, Decimal | None]]]:
    desk = Desk(rule(rung(0.05, "reduce", to=to)))
    desk.warm(*(position(symbol, q) for symbol, q in legs))
    fallen = tuple(position(symbol, q, mark=80 if q > 0 else 120, entry=100) for symbol, q in legs)
    return desk, closes(desk.see(read(0, fallen)))


@pytest.mark.parametrize(
    ("to", "quantity", "expected"),
    [
        (0.5, 10, Decimal("5")),
        (0.5, -10, Decimal("5")),
        (0.3333, 10, Decimal("6.667")),
        (0.0, 10, Decimal("10")),
        (1.0, 10, None),
    ],
)
def test_each_leg_goes_to_its_fraction_of_entry_rounded_up_to_the_lot(
    to: float, quantity: float, expected: object
):
    _, sent = reduced(to, (BTC, quantity))

    assert ([expected] if expected is not None else []) == [q for *_, q in sent]


def test_a_leg_opened_after_entry_counts_from_zero():
    desk, _ = reduced(0.5, (BTC, 10))

    later = closes(desk.see(read(1, (position(quantity=5, mark=80, entry=100), position(ETH, 3)))))

    assert (ETH, -1, Decimal(3)) in later


def test_a_tighter_reduce_counts_from_the_first_entry():
    ladder = (rung(0.05, "reduce", to=0.5), rung(0.1, "reduce", to=0.2))
    desk = Desk(rule(*ladder)).warm(position(quantity=10))
    first = only(desk.see(read(0, (position(quantity=10, mark=93, entry=100),))), "close_position")
    desk.report(0.1, first)

    second = closes(desk.see(read(1, (position(quantity=5, mark=80, entry=100),), cash=980)))

    assert Decimal(5) == first.order.quantity
    assert [Decimal(3)] == [q for *_, q in second]


def test_a_reduction_demanded_before_any_position_was_read_counts_from_the_first_that_is():
    """By the wallet's margin at the first start: to count from nothing would close what is to be halved."""
    desk = Desk(rule(rung(0.7, "reduce", to=0.5), id="m", metric="margin_ratio"))
    near = {n: replace(read(n, (LONG,)), wallet=wallet(100, maintenance_margin=75)) for n in (0, 1)}

    desk.see(without(near[0], Part.POSITIONS))

    assert [(BTC, -1, Decimal(1))] == closes(desk.see(near[1]))


def test_flatten_takes_over_a_leg_that_reduce_is_closing_without_a_second_order():
    desk, sent = reduced(0.5, (BTC, 10))
    close = kinds(desk.effects, "close_position")[0]

    during = closes(desk.demand(0.5, "flatten"))
    desk.report(1, close)
    after = closes(desk.see(read(1.5, (position(quantity=5, mark=80, entry=100),))))

    assert (1, []) == (len(sent), during)
    assert [(BTC, -1, None)] == after


def test_a_lot_size_of_zero_stops_nothing():
    """A venue that does not say its lot must not cost the account its exit."""
    desk = Desk(rule(rung(0.05, "reduce", to=0.5))).warm(position(quantity=10, step=0))

    effects = desk.see(read(0, (position(quantity=10, mark=80, entry=100, step=0),)))

    assert [Decimal(5)] == [q for *_, q in closes(effects)]


# --- cancels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["halt", "flatten", "lockout"])
def test_risk_increasing_orders_go_one_by_one_and_protection_stays(level: str):
    """Never cancel-all: it strips stops."""
    conditional = order("c1", trigger=Decimal(120))
    desk = Desk().warm(LONG, orders=(order("o1"), conditional, stop("s1")))

    cancels = kinds(desk.demand(0, level), "cancel_order")

    assert [("o1", False), ("c1", True)] == [(e.order_id, e.conditional) for e in cancels]


def test_caution_cancels_nothing():
    desk = Desk().warm(LONG, orders=(order(),))

    assert [] == kinds(desk.demand(0, "caution"), "cancel_order", "close_position", "halt_bot", "fence_key")


def test_below_flatten_no_stop_is_touched_not_even_without_a_position_or_after_refusals():
    desk = Desk(rule(rung(0.05, "reduce", to=0.5))).warm(
        position(quantity=10), orders=(stop(), stop("s2", ETH))
    )
    fallen = position(quantity=10, mark=80, entry=100)
    effects = desk.see(read(0, (fallen,), (stop(), stop("s2", ETH))))
    for second in (1, 2, 3):
        desk.report(second - 0.5, only(effects, "close_position"), Outcome.REFUSED)
        effects = desk.see(read(second, (fallen,), (stop(), stop("s2", ETH))))

    assert [] == kinds(desk.effects, "cancel_order")


def test_an_empty_answer_that_the_wallet_does_not_confirm_costs_no_stop():
    desk = Desk().warm(LONG, orders=(stop(),))
    desk.report(0.1, only(desk.demand(0, "flatten"), "close_position"))

    effects = desk.see(replace(read(1, (LONG,), (stop(),)), positions=()))

    assert [] == kinds(effects, "cancel_order")


def test_a_stop_goes_when_its_position_is_closed():
    desk = Desk().warm(LONG, orders=(stop(),))
    close = only(desk.demand(0, "flatten"), "close_position")
    desk.report(0.1, close)

    held = desk.see(read(1, (LONG,), (stop(),)))
    closed = desk.see(read(2, (), (stop(),)))

    assert [] == kinds(held, "cancel_order")
    assert "s1" == only(closed, "cancel_order").order_id


def test_a_cancel_is_not_repeated_before_newer_orders_are_seen():
    desk = Desk().warm(LONG, orders=(order(),))
    cancel = only(desk.demand(0, "halt"), "cancel_order")
    in_flight = desk.see(read(0.5, (LONG,), (order(),)))
    desk.report(1, cancel, Outcome.UNKNOWN)
    blind = desk.see(without(read(1.5, (LONG,), (order(),)), Part.ORDERS))
    seen = desk.see(read(2, (LONG,), (order(),)))

    assert [0, 0, 1] == [len(kinds(e, "cancel_order")) for e in (in_flight, blind, seen)]


def test_after_a_restart_what_was_in_flight_is_unknown_and_waits_for_a_read():
    """SIGKILL in mid-flatten: nothing is closed twice."""
    desk = Desk().warm(LONG)
    close = only(desk.demand(0, "flatten"), "close_position")

    restarted = desk.restart(1)
    again = only(desk.see(read(1.5, (LONG,))), "close_position")
    done = desk.see(read(2, ()))

    assert [] == kinds(restarted, "close_position")
    assert close.order.client_id == again.order.client_id
    assert [] == kinds(done, "close_position")


def test_after_a_restart_the_hands_are_fetched_and_the_permit_written_again():
    """The key lived in the process that died."""
    desk = Desk().warm(LONG)
    for effect in kinds(desk.demand(0, "flatten"), "permit", "prepare_keys"):
        desk.report(0.1, effect)

    effects = desk.restart(5)

    assert (True, "halt") == (only(effects, "prepare_keys").hold, only(effects, "permit").mode)


def test_a_read_is_asked_for_as_soon_as_the_book_is_answered():
    desk = Desk().warm(LONG, orders=(order(),))
    effects = kinds(desk.demand(0, "flatten"), "close_position", "cancel_order")

    asked = [len(kinds(desk.report(0.1 * i, e), "read_now")) for i, e in enumerate(effects, 1)]

    assert [0, 1] == asked
