"""How long an incident goes on: until it shows what became of a dead key, and of a bot that was halted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.core.model import Level
from guardian.core.state import Arming
from guardian.sim.checkers.outcome import GetsThere
from guardian.sim.play.settled import answered, shown
from guardian.sim.scenario.shapes import BotPlan, StrategyPlan
from tests.sim.laws.theatre import PLAN, Theatre


def theatre(style: str) -> Theatre:
    return Theatre(GetsThere, replace(PLAN, bot=BotPlan(style)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("style", "level", "open_for"),
    [
        ("runaway", Level.HALT, 26),
        ("deaf", Level.HALT, 26),
        ("fighting", Level.REDUCE, 26),
        ("fighting", Level.HALT, 0),  # it only buys back what was closed, and HALT closes nothing
        ("idle", Level.REDUCE, 0),
        ("runaway", Level.FLATTEN, 0),
    ],
)
def test_a_bot_that_may_ignore_its_halt_is_watched_until_it_shows(
    style: str, level: Level, open_for: int
) -> None:
    t = theatre(style)
    account = t.account(level)
    entered = t.incident(level).entered_at

    over = [s for s in range(40) if answered(account, t.stand, entered + timedelta(seconds=s))]
    assert over[0] == (open_for + 1 if open_for else 0)


def test_an_account_that_nothing_acts_on_is_not_waited_for() -> None:
    t = theatre("runaway")

    assert answered(t.account(Level.HALT, arming=Arming(False)), t.stand, t.instant())
    assert not answered(t.account(Level.HALT), t.stand, t.instant())


def test_a_key_that_has_gone_is_waited_for_until_it_is_called_dead_or_a_while_has_passed() -> None:
    t = theatre("idle")
    locked = t.account(Level.LOCKOUT)
    assert answered(locked, t.stand, t.instant())

    t.stand.bot_key.delete(t.stand.now_ms())
    assert not answered(locked, t.stand, t.instant())
    proven = t.incident(Level.LOCKOUT, key_dead_at=t.instant())
    assert answered(t.account(Level.LOCKOUT, incident=proven), t.stand, t.instant())
    t.at += 7.0
    assert answered(locked, t.stand, t.instant())


@pytest.mark.parametrize(
    ("level", "several", "healed_for", "open_for"),
    [
        (Level.REDUCE, True, 100, 22),
        (Level.REDUCE, True, 5, 40),  # the weather has only healed
        (Level.REDUCE, False, 100, 0),
        (Level.HALT, True, 100, 0),  # halts close nothing
    ],
)
def test_what_a_strategy_is_reduced_to_is_watched_until_the_venue_shows_it(
    level: Level, several: bool, healed_for: float, open_for: int
) -> None:
    strategies = (StrategyPlan("fa-", PLAN.stakes),) if several else ()
    t = Theatre(GetsThere, replace(PLAN, strategies=strategies))
    account, entered = t.account(level), t.incident(level).entered_at

    seen = [s for s in range(40) if shown(account, t.stand, entered + timedelta(seconds=s), healed_for)]

    assert min(seen, default=40) == open_for
