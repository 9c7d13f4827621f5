"""One incident, whatever happens in it: a defect that stops the simulator is a finding like any other."""

from __future__ import annotations

import traceback
from pathlib import Path

from guardian.sim.checkers import laws
from guardian.sim.checkers.checker import Violation
from guardian.sim.play.incident import Result, play
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import Scenario

STOPPED = "simulator"
STOPPED_LAW = "Nothing that guardian or its surroundings do stops the simulator."


def play_seed(seed: int) -> Result:
    return play_safely(draw(seed))


def play_safely(scenario: Scenario, told: bool = False) -> Result:
    """The incident's result; an exception that left it is its one violation."""
    try:
        return play(scenario, told)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error}"
        return Result(scenario.seed, [Violation(STOPPED, 0.0, text)], 0, 0, 0, 0.0, [], {}, {})


def law_of(checker: str) -> str:
    """The sentence that a checker stands for."""
    known = {kind.name(): kind.law for kind in laws.ALL}
    return known.get(checker, STOPPED_LAW)
