"""A flat account in a replay: what it held is still quoted, so that a calm market is known to be calm."""

from __future__ import annotations

import random
from math import exp
from typing import Any

import pytest

from guardian.core.events import Event, MarketTaken, SnapshotTaken
from guardian.core.metrics.following import GRID_SECONDS
from guardian.core.model import Level, Rule
from guardian.core.state import AccountState, State
from guardian.replay import drive as driving
from guardian.replay.candles import aligned
from guardian.replay.drive import Course, drive
from tests.candles.build import BTC, candles, driven, plan, series
from tests.core.build import SLIDING_HOUR, rule, rung

DAY = 24 * 60
BREAKER = rule(rung(0.05, "reduce", 2.0, 0.0), window=SLIDING_HOUR, clears="auto")
STAYS = rule(rung(0.05, "reduce", 2.0, 0.0), window=SLIDING_HOUR)


def crashed(after: int = 30 * 60) -> list[float]:
    """A day and a half of noise, ten percent down within twenty minutes, and noise again."""
    chance, falling = random.Random(1), range(DAY * 3 // 2, DAY * 3 // 2 + 20)
    log, closes = 0.0, []
    for minute in range(falling.stop + after):
        log += chance.gauss(0, 0.0005) - (0.005 if minute in falling else 0)
        closes.append(100 * exp(log))
    return closes


class Told:
    """What the core was told, and the account as it was after each event."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.events: list[Event] = []
        self.account: AccountState | None = None
        self.deed = driving.step
        patch.setattr(driving, "step", self.step)

    def step(self, state: State, event: Event) -> Any:
        self.events.append(event)
        found = self.deed(state, event)
        self.account = found[0].accounts[0]
        return found


def waited(course: Course) -> float:
    """The hours from the halt to the trial."""
    halt = next(t for t in course.transitions if t.after is Level.REDUCE)
    trial = next(t for t in course.transitions if t.before is Level.REDUCE)
    return (trial.at - halt.at).total_seconds() / 3600


def test_the_way_back_from_a_halt_takes_the_cooldown_and_not_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 4 <= waited(driven(crashed(), BREAKER)) < 5
    monkeypatch.setattr(driving.Ride, "_quote", lambda *_: None)
    assert waited(driven(crashed(), BREAKER)) == pytest.approx(24, abs=0.1)


def test_what_was_held_is_quoted_at_the_last_close_of_each_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    driven(crashed(60), BREAKER)
    quoted = [event for event in told.events if isinstance(event, MarketTaken)]
    flat = [e for e in told.events if isinstance(e, SnapshotTaken) and not e.snapshot.positions]

    assert len(quoted) == pytest.approx((flat[-1].at - flat[0].at).total_seconds() / GRID_SECONDS, abs=1)
    for event in quoted:
        assert event.at.timestamp() % GRID_SECONDS == GRID_SECONDS - 60
        before = told.events[told.events.index(event) - 1]
        assert before.at == event.at
        assert isinstance(before, SnapshotTaken)


@pytest.mark.parametrize("seconds", [60, 300])
def test_the_market_is_as_hot_to_who_holds_nothing(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """The same bars: one account is closed by its rule, the other can never be."""
    told = Told(monkeypatch)
    bars = aligned([series(crashed(120), seconds=seconds)], "made")
    never = rule(rung(0.999, "reduce", 2.0, 0.0), window=SLIDING_HOUR, clears="auto")
    heats = []
    for each in (BREAKER, never):
        drive(bars, plan(), (each,))
        assert told.account is not None
        assert told.account.heat is not None
        assert told.account.returns is not None
        heats.append((told.account.heat, told.account.returns))
    (flat, learned), (held, known) = heats

    assert flat.components[:2] == held.components[:2]
    assert learned == known


def test_rules_that_do_not_ask_are_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    driven(crashed(60), STAYS)

    assert any(isinstance(e, SnapshotTaken) and not e.snapshot.positions for e in told.events)
    assert not any(isinstance(e, MarketTaken) for e in told.events)


def test_what_is_held_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    gentle: Rule = rule(rung(0.9, "caution"), gamma=0.25)
    drive(candles([100.0] * 30), plan(hold=((BTC, plan().start_equity / 10_000),)), (gentle,))

    assert not any(isinstance(e, MarketTaken) for e in told.events)
