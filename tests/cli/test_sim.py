"""`guardian sim` as people and scripts meet it: one document, exit codes, and no contradictions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guardian.cli import root
from guardian.sim.mutants.catalogue import ALL
from guardian.sim.mutants.mutant import planted
from guardian.sim.search import kept

pytestmark = pytest.mark.long

CONTRACT = {
    "seeds", "from", "violations", "failed_seeds", "incidents_per_s", "median_events", "flat_s", "faults",
}  # fmt: skip

FAILING = ("--from", "23", "--seeds", "3")
"""Among these is a seed that fails when guardian's own keys are fenced."""


def sim(*words: str) -> Result:
    return CliRunner().invoke(root, ["sim", *words])


@pytest.fixture
def broken() -> Iterator[None]:
    """A guardian that fences its own keys, so that seeds fail."""
    with planted("own-keys-too"):
        yield


def test_a_search_is_one_document_with_the_contracts_fields() -> None:
    done = sim("--seeds", "3", "--from", "2", "--jobs", "1", "--json")

    document = json.loads(done.stdout)
    assert CONTRACT <= document.keys()
    assert (document["seeds"], document["from"]) == (3, 2)
    assert done.exit_code == (1 if document["violations"] else 0)


def test_a_violation_is_exit_1_and_tells_seed_law_and_command(broken: None) -> None:
    done = sim(*FAILING, "--jobs", "1", "--no-shrink")

    assert done.exit_code == 1
    assert "stays-in-scope" in done.stderr
    assert "see: guardian sim --seed" in done.stderr
    assert "failed: " in done.stdout


def test_the_first_failed_seed_is_shrunk_unless_that_is_unwanted(broken: None) -> None:
    first = next(seed for seed in range(1, 60) if sim("--seed", str(seed)).exit_code == 1)

    shrunk = sim("--seeds", "1", "--from", str(first), "--jobs", "1")
    plain = sim("--seeds", "1", "--from", str(first), "--jobs", "1", "--no-shrink")

    assert "scenario in which stays-in-scope still fails" in shrunk.stderr.replace("found in time ", "")
    assert "still fails" not in plain.stderr


def test_a_failed_seed_is_kept_with_its_scenario_only_when_asked(
    broken: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("", encoding="utf-8")
    monkeypatch.setattr(kept, "SEEDS", seeds)

    sim(*FAILING, "--jobs", "1", "--no-shrink")
    unasked = seeds.read_text(encoding="utf-8")
    sim(*FAILING, "--jobs", "1", "--no-shrink", "--keep")

    assert unasked == ""
    assert {line.checker for line in kept.lines(seeds)} == {"stays-in-scope"}
    assert {scenario.seed for _, scenario in kept.scenarios(seeds)} == {
        line.seed for line in kept.lines(seeds)
    }


def test_one_seed_tells_facts_then_deeds() -> None:
    done = sim("--seed", "4")

    facts, deeds, end = done.stdout.split("\n----\n")
    assert facts.startswith("seed      4\naccount   a1")
    assert "guardian starts" in deeds
    assert "events" in end


def test_one_seed_as_a_document_has_its_timeline() -> None:
    document = json.loads(sim("--seed", "4", "--json").stdout)

    assert document["seed"] == 4
    assert any("guardian starts" in line for line in document["timeline"])


def test_a_seed_is_printed_as_a_case_and_stderr_says_how_much_of_it_that_is() -> None:
    whole, cut = sim("--seed", "8", "--case"), sim("--seed", "50", "--case", "--json")

    assert whole.stdout.startswith("# Seed 8 of the simulator: ")
    assert "\n----\n" in whole.stdout
    assert "guardian: the case tells the whole incident\n" == whole.stderr
    told = json.loads(cut.stdout)["case"]
    assert told["whole"] is False
    assert f"guardian: {told['sentence']}\n" == cut.stderr


def test_a_failing_seed_is_shrunk_before_it_becomes_a_case(broken: None) -> None:
    first = next(seed for seed in range(1, 60) if sim("--seed", str(seed)).exit_code == 1)

    case = sim("--seed", str(first), "--case", "--shrink")

    assert case.exit_code == 1
    assert case.stdout.startswith(f"# Seed {first} of the simulator: stays-in-scope: ")


def test_coverage_marks_what_nothing_has_hit() -> None:
    done = sim("--seeds", "2", "--jobs", "1", "--coverage")

    assert "deletion-delayed" in done.stdout
    assert "hole" in done.stdout


def test_the_mutants_are_listed_with_what_they_do() -> None:
    shown = json.loads(sim("--mutant", "list", "--json").stdout)["mutants"]

    assert [each["name"] for each in shown] == [mutant.name for mutant in ALL]
    assert all(each["what"].endswith(".") for each in shown)


def test_a_caught_mutant_is_exit_0_and_says_by_whom() -> None:
    done = sim("--mutant", "own-keys-too", "--seeds", "60", "--jobs", "1", "--json")

    document = json.loads(done.stdout)
    assert done.exit_code == 0
    assert document["caught"] is True
    assert document["checker"] == "stays-in-scope"


def test_a_mutant_that_survives_is_exit_1() -> None:
    """Seed 3 is only observed: there is no fence to get wrong."""
    done = sim("--mutant", "fence-last", "--seed", "3")

    assert done.exit_code == 1
    assert "survived" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "4", "--seeds", "5"),
        ("--shrink",),
        ("--case",),
        ("--mutant", "no-such-mutant"),
        ("--mutant", "fence-last", "--seed", "4", "--case"),
        ("--mutant", "fence-last", "--keep"),
        ("--seeds", "0"),
        ("--seed", "4", "--coverage"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert sim(*words).exit_code == 2


def test_ctrl_c_prints_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from guardian.sim.search import many

    played = many.play_with

    def interrupted(mutant: str, seed: int) -> object:
        if seed == 3:
            raise KeyboardInterrupt
        return played(mutant, seed)

    monkeypatch.setattr(many, "play_with", interrupted)

    done = sim("--seeds", "9", "--jobs", "1", "--json")

    assert done.exit_code == 130
    assert json.loads(done.stdout)["seeds"] == 2
