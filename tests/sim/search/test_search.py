"""The search: the same seeds give the same findings however they are played, and a defect is a finding."""

from __future__ import annotations

from collections import Counter

import pytest

from guardian.sim.checkers.checker import Decided, Violation
from guardian.sim.checkers.running import NeverStumbles
from guardian.sim.play.incident import Result
from guardian.sim.scenario.draw import draw
from guardian.sim.search import coverage, one
from guardian.sim.search.many import results
from guardian.sim.search.one import law_of, play_safely
from guardian.sim.search.story import facts, told, violations
from guardian.sim.search.tally import Tally, spread

SEEDS = range(1, 7)


def tallied(jobs: int) -> Tally:
    tally = Tally(SEEDS.start)
    with results(SEEDS, jobs) as played:
        for result in played:
            tally.add(result)
    return tally


def failed(seed: int = 9) -> Result:
    found = Violation("flat-claim", 12.5, "a1: flat was claimed with 0.5 of BTCUSDT open")
    return Result(seed, [found], 280, 200, 40, 61.0, [4.0], {"latency": 3}, {("latency", "HALT"): 3})


def test_two_processes_find_what_one_finds() -> None:
    alone, together = tallied(1).document(1.0), tallied(2).document(1.0)

    assert alone == together
    assert alone["seeds"] == len(SEEDS)


def test_the_document_has_the_shape_that_others_rely_on() -> None:
    tally = Tally(9)
    tally.add(failed())

    document = tally.document(2.0)

    assert document["seeds"] == 1
    assert document["from"] == 9
    assert document["violations"] == 1
    assert document["failed_seeds"] == [9]
    assert document["incidents_per_s"] == 0.5
    assert document["median_events"] == 280
    assert document["flat_s"] == {"p50": 4.0, "p99": 4.0, "max": 4.0}
    assert document["faults"] == {"latency": 3}


def test_nothing_flattened_has_no_percentiles() -> None:
    assert spread([]) == {"p50": None, "p99": None, "max": None}


def test_percentiles_are_values_that_were_measured() -> None:
    assert spread([float(n) for n in range(1, 201)]) == {"p50": 100.5, "p99": 198.0, "max": 200.0}


def test_what_stops_the_simulator_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """One broken incident must not end a search of thousands."""

    def broken(scenario: object, told: bool) -> Result:
        raise RuntimeError("loop is stuck")

    monkeypatch.setattr(one, "play", broken)

    found = play_safely(draw(1)).violations

    assert [v.checker for v in found] == [one.STOPPED]
    assert "RuntimeError" in found[0].text
    assert law_of(one.STOPPED) == one.STOPPED_LAW


def test_a_violation_names_seed_time_checker_law_and_command() -> None:
    text = "\n".join(violations(failed()))

    assert "seed 9, 12.500 s, flat-claim: a1: flat was claimed" in text
    assert law_of("flat-claim") in text
    assert "guardian sim --seed 9" in text


def test_a_story_has_facts_above_the_line_and_deeds_below() -> None:
    scenario = draw(4)

    text = told(scenario, play_safely(scenario, told=True))

    above, below, end = text.split("\n----\n")
    assert above == "\n".join(facts(scenario))
    assert "guardian starts" in below
    assert "no violation" in end


def test_every_fault_and_act_of_the_scenario_is_among_the_facts() -> None:
    for seed in range(1, 60):
        scenario, text = draw(seed), "\n".join(facts(draw(seed)))
        assert [f.name for f in scenario.faults if f.name not in text] == []
        assert [a.kind for a in scenario.acts if f"{a.kind} {a.account}" not in text] == []


def test_a_cell_that_nothing_has_hit_is_a_hole() -> None:
    every = Counter(dict.fromkeys(coverage.possible(), 1))
    del every["latency", "HALT"]

    assert coverage.holes(every) == (("latency", "HALT"),)
    row = next(row for row in coverage.rows(every) if row[0] == "latency")
    assert row.count(coverage.HOLE) == 1


def test_a_level_at_which_a_fault_disturbs_nothing_is_no_hole() -> None:
    row = next(row for row in coverage.rows({}) if row[0] == "deletion-delayed")

    assert row[1:] == (coverage.NEVER,) * 5 + (coverage.HOLE,)


def test_a_law_that_fails_is_a_finding_and_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens inside of the runtime, whose end would look as if guardian had fallen silent."""

    def broken(checker: NeverStumbles, step: Decided) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(NeverStumbles, "decided", broken)

    found = play_safely(draw(1)).violations

    assert [violation.checker for violation in found] == [one.STOPPED]
    assert "ZeroDivisionError" in found[0].text
