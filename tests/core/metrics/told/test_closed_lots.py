"""M29: what fills prove to have been closed and opened anew between two reads is no older than that."""

from __future__ import annotations

import pytest

from guardian.core.events import ActivityTaken
from guardian.core.facts.activity import Activity, Fill
from guardian.core.model import AtLeast, Known, Measured, Position
from guardian.runtime.codec import decode_state, encode_state
from tests.core.build import ACCOUNT, BTC, Desk, at, position, read, rule, rung
from tests.core.metrics.beside.stage import fill


class Scalper(Desk):
    """Watched every second, and asked about fills every ten; `late` fills are told one answer later."""

    def __init__(self) -> None:
        super().__init__(rule(rung(3600, "caution"), id="m", metric="position_age", stale_after_seconds=3600))

    def watch(
        self, first: int, last: int, *held: Position, fills: tuple[Fill, ...] = (), late: bool = False
    ) -> None:
        for second in range(first, last):
            self.see(read(second, held))
            if second % 10 == 0:
                told = tuple(each for each in fills if each.at <= at(second - 10 if late else second))
                self.send(ActivityTaken(at(second), Activity(ACCOUNT, at(second), told, ())))

    @property
    def age(self) -> Measured:
        own = self.account.rule("m")
        assert own is not None
        return own.measured


OPENED = fill("f0", 1.5, 1)
ROUND_TRIP = (fill("f1", 95.2, -1, closed=1), fill("f2", 95.4, 1))
HELD = position(BTC, 1, 100)


def scalped(*fills: Fill, held: Position = HELD, late: bool = False) -> Scalper:
    """Opened before 2 s and held at every read since, up to 139 s."""
    desk = Scalper()
    desk.watch(0, 2)
    desk.watch(2, 140, held, fills=(OPENED, *fills), late=late)
    return desk


def test_what_stayed_open_ages() -> None:
    assert Known(137.0) == scalped().age


@pytest.mark.parametrize("late", [False, True])
def test_what_was_closed_and_reopened_between_two_reads_is_as_old_as_its_reopening(late: bool) -> None:
    """At the same size and the same entry: every read shows the same position."""
    desk = scalped(*ROUND_TRIP, late=late)

    assert Known(pytest.approx(139 - 95.4)) == desk.age
    assert desk.state == decode_state(encode_state(desk.state))


def test_what_was_there_at_the_first_sight_has_an_age_once_it_was_closed() -> None:
    desk = Scalper()
    desk.watch(0, 140, HELD, fills=ROUND_TRIP)

    assert Known(pytest.approx(139 - 95.4)) == desk.age


def test_a_turn_and_back_is_a_reopening() -> None:
    turned = (fill("f1", 95.2, -2, closed=1), fill("f2", 95.4, 2, closed=1))

    assert Known(pytest.approx(139 - 95.4)) == scalped(*turned).age


@pytest.mark.parametrize(
    ("fills", "why"),
    [
        ((ROUND_TRIP[0],), "the reopening is not told: the sums do not agree with the reads"),
        ((ROUND_TRIP[1],), "the close is not told"),
        ((fill("f1", 95.2, 1), fill("f2", 95.4, -1, closed=1)), "more, and back"),
        ((fill("f1", 95.2, -0.5, closed=0.5), fill("f2", 95.4, 0.5)), "half, and back"),
        ((fill("f1", 95.2, -1, closed=1), fill("f2", 95.2, 1)), "of one instant: which came first?"),
        (
            (fill("f1", 95.2, -1, symbol="ETH/USDT:USDT"), fill("f2", 95.4, 1, symbol="ETH/USDT:USDT")),
            "other",
        ),
        ((fill("f1", 95.2, -1, symbol="BTC/USDT"), fill("f2", 95.4, 1, symbol="BTC/USDT")), "spot"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_proof_the_older_answer_stands(fills: tuple[Fill, ...], why: str) -> None:
    assert Known(137.0) == scalped(*fills).age, why


def test_a_read_among_fills_is_no_measure_of_them() -> None:
    """Whether its answer held them nobody knows: an opening that both reads lacked would pass for a close."""
    close, opened = fill("f1", 95, -1, closed=1), fill("f2", 99.5, 1)
    desk = scalped(fill("f3", 89.9, 1), close, opened, held=HELD)

    assert Known(137.0) == desk.age


def test_legs_of_a_hedge_are_not_told_apart_by_fills() -> None:
    assert Known(137.0) == scalped(*ROUND_TRIP, held=position(BTC, 1, 100, index=1)).age


def test_fills_of_before_the_watch_prove_nothing() -> None:
    desk = Scalper()
    desk.watch(0, 5, HELD, fills=(fill("f1", -5, -1, closed=1), fill("f2", -4.8, 1)))

    assert isinstance(desk.age, AtLeast)
