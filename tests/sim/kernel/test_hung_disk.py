"""A disk that hangs for a minute: the account is flattened all the same, and people hear of it meanwhile."""

from __future__ import annotations

from guardian.sim.play.incident import Result, play
from guardian.sim.scenario.shapes import AccountPlan, BotPlan, FaultPlan, MarketPlan, Scenario, Stake
from tests.sim.laws.theatre import LOSS

HUNG = FaultPlan("fsync-hung", at=8.5, until=60.0)


def crash_while(*faults: FaultPlan) -> Result:
    """Twice the equity is long, and bitcoin loses a tenth from second ten on."""
    account = AccountPlan("a1", "east", (Stake("BTCUSDT", 2.0),), BotPlan())
    market = MarketPlan(moves_at=10.0, factor=0.9, seconds=1.0)
    return play(Scenario(1, (account,), market, (LOSS,), faults, (), heals_at=60.0), told=True)


def seconds(result: Result, words: str) -> float | None:
    """When the timeline first says so."""
    return next((float(line.split()[0]) for line in result.timeline if words in line), None)


def test_the_account_is_closed_while_the_disk_hangs() -> None:
    fair, hung = crash_while(), crash_while(HUNG)

    assert seconds(fair, "-> FLATTEN") is not None
    flattened, closed = seconds(hung, "-> FLATTEN"), seconds(hung, "close BTC")
    assert flattened is not None
    assert closed is not None
    assert closed - flattened < 1.0


def test_people_are_told_while_the_disk_hangs() -> None:
    hung = crash_while(HUNG)

    flattened, told = seconds(hung, "-> FLATTEN"), seconds(hung, "told page: FLATTEN")

    assert flattened is not None
    assert told is not None
    assert told - flattened < 5.0
