"""M07: positions are read and fills are told apart from each other, and each fill counts once."""

from __future__ import annotations

from typing import Any

import pytest

from guardian.core.facts.stake import Stake
from tests.core.build import at, position
from tests.core.metrics.beside.stage import fill
from tests.core.metrics.beside.test_stakes import Pairs


def watching(metric: str = "pair_convergence") -> Pairs:
    """Flat, read and told so at second 0."""
    pairs = Pairs(metric).watched()
    pairs.tick(0, mark=100, held=0)
    return pairs


def opened(at_second: float, name: str = "ft-", signed: float = 5, price: float = 100) -> Any:
    return fill(f"{name}{at_second}", at_second, signed, price, client_id=f"{name}1")


def agree(pairs: Pairs, held: float) -> bool:
    whole = pairs.stake("")
    return whole.quantity == held == pairs.stake("ft-").quantity and not doubted(pairs)


def doubted(pairs: Pairs) -> list[Stake]:
    return [s for s in pairs.account.course.stakes if s.lost or s.doubted_at]


def test_a_position_that_is_read_before_its_fill_is_told_counts_once():
    """An answer between the two has no such fill: what is found then already contains it."""
    pairs = watching()
    pairs.read(4, positions=(position(quantity=5, mark=100),))
    pairs.did(5)
    assert pairs.stake("").quantity == 5

    pairs.did(7, fills=(opened(3),))
    pairs.tick(80, mark=98, held=5)

    assert agree(pairs, 5)
    assert (pairs.stake("").fell, pairs.stake("ft-").fell) == (pytest.approx(0.01), pytest.approx(0.01))


def test_a_fill_that_is_told_before_its_position_is_read_is_no_difference_yet():
    pairs = watching()
    pairs.did(5, fills=(opened(4.5),))
    assert not doubted(pairs)

    pairs.tick(10, mark=98, held=5)

    assert agree(pairs, 5)
    assert pairs.stake("ft-").seen_at == at(10)


def test_a_fill_made_while_the_venue_was_being_asked_is_in_the_position_that_it_told():
    """Dated after the question, and before the venue's answer: the position says which it was."""
    pairs = watching()
    pairs.read(4, positions=(position(quantity=5, mark=100),))
    pairs.did(5)
    pairs.read(6, positions=(position(quantity=5, mark=100),))

    pairs.did(7, fills=(opened(4.3),))

    assert agree(pairs, 5)


def test_of_fills_made_after_the_question_the_position_contains_those_of_before_its_answer():
    """A bot that trades within the second: told together, one is in what was found and the next is not."""
    pairs = watching()
    pairs.read(4, positions=(position(quantity=5, mark=100),))
    pairs.did(5)
    pairs.read(6, positions=(position(quantity=8, mark=100),))

    pairs.did(7, fills=(opened(4.3), opened(4.6, signed=3)))

    assert agree(pairs, 8)


def test_a_round_trip_whose_first_half_was_found_is_closed_by_its_second():
    """Together they come to nothing, as the position that was found has not moved: it was read in between."""
    pairs = watching()
    pairs.read(4, positions=(position(quantity=-2, mark=100),))

    pairs.did(6, fills=(opened(3, signed=-2), fill("back", 5, 2, 100, client_id="ft-1", closed=2)))
    pairs.tick(10, mark=100, held=0)

    assert agree(pairs, 0)


def test_a_fill_after_the_position_was_found_is_another_one():
    pairs = watching()
    pairs.read(4, positions=(position(quantity=5, mark=100),))
    pairs.did(5)
    pairs.read(8, positions=(position(quantity=8, mark=100),))

    pairs.did(9, fills=(opened(3), opened(7, signed=3)))

    assert agree(pairs, 8)


def test_a_venue_whose_clock_is_behind_hides_no_fill():
    """Dated before the position was found, and not in it: the next read tells."""
    pairs = watching()
    pairs.read(4, positions=(position(quantity=5, mark=100),))
    pairs.did(5)
    pairs.did(6, fills=(opened(3),))
    pairs.read(8, positions=(position(quantity=8, mark=100),))

    pairs.did(9, fills=(opened(3.9, signed=3),))

    assert agree(pairs, 8)


def test_what_was_read_only_after_the_first_answer_is_from_before():
    """At a start fills are answered before positions: nothing was traded in between."""
    pairs = Pairs().watched()
    pairs.read(-10, positions=())
    pairs.did(0)
    pairs.read(0.2, positions=(position(quantity=5, mark=100),))
    pairs.did(5)
    pairs.read(6, positions=(position(quantity=3, mark=100),))
    pairs.did(7, fills=(fill("x", 5.5, -2, 100, client_id="", closed=2),))

    assert pairs.stake("").quantity == 3
    assert not doubted(pairs)


def test_what_was_lost_before_fills_and_position_first_agreed_is_lost():
    """Flat, a strategy is worth what it has earned: its fall begins there, whenever it is first looked at."""
    pairs = watching()
    pairs.read(4, positions=())
    pairs.did(5, fills=(opened(4.5),))
    pairs.tick(20, mark=90, held=5)

    assert pairs.stake("ft-").fell == pytest.approx(0.05)
    assert pairs.stake("").fell == pytest.approx(0.05)


def test_a_fill_in_what_was_held_before_watching_is_added_to_it():
    """The first answer came before the first read; with the next one the position is found, and has grown."""
    pairs = Pairs().watched()
    pairs.read(-400, positions=())
    pairs.did(0)
    pairs.read(4, positions=(position(quantity=10, mark=100),))
    pairs.did(5, fills=(opened(4.5, signed=1),))
    assert not doubted(pairs)

    pairs.tick(10, mark=100, held=11)

    assert pairs.stake("").quantity == 11
    assert not doubted(pairs)
