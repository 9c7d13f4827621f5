"""M20: how hot the market is, of what, and that not knowing is never calm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.events import MarketTaken, SnapshotTaken
from guardian.core.facts.market import Market as Look
from guardian.core.facts.market import Quote
from guardian.core.memory import Heat
from guardian.core.metrics.overheat import WEIGHTS, Component, Overheat, overheat, score
from guardian.core.model import AtLeast, Call, Known, Part, Unknown
from guardian.core.state import AccountState
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT, START, at, policy, position, read, without
from tests.core.metrics.returns.market import Market, watching

NEEDED = ("volatility", "turbulence", "correlation")


def parts(*values: float | None) -> tuple[Component, ...]:
    return tuple(Component(n, v, WEIGHTS[n]) for n, v in zip(NEEDED, values, strict=True))


def of(found: Overheat, name: str) -> float | None:
    return next(c.value for c in found.components if c.name == name)


# --- the score ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"), [((0.8, 0.2, 0), 0.6), ((0, 0, 0), 0), ((1, 1, 1), 1), ((None, None, None), 0.5)]
)
def test_vectors(values: tuple[float | None, ...], expected: float):
    assert pytest.approx(expected, abs=1e-12) == score(parts(*values))


def test_what_is_missing_leaves_its_weight_to_the_others():
    """The mean is then of what is known: 1/2 max + 1/2 (0.4 x 0.8 + 0.2 x 0.2) / 0.6."""
    assert pytest.approx(0.5 * 0.8 + 0.5 * 0.36 / 0.6) == score(parts(0.8, None, 0.2))


fractions = st.floats(0, 1)


@given(st.lists(fractions, min_size=3, max_size=3), st.integers(0, 2), fractions)
def test_the_score_rises_with_every_component(values: list[float], which: int, other: float):
    higher = list(values)
    higher[which] = max(values[which], other)

    assert 0 <= score(parts(*values)) <= score(parts(*higher)) + 1e-12 <= 1 + 2e-12


# --- memory -------------------------------------------------------------------------------------------


def heated(value: float) -> AccountState:
    known = tuple((c.name, 0.0, c.weight) for c in parts(0, 0, 0))
    return replace(AccountState(policy(), START), heat=Heat(START, 0.0, value, known))


def test_it_relaxes_with_a_half_life_of_thirty_minutes():
    """Within the quarter hour for which what was seen is believed."""
    assert pytest.approx(0.8) == overheat(heated(0.8), START).value
    assert pytest.approx(0.8 * 2 ** (-14 / 30)) == overheat(heated(0.8), START + timedelta(minutes=14)).value


@given(st.floats(0, 86_400), st.floats(0, 1))
def test_silence_is_no_calm(seconds: float, before: float):
    """Once nothing has been seen for a quarter of an hour it is at least 0.5, and says that it is partial."""
    found = overheat(heated(before), START + timedelta(seconds=seconds))

    assert found.partial is (seconds > 900)
    assert found.value >= 0.5 or not found.partial


def test_an_account_that_was_never_read_is_not_calm():
    found = overheat(AccountState(policy(), START), START)

    assert 0.5 == found.value
    assert found.partial
    assert {None} == {c.value for c in found.components}


# --- on an account ------------------------------------------------------------------------------------


def test_volatility_is_known_after_four_hours_and_all_of_it_after_a_day():
    market = Market(watching("overheat"), {"A": 1.0, "B": 0.5}).run(46)
    assert AtLeast(0.5, "not known: volatility, turbulence, correlation") == market.found("overheat")

    found = market.run(4).found("overheat")
    assert isinstance(found, AtLeast)
    assert "not known: turbulence, correlation" == found.why
    market.run(230)

    assert isinstance(market.run(20).found("overheat"), AtLeast)  # a mean correlation takes four hours more
    assert isinstance(market.run(52).found("overheat"), Known)


def test_a_storm_heats_at_once_and_cools_slowly():
    market = Market(watching("overheat"), {"A": 1.0, "B": 0.5}).run(700)
    calm = overheat(market.account, market.account.heat.at)
    market.size = 0.008
    market.run(13)
    storm = overheat(market.account, market.account.heat.at)
    market.size = 0.001
    market.run(4)
    after = overheat(market.account, market.account.heat.at)

    assert calm.value < 0.3 < 0.8 < storm.value
    assert of(storm, "turbulence") == 1.0
    assert 0.5 < after.value < storm.value
    assert after.value > storm.value * 2 ** (-21 / 30)
    market.run(200)
    assert overheat(market.account, market.account.heat.at).value < 0.3


def test_it_never_falls_faster_than_its_half_life():
    """Looked at every minute, across the cells in which a storm ends."""
    market = Market(watching("overheat"), {"A": 1.0, "B": 0.5}).run(400)
    told = []
    for size in (0.008, 0.001, 0.001, 0.02, 0.001):
        market.size = size
        for _ in range(3):
            market.run(1)
            last = (market.cell - 1) * 300 + 2
            told += [overheat(market.account, at(last + 60 * minute)).value for minute in range(5)]

    assert max(told) > 0.8
    assert all(b >= a * 2 ** (-1 / 30) - 1e-12 for a, b in pairwise(told))


def test_assets_that_begin_to_move_alike_are_told():
    market = Market(watching("overheat"), {"A": 1.0, "B": 0.3, "C": 0.3}).run(1200)
    before = of(overheat(market.account, market.account.heat.at), "correlation")
    market.alike = {"A": 1.0, "B": 0.99, "C": 0.99}
    market.run(200)

    assert before < 0.5
    assert of(overheat(market.account, market.account.heat.at), "correlation") == 1.0


def test_one_asset_has_no_correlation_and_is_not_partial_for_that():
    market = Market(watching("overheat"), {"A": 1.0}).run(320)

    found = overheat(market.account, market.account.heat.at)
    assert of(found, "correlation") is None
    assert not found.partial
    assert isinstance(market.found("overheat"), Known)


def test_no_return_of_the_future_is_in_it():
    """What a read shows in a new cell says nothing before that cell is over."""
    one, two = (Market(watching("overheat"), {"A": 1.0}).run(400) for _ in range(2))
    one.step(A=0.0)
    two.step(A=0.5)

    assert one.account.returns == two.account.returns
    assert one.account.heat == two.account.heat


def test_funding_that_our_side_pays_heats():
    """0.1 % in eight hours is all there is; what we receive is none."""
    market = Market(watching("overheat"), {"A": 1.0}).run(2)
    for rate, hours, expected in (("0.0005", 8.0, 0.5), ("0.0005", 4.0, 1.0), ("-0.01", 8.0, 0.0)):
        quote = Quote("A/USDT:USDT", Decimal(100), funding_rate=Decimal(rate), funding_hours=hours)
        now = at(market.cell * 300)
        market.desk.send(MarketTaken(now, Look(ACCOUNT, now, (quote,), ())))
        market.run(1)
        found = overheat(market.account, market.account.heat.at)
        assert pytest.approx(expected) == of(found, "funding")


def test_requests_that_take_ten_times_as_long_heat():
    market = Market(watching("overheat"), {"A": 1.0})
    legs = market.legs()
    for second in range(0, 3720, 10):
        market.desk.see(read(second, legs, calls=(Call("x", 0.05),)))
    assert of(overheat(market.account, at(3720)), "requests") < 1e-9

    market.desk.see(read(3730, legs, calls=(Call("x", 0.6),) * 9))
    assert of(overheat(market.account, at(3730)), "requests") > 0.9


def test_a_flat_account_still_has_a_market_to_wait_for():
    """What was held is told by quotes: the score cools, and is not partial for want of a position."""
    market = Market(watching("overheat"), {"A": 1.0}).run(700)
    held = market.cell
    for cell in range(held, held + 40):
        for second in (2, 150):
            now = at(300 * cell + second)
            price = Decimal(str(100 + (cell % 2) / 10))
            market.desk.send(MarketTaken(now, Look(ACCOUNT, now, (Quote("A/USDT:USDT", price),), ())))
            market.desk.see(read(300 * cell + second + 1, cash=10_000))

    found = overheat(market.account, market.account.heat.at)
    assert not found.partial
    assert of(found, "volatility") is not None


def test_an_answer_that_was_overtaken_changes_nothing():
    market = Market(watching("overheat"), {"A": 1.0}).run(330)
    before = market.account.heat
    market.desk.send(SnapshotTaken(at(330 * 300), read(300 * 300, market.legs(), cash=10_000)))

    assert before == market.account.heat


def test_without_positions_read_it_is_unknown():
    desk = watching("overheat")
    desk.see(without(read(0, (position(),)), Part.POSITIONS))

    own = desk.account.rule("overheat")
    assert own is not None
    assert isinstance(own.measured, Unknown)


def test_it_survives_a_checkpoint():
    market = Market(watching("overheat"), {"A": 1.0, "B": 0.5}).run(330)

    again = decode_state(encode_state(market.desk.state))
    assert again == market.desk.state
