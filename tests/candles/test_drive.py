"""Candles through the core: reckoned by hand, without look-ahead, the same every time, and as live."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.core.events import Event
from guardian.core.model import Level, OnUnknown, Rule
from guardian.core.state import State
from guardian.errors import ConfigError
from guardian.replay import drive as driving
from guardian.replay.candles import aligned
from guardian.replay.drive import Course, drive
from guardian.runtime.codec import decode_step_event, encode_step
from guardian.runtime.start.restore import fold
from tests.candles.build import BTC, ETH, START_MS, candles, driven, plan, series
from tests.core.build import SLIDING_HOUR, rule, rung

CALM = [100.0] * 3
FALL = [*CALM, 94.0, 93.0, 92.0, 91.0]
FLAT_AT_5 = rule(rung(0.05, "flatten"))


def levels(course: Course) -> list[tuple[int, str]]:
    """(number of the bar that the change belongs to, new level)."""
    closed = course.closed.tolist()
    return [
        (next(i for i, ms in enumerate([*closed[1:], 2**62]) if t.at.timestamp() * 1000 < ms), t.after.name)
        for t in course.transitions
    ]


def test_a_fall_is_flattened_one_bar_later_at_the_open_and_its_cost() -> None:
    """Ten thousand buy 100 at 100. At the close of bar 3 six percent are lost: decided. One bar later begins
    bar 5, at 93: sold for 9,300, which costs 5 basis points."""
    course = driven(FALL, FLAT_AT_5)

    assert levels(course) == [(3, "FLATTEN")]
    assert course.unprotected.tolist() == [10_000, 10_000, 10_000, 9400, 9300, 9200, 9100]
    assert course.protected.tolist() == [10_000, 10_000, 10_000, 9400, 9300, 9295.35, 9295.35]
    assert course.held.tolist() == [10_000, 10_000, 10_000, 9400, 9300, 0, 0]
    assert course.wanted.tolist() == [10_000, 10_000, 10_000, 9400, 9300, 9200, 9100]
    assert course.trades == 1


@pytest.mark.parametrize(("delay", "price"), [(0, 94.0), (1, 93.0), (2, 92.0), (9, None)])
def test_the_delay_counts_bars_after_the_close_of_the_decision(delay: int, price: float | None) -> None:
    course = driven(FALL, FLAT_AT_5, delay=delay)

    assert course.protected[-1] == pytest.approx(9100 if price is None else 100 * price * (1 - 0.0005))


def test_what_is_halved_stays_halved() -> None:
    course = driven(FALL, rule(rung(0.05, "reduce", to=0.5)))

    assert levels(course) == [(3, "REDUCE")]
    assert course.held.tolist()[-2:] == [4600, 4550]
    assert course.protected[-1] == 10_000 - 100 * 7 - 50 * 2 - 93 * 50 * 0.0005


def test_a_short_gains_when_prices_fall() -> None:
    course = driven(FALL, FLAT_AT_5, hold=((BTC, plan(-1).hold[0][1]),))

    assert course.transitions == ()
    assert (
        course.protected.tolist()
        == course.unprotected.tolist()
        == [*[10_000] * 3, 10600, 10700, 10800, 10900]
    )


def test_halt_moves_nothing() -> None:
    course = driven(FALL, rule(rung(0.05, "halt")))

    assert levels(course) == [(3, "HALT")]
    assert course.protected.tolist() == course.unprotected.tolist()


def test_a_rule_that_only_observes_changes_nothing() -> None:
    course = driven(FALL, replace(FLAT_AT_5, armed=False))

    assert course.transitions == ()
    assert course.trades == 0


def test_a_hold_counts_seconds_while_the_close_stands() -> None:
    """Two bars of ten minutes past the limit fill five minutes within the first; a hold longer than the bar
    goes on into the next."""
    ten_minutes = candles([100.0, 100.0, 94.0, 94.0, 94.0], seconds=600)

    for hold, bar in ((2.0, 2), (300.0, 2), (900.0, 3)):
        course = drive(ten_minutes, plan(), (rule(rung(0.05, "halt", hold)),))
        assert levels(course) == [(bar, "HALT")], hold


def test_between_two_looks_nobody_asks_whether_a_hold_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has changed then: asked at each of 720 instants, an hour at CAUTION costs more than they do."""
    asked, looked = [0], [0]
    holding, look = driving.holding, driving.Ride._look

    def counted(*about: Any) -> bool:
        asked[0] += 1
        return holding(*about)

    def seen(*about: Any) -> None:
        looked[0] += 1
        look(*about)

    monkeypatch.setattr(driving, "holding", counted)
    monkeypatch.setattr(driving.Ride, "_look", seen)
    course = drive(candles([100.0, *[94.0] * 9], seconds=3600), plan(), (rule(rung(0.05, "caution")),))

    assert "CAUTION" == course.transitions[-1].after.name
    assert asked[0] <= looked[0]


def test_a_dip_shorter_than_the_hold_does_not_fire() -> None:
    dip = [100.0, 100.0, 94.0, 100.0, 100.0]

    assert levels(driven(dip, rule(rung(0.05, "halt", 120.0)))) == []
    assert levels(driven(dip, rule(rung(0.05, "halt", 30.0)))) == [(2, "HALT")]


