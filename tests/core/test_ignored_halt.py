"""A halt that the bot ignores: exposure that grows all the same, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guardian.core.events import Disarmed
from guardian.core.model import Level, Part
from tests.core.build import (
    ACCOUNT,
    ETH,
    Desk,
    at,
    position,
    read,
    rule,
    rung,
    without,
)

FULL = position(mark=1000)


def down(percent: float, quantity: float | str = 1) -> Any:
    """The same leg after a fall that costs this percentage of an equity of 1000."""
    return position(quantity=quantity, mark=1000 - 10 * percent, entry=1000)


def disarm(desk: Desk, seconds: float, until: float) -> tuple[Any, ...]:
    return desk.send(Disarmed(at(seconds), ACCOUNT, at(until), "anna", "maintenance"))


def halted(*legs: Any) -> Desk:
    desk = Desk().warm(*(legs or (FULL,)))
    desk.demand(0, "halt")
    return desk


def grow(desk: Desk, second: float, *legs: Any) -> Level:
    """What trades pays fees: each read shows a little less cash."""
    desk.see(read(second, legs, cash=1000 - second / 1000))
    return desk.level


def test_a_leg_that_many_reads_lack_was_not_opened_again_if_nothing_was_filled():
    """A listing that misses a leg for half a minute is no bot: no order fills without a fee."""
    other = position(ETH, 10, 100)
    desk = halted(FULL, other)

    for second in range(9, 60):
        whole = read(second, (FULL, other))
        desk.see(replace(whole, positions=(FULL,)) if 12 <= second < 40 else whole)

    assert Level.HALT is desk.level


def test_guardians_own_fills_do_not_make_a_leg_that_reads_lacked_one_that_the_bot_opened():
    """While guardian reduces, cash moves by its own fees: only margin then tells a leg opened anew."""
    other = position(ETH, 10, 100)
    desk = Desk(rule(rung(0.02, "reduce", to=0.5))).warm(FULL, other)
    desk.see(read(0, (down(3), other)))

    for second in range(9, 60):
        half = position(quantity="0.5", mark=970, entry=1000)
        whole = read(second, (half, other), cash=985 - second / 1000)
        desk.see(replace(whole, positions=(half,)) if 12 <= second < 40 else whole)

    assert Level.REDUCE is desk.level
    assert any(target.step == "close" for target in desk.incident.targets)


def test_fills_that_cost_nothing_are_seen_by_the_margin_that_they_need():
    """A market maker may pay no fee: its cash does not move."""
    desk = halted()

    for second in range(9, 40):
        desk.see(read(second, (position(quantity=1 if second < 20 else 2, mark=1000),)))

    assert Level.FLATTEN is desk.level


def test_growth_counts_alone_while_the_wallet_cannot_be_read():
    desk = halted()

    for second in range(9, 40):
        growing = position(quantity=1 + second / 10, mark=1000)
        desk.see(without(read(second, (growing,)), Part.WALLET))

    assert Level.FLATTEN is desk.level


def test_exposure_still_growing_ten_seconds_after_halt_flattens():
    desk = halted()
    levels = [grow(desk, s, position(quantity=1 + s / 10, mark=1000)) for s in (2, 9, 10, 11)]

    assert [Level.HALT] * 3 + [Level.FLATTEN] == levels


def test_a_moving_market_is_not_a_growing_position():
    desk = halted()
    levels = [grow(desk, s, position(mark=1000 + 50 * s, entry=1000)) for s in range(1, 40)]

    assert {Level.HALT} == set(levels)


def test_the_market_of_a_leg_opened_within_the_ten_seconds_is_not_growth_either():
    desk = halted()
    levels = [grow(desk, s, FULL, position(ETH, 10, 100 + s, entry=100)) for s in range(5, 60)]

    assert {Level.HALT} == set(levels)


def test_a_bot_that_closes_and_reopens_ignores_the_halt():
    desk = halted()

    levels = [grow(desk, s, position(quantity=q, mark=1000)) for s, q in ((11, 1), (12, "0.5"), (13, "0.6"))]

    assert [Level.HALT, Level.HALT, Level.FLATTEN] == levels


def test_a_read_that_lacks_one_leg_makes_the_next_whole_one_no_growth():
    """A listing that misses a leg for a moment is no bot: nothing may be closed for it."""
    other = position(ETH, 10, 100)
    desk = halted(FULL, other)

    legs = [(FULL, other), (FULL, other), (FULL,), (FULL, other), (other,), (FULL, other), (FULL, other)]
    levels = [grow(desk, second, *seen) for second, seen in enumerate(legs, start=9)]

    assert {Level.HALT} == set(levels)


def test_the_first_reference_is_not_taken_from_a_read_that_lacks_a_leg():
    """The read of the tenth second is the one that growth is compared with."""
    other = position(ETH, 10, 100)
    desk = halted(FULL, other)

    levels = [
        grow(desk, 10, FULL),
        grow(desk, 11, FULL, position(ETH, 10, 150)),
        grow(desk, 12, FULL, position(ETH, 11, 150)),
    ]

    assert [Level.HALT, Level.HALT, Level.FLATTEN] == levels


def test_an_answer_that_was_asked_once_confirms_nothing_by_being_looked_at_twice():
    other = position(ETH, 10, 100)
    desk = halted(FULL, other)
    grow(desk, 10, FULL, other)
    grow(desk, 11, FULL)
    for tenth in range(1, 10):
        desk.tick(11 + tenth / 10)

    assert Level.HALT is grow(desk, 12, FULL, other)


@pytest.mark.parametrize(
    "reads",
    [
        [(FULL,), (FULL,), (FULL, position(ETH, 10, 100))],  # two reads in a row lack it: it was closed
        [(), (position(ETH, 10, 100),)],  # the wallet confirmed that nothing was left
    ],
)
def test_a_leg_that_was_closed_and_is_opened_again_is_growth(reads: list[tuple[Any, ...]]):
    desk = halted(FULL, position(ETH, 10, 100))

    levels = [grow(desk, second, *seen) for second, seen in enumerate(reads, start=10)]

    assert [Level.HALT] * (len(reads) - 1) + [Level.FLATTEN] == levels


def test_a_bot_that_fights_the_reduction_within_each_second_is_recognised():
    desk = halted()

    levels = [grow(desk, s, position(quantity=1 if s % 2 else "0.5", mark=1000)) for s in range(10, 14)]

    assert [Level.HALT, Level.FLATTEN] == levels[:2]


def test_a_disarmed_account_is_not_flattened_for_an_ignored_halt():
    """Disarming during a HALT means: hands off, I am working on it."""
    desk = halted()
    disarm(desk, 1, 3600)

    levels = [grow(desk, s, position(quantity=s, mark=1000)) for s in range(11, 30)]

    assert {Level.HALT} == set(levels)


@pytest.mark.parametrize("armed", [True, False])
def test_a_bot_that_ignores_an_operators_halt_is_flattened_only_where_armed(armed: bool):
    desk = Desk(armed=armed).warm(position(quantity=1))
    desk.demand(0, "halt")
    for second in range(1, 20):
        held = position(quantity=1 if second < 12 else 2)
        desk.see(read(second, (held,), cash=1000 - second / 1000))

    assert (Level.FLATTEN if armed else Level.HALT) is desk.level
