"""The weather: it strikes what it says, counts only where it changed an answer, and touches nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.core.model import Level
from guardian.sim.play.incident import play
from guardian.sim.ports.weather import Weather
from guardian.sim.scenario.catalogue import FAULTS
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import FaultPlan

LOST = FaultPlan("request-lost", at=10.0, until=20.0, rate=0.5, salt=7)
SLOW = FaultPlan("latency", at=0.0, until=30.0, rate=0.5, size=3.0, salt=8)


class Sky:
    """Weather with a hand on its clock."""

    def __init__(self, *plans: FaultPlan) -> None:
        self.at = 15.0
        self.weather = Weather(plans, lambda: self.at, lambda account: Level.HALT)

    def struck(self, name: str, chances: int = 200, account: str = "a1") -> list[bool]:
        return [self.weather.strikes(name, account) is not None for _ in range(chances)]


def test_a_fault_strikes_at_its_rate_within_its_time() -> None:
    sky = Sky(LOST)

    hits = sum(sky.struck("request-lost", 1_000))

    assert 400 < hits < 600


@pytest.mark.parametrize(("at", "strikes"), [(9.99, False), (10.0, True), (19.99, True), (20.0, False)])
def test_a_fault_begins_and_ends_when_its_plan_says(at: float, strikes: bool) -> None:
    sky = Sky(replace(LOST, rate=1.0))
    sky.at = at

    assert sky.struck("request-lost", 1) == [strikes]


def test_a_fault_of_one_account_spares_the_others() -> None:
    sky = Sky(replace(LOST, rate=1.0, account="a2"))

    assert sky.struck("request-lost", 1, "a1") == [False]
    assert sky.struck("request-lost", 1, "a2") == [True]


def test_a_fault_taken_out_changes_no_draw_of_another() -> None:
    """That is what lets a failing seed shrink: the rest of its weather must stay as it was."""
    both, alone = Sky(LOST, SLOW), Sky(SLOW)
    both.struck("request-lost", 50)

    assert both.struck("latency") == alone.struck("latency")


def test_the_same_plan_draws_the_same_again() -> None:
    assert Sky(LOST).struck("request-lost") == Sky(LOST).struck("request-lost")
    assert Sky(LOST).struck("request-lost") != Sky(replace(LOST, salt=9)).struck("request-lost")


def test_a_chance_that_was_struck_counts_only_when_somebody_says_that_it_mattered() -> None:
    sky = Sky(replace(LOST, rate=1.0))

    sky.struck("request-lost", 5)
    assert not sky.weather.changed
    sky.weather.count("request-lost", "a1")

    assert dict(sky.weather.changed) == {("request-lost", "HALT"): 1}


def test_a_fault_whose_time_never_comes_changes_not_one_byte() -> None:
    """Its presence in the scenario alone draws nothing, counts nothing and moves nobody."""
    scenario = draw(4)
    idle = tuple(
        FaultPlan(fault.name, at=9_000.0, until=9_001.0, account="a1", salt=number)
        for number, fault in enumerate(FAULTS)
    )

    with_them = play(replace(scenario, faults=scenario.faults + idle))

    assert with_them == play(scenario)


def test_an_incident_without_faults_counts_none() -> None:
    for seed in (1, 2, 3):
        assert play(replace(draw(seed), faults=())).faults == {}


def test_what_is_counted_is_in_the_scenario() -> None:
    for seed in range(1, 25):
        scenario = draw(seed)
        assert set(play(scenario).faults) <= {fault.name for fault in scenario.faults}
