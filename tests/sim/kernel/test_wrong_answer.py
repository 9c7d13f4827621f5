"""The venue once calls the fence impossible, and is wrong: a bot that opens again costs not the budget."""

from __future__ import annotations

import pytest

from guardian.sim.play.incident import play
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import (
    AccountPlan,
    BotPlan,
    BotStyle,
    FaultPlan,
    MarketPlan,
    Scenario,
    Stake,
)
from tests.sim.laws.theatre import LOSS

DENIED = FaultPlan("fence-refused", at=5.0, until=16.0, salt=1)
"""An odd salt answers that the permission is missing (10005), an even one something that may pass."""

SECOND_TRY_AND_PROOF = 15.0


def crash(style: BotStyle, poll_seconds: float) -> Scenario:
    """Twice the equity is long, bitcoin loses a tenth from second ten on, and nothing else stops the bot."""
    bot = BotPlan(style, every_seconds=3.0 if style == "deaf" else 0.2)
    account = AccountPlan("a1", "east", (Stake("BTCUSDT", 2.0),), bot, halt=False, poll_seconds=poll_seconds)
    market = MarketPlan(moves_at=10.0, factor=0.9, seconds=1.0)
    return Scenario(1, (account,), market, (LOSS,), (DENIED,), (), heals_at=16.0)


@pytest.mark.parametrize("poll_seconds", [1.0, 2.0])
@pytest.mark.parametrize("style", ["deaf", "reopening", "runaway", "fighting"])
def test_one_wrong_answer_costs_a_quarter_of_the_budget_at_most(style: BotStyle, poll_seconds: float) -> None:
    result = play(crash(style, poll_seconds))

    assert result.violations == []
    assert result.faults == {"fence-refused": 1}
    assert len(result.flat_seconds) == 1
    assert result.flat_seconds[0] < SECOND_TRY_AND_PROOF


@pytest.mark.parametrize("seed", [7869, 12212])
def test_the_seeds_that_took_64_seconds_keep_the_budget(seed: int) -> None:
    scenario = draw(seed)

    assert max(play(scenario).flat_seconds) < SECOND_TRY_AND_PROOF
