"""A seed as a golden case: the words of every case, played to the same deeds, honest about where it ends."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from guardian.runtime.casebook.book import Outcome, played, rewritten
from guardian.runtime.casebook.tell import tell
from guardian.sim.checkers.checker import Violation
from guardian.sim.mutants.mutant import planted
from guardian.sim.play.incident import START, Incident
from guardian.sim.scenario.draw import draw
from guardian.sim.search.golden import Golden, golden

WHOLE, TWO_ACCOUNTS, TOO_LARGE, INVERSE = 8, 5, 50, 72
DUSTY = 201
FAILS = 10


def kept(found: Golden, folder: Path) -> Outcome:
    """As it would be kept among the scenarios: it passes, and a rewrite leaves it as it is."""
    file = folder / "seed.txt"
    file.write_text(found.text, encoding="utf-8")
    (outcome,) = played([file])
    assert rewritten([outcome]) == found.text
    return outcome


@pytest.mark.parametrize("seed", [WHOLE, TWO_ACCOUNTS])
def test_a_seed_becomes_a_golden_case_that_passes(seed: int, tmp_path: Path) -> None:
    found = golden(draw(seed))

    outcome = kept(found, tmp_path)
    assert found.whole
    assert outcome.ok
    assert any("->" in deed for deed in outcome.deeds)
    assert found.text.startswith(f"# Seed {seed} of the simulator: no law is broken\n")


@pytest.mark.parametrize("seed", [TOO_LARGE, INVERSE])
def test_a_case_ends_where_it_would_begin_to_differ_and_says_so(seed: int, tmp_path: Path) -> None:
    """One closes more than a case's largest order at once; the other has a stop on an inverse contract."""
    found = golden(draw(seed))

    outcome = kept(found, tmp_path)
    assert outcome.ok
    assert not found.whole
    assert found.until < found.seconds
    assert found.text.splitlines()[1] == f"# Ends at {found.until:g} s of {found.seconds:g}: {found.why}"
    assert found.why in found.sentence


def test_a_violation_gives_the_case_its_name_and_is_missed_where_the_case_ends_before_it() -> None:
    with planted("stops-first"):
        found = golden(draw(FAILS))
    early = Golden("# A case", 1.0, 9.0, "why", (Violation("keeps-stops", 2.0, "gone"),))

    assert found.text.startswith(f"# Seed {FAILS} of the simulator: keeps-stops: ")
    assert early.sentence == "the case ends at 1 s of 9: why; not in it: keeps-stops"


def test_the_timeline_has_the_deeds_of_the_steps_in_a_cases_words_and_the_worlds_between_them() -> None:
    incident = Incident(draw(DUSTY), told=True)
    result = incident.run()

    deeds = [line[9:] for line in tell(incident.panel.steps, START, facts=False)]
    shown = [line[9:] for line in result.timeline if line[7:9] == "  " and line[9] != "|"]
    assert deeds == shown
    assert any(line.endswith("| guardian starts") for line in result.timeline)
    assert any("> refused close ETH: sell 0.005" in line for line in result.timeline)
    assert any("| a1: Sell BTCUSDT" in line for line in result.timeline)
    # A read that nothing followed is not told.
    assert not any("> read" in line and "> read" in after for line, after in pairwise(result.timeline))


def test_an_incident_that_was_not_told_keeps_no_steps() -> None:
    incident = Incident(draw(1))
    incident.run()

    assert (incident.panel.steps, incident.panel.timeline) == ([], [])