def test_only_the_close_is_seen_and_never_a_wick() -> None:
    own = series(CALM)
    own.bars[1, 2] = 50.0

    course = drive(aligned([own], "made"), plan(), (FLAT_AT_5,))

    assert course.transitions == ()


@pytest.mark.parametrize("hold", [0.0, 2.0, 9.0])
def test_nothing_is_told_before_the_first_bar_is_known(hold: float) -> None:
    """The reads that a baseline needs show the first close: what they decide is not known before it."""
    course = driven(CALM, rule(rung(0.5, "caution"), rung(0.9, "halt", hold), metric="leverage"))

    assert course.transitions[-1].after is Level.HALT
    assert course.transitions[0].at.timestamp() * 1000 >= course.closed[0]


def test_missing_bars_are_blindness_and_not_calm() -> None:
    own = series([100.0] * 12)
    holes = [own, series([50.0] * 12, ETH)]
    blind = rule(rung(0.05, "flatten"), on_unknown=OnUnknown.HALT, stale_after_seconds=120.0)
    own.bars[4:8] = np.nan

    course = drive(aligned(holes, "made"), plan(), (blind,))

    (change,) = course.transitions
    assert change.after is Level.HALT
    assert change.at.timestamp() * 1000 == START_MS + 7 * 60_000  # three bars without evidence
    assert len(course.closed) == 8


def test_an_account_that_loses_everything_is_over_with_and_without_guardian() -> None:
    crash = [100.0, 100.0, 100.0, 60.0, 40.0, 90.0, 120.0]

    course = driven(crash, rule(rung(0.99, "flatten")), hold=plan(2).hold)

    assert course.unprotected.tolist() == [10_000, 10_000, 10_000, 2000, 0, 0, 0]
    assert course.protected.tolist() == [10_000, 10_000, 10_000, 2000, 0, 0, 0]
    assert course.held[-1] == course.wanted[-1] == 0


def test_symbols_without_a_bar_in_common_are_refused() -> None:
    apart = aligned([series([1.0, 2.0]), series([1.0, 2.0], ETH, start_ms=START_MS + 600_000)], "made")
    both = plan(hold=((BTC, plan().hold[0][1]), (ETH, plan().hold[0][1])))

    with pytest.raises(ConfigError, match="no bar has all of"):
        drive(apart, both, ())


@pytest.mark.parametrize(
    ("closes", "said"),
    [
        ([float("nan")] * 3, "made.csv, row 1: BTC/USDT: 3 bars without a price"),
        ([-1.0] * 4, "made.csv, row 1: BTC/USDT: 4 bars with a price that is not above zero"),
    ],
)
def test_a_symbol_without_any_price_is_told_as_that(closes: list[float], said: str) -> None:
    """It was told as symbols that have no bar in common, of an account that holds one."""
    with pytest.raises(ConfigError, match="no usable bar of BTC/USDT") as refused:
        driven(closes, FLAT_AT_5)

    assert said in str(refused.value)


# --- laws -------------------------------------------------------------------------------------------

RULES: tuple[Rule, ...] = (
    rule(rung(0.02, "caution"), rung(0.05, "reduce", 10.0, 0.5), rung(0.08, "flatten", 2.0)),
    rule(rung(0.03, "halt", 90.0), id="hour", window=SLIDING_HOUR),
)
steps = st.lists(st.floats(-0.04, 0.04), min_size=5, max_size=60)


def path(moves: list[float]) -> list[float]:
    return [round(float(price), 2) for price in 100 * np.cumprod(1 + np.array(moves))]


@given(moves=steps, other=steps, cut=st.integers(1, 60))
@settings(max_examples=40)
def test_nothing_is_decided_by_what_comes_later(moves: list[float], other: list[float], cut: int) -> None:
    """Two pasts that are equal up to a close, and differ after it, are decided alike up to that close."""
    cut = min(cut, len(moves))
    one, two = driven(path(moves), *RULES), driven(path([*moves[:cut], *other]), *RULES)
    until = one.closed[cut - 1]

    def decided(course: Course) -> list[Any]:
        return [t for t in course.transitions if t.at.timestamp() * 1000 <= until]

    assert decided(one) == decided(two)
    assert one.protected[:cut].tolist() == two.protected[:cut].tolist()
    assert one.held[:cut].tolist() == two.held[:cut].tolist()


@given(moves=steps)
@settings(max_examples=20)
def test_the_same_candles_give_the_same_course(moves: list[float]) -> None:
    one, two = driven(path(moves), *RULES), driven(path(moves), *RULES)

    assert one.transitions == two.transitions
    assert one.protected.tolist() == two.protected.tolist()


def test_the_same_events_in_a_journal_give_the_same_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a live guardian writes and folds again after a restart is what the replay decided."""
    bodies: list[str] = []
    real = driving.step

    def kept(state: State, event: Event) -> Any:
        after, effects = real(state, event)
        bodies.append(encode_step(event, after.decisions, effects))
        return after, effects

    monkeypatch.setattr(driving, "step", kept)
    course = driven(FALL, *RULES)
    state, problem = fold(None, tuple(bodies))

    assert problem == ""
    assert state.accounts[0].level is course.transitions[-1].after is Level.REDUCE
    again = State()
    for body in bodies:
        event = decode_step_event(body)
        again, effects = real(again, event)
        assert encode_step(event, again.decisions, effects) == body
