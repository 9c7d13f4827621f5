"""M20: funding counts as soon as it is told, whichever of a read and a look at the market came first."""

from __future__ import annotations

from itertools import permutations

import pytest

from guardian.core.engine import step
from guardian.core.events import Event, MarketTaken, SnapshotTaken
from guardian.core.facts.market import Market
from guardian.core.frozen import replace
from guardian.core.memory import Heat
from guardian.core.state import State
from tests.core.build import ACCOUNT, at, position, read
from tests.core.metrics.beside.stage import Stage, quote

LEG = position(quantity=1, mark=100)


def looked(second: float, rate: float) -> MarketTaken:
    """At funding: a long pays what is above zero, and a tenth of a percent makes the component one."""
    quotes = (quote(funding_rate=rate, funding_hours=8),)
    return MarketTaken(at(second), Market(ACCOUNT, at(second), quotes, None))


def snapshot(second: float) -> SnapshotTaken:
    return SnapshotTaken(at(second), read(second, (LEG,), (), 1000))


def heat_after(state: State, *events: Event) -> Heat:
    for event in events:
        state, _ = step(state, event)
    account = state.account(ACCOUNT)
    assert account is not None
    assert account.heat is not None
    return account.heat


@pytest.fixture
def calm() -> State:
    """Read and looked at a while ago, with little to pay."""
    stage = Stage("overheat", LEG)
    for event in (snapshot(0), looked(0, 0.0001), snapshot(60), looked(60, 0.0001)):
        stage.send(event)
    return stage.state


@pytest.mark.parametrize("rate", [0.0, 0.0001, 0.0005, 0.003])
def test_of_one_instant_it_makes_no_difference_which_came_first(calm: State, rate: float) -> None:
    one, other = (heat_after(calm, *order) for order in permutations([snapshot(120), looked(120, rate)]))

    assert settled(one) == settled(other)
    assert {name: value for name, value, _ in one.components}["funding"] == min(rate / 0.001, 1.0)


@pytest.mark.parametrize("second", [90, 120])
@pytest.mark.parametrize("quantity", [-1, 1, 3])
def test_of_one_instant_the_position_of_its_read_pays(calm: State, second: float, quantity: float) -> None:
    """A short is paid what the long of the read before it would have paid; 90 s is no minute's look."""
    legs = (position(quantity=quantity, mark=100),)
    turned = SnapshotTaken(at(second), read(second, legs, (), 1000))

    one, other = (heat_after(calm, *order) for order in permutations([turned, looked(second, 0.003)]))

    assert settled(one) == settled(other)
    assert settled(one).raw == (settled(heat_after(calm)).raw if quantity < 0 and second == 90 else one.raw)


def settled(heat: Heat) -> Heat:
    """Once another instant has begun."""
    return replace(heat, looked=None)


def test_what_is_hotter_tightens_at_once(calm: State) -> None:
    before = heat_after(calm)
    after = heat_after(calm, looked(90, 0.003))

    assert after.score > before.score
    assert after.at == before.at  # the next read is looked at when it would have been


def test_what_is_cooler_waits_for_the_next_read_and_relaxes(calm: State) -> None:
    hot = heat_after(calm, looked(90, 0.003))
    cooler = heat_after(calm, looked(90, 0.003), looked(100, 0.0))
    later = heat_after(calm, looked(90, 0.003), looked(100, 0.0), snapshot(121), snapshot(182))

    assert settled(cooler) == settled(hot)
    assert later.raw < hot.raw
    assert hot.score * 0.97 < later.score < hot.score


def test_a_look_that_was_overtaken_changes_nothing(calm: State) -> None:
    assert settled(heat_after(calm, looked(30, 0.003))) == settled(heat_after(calm))
