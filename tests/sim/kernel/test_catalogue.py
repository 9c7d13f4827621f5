"""Every fault of the catalogue is drawn and changes an answer: one that cannot strike proves nothing."""

from __future__ import annotations

from collections.abc import Iterator

from guardian.sim.play.incident import play
from guardian.sim.scenario.catalogue import FAULTS
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import Scenario

SEEDS = range(1, 301)
FAR = range(1, 10_001)
NAMES = {fault.name for fault in FAULTS}


def named(scenario: Scenario) -> set[str]:
    return {fault.name for fault in scenario.faults}


def helpful(missing: set[str]) -> Iterator[Scenario]:
    """The scenarios that could show something which is still missing, while anything is."""
    for seed in FAR:
        if not missing:
            return
        scenario = draw(seed)
        if missing & named(scenario):
            yield scenario


def test_every_fault_is_drawn_within_three_hundred_seeds() -> None:
    assert set().union(*(named(draw(seed)) for seed in SEEDS)) == NAMES


def test_every_fault_changes_an_answer_somewhere() -> None:
    """The rarest needs a LOCKOUT that deletes within its time: about one seed of five hundred."""
    missing = set(NAMES)
    for scenario in helpful(missing):
        missing -= set(play(scenario).faults)

    assert missing == set()


def test_a_tenth_of_the_incidents_has_no_fault_at_all() -> None:
    """Fair weather must be played too: there a wrong flatten has no excuse."""
    calm = sum(not draw(seed).faults for seed in SEEDS)

    assert 5 <= calm <= 60
