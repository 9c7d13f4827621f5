"""What failed once fails no more: the kept seeds, and the scenarios that they shrank to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from guardian.sim.checkers.checker import Violation
from guardian.sim.scenario.draw import draw
from guardian.sim.search import kept
from guardian.sim.search.one import play_safely
from guardian.sim.search.story import violations
from tests.sim.seeds.played import found

pytestmark = pytest.mark.long

FOUND = Violation("flat-claim", 12.5, "a1: flat was claimed with 0.5 of BTCUSDT open")


def test_every_kept_seed_breaks_no_law_any_more() -> None:
    seeds = sorted({line.seed for line in kept.lines()})

    assert "".join(found(range(seed, seed + 1)) for seed in seeds) == ""


def test_every_kept_scenario_breaks_no_law_any_more() -> None:
    told = {file.name: violations(play_safely(scenario)) for file, scenario in kept.scenarios()}

    assert {name: lines for name, lines in told.items() if lines} == {}


def test_every_kept_seed_has_its_scenario() -> None:
    """A seed alone means something else as soon as the catalogue grows."""
    missing = [line for line in kept.lines() if not kept.scenario_file(line.seed, line.checker).exists()]

    assert missing == []


@pytest.mark.parametrize("seed", range(1, 40))
def test_a_scenario_survives_the_file(seed: int) -> None:
    scenario = draw(seed)

    assert kept.decode(kept.encode(scenario)) == scenario


def test_a_failed_seed_is_kept_once(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("# none yet\n", encoding="utf-8")

    kept.keep(draw(7), FOUND, seeds)
    kept.keep(replace(draw(7), faults=()), FOUND, seeds)

    assert list(kept.lines(seeds)) == [kept.Kept(7, "flat-claim", FOUND.text)]
    assert [scenario.faults for _, scenario in kept.scenarios(seeds)] == [()]


def test_without_a_checkout_nothing_is_kept(tmp_path: Path) -> None:
    assert kept.keep(draw(7), FOUND, tmp_path / "seeds.txt") is None
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_of_another_shape_is_refused_and_not_guessed() -> None:
    """A field that no longer exists would make the scenario a different one without a word."""
    text = kept.encode(draw(7)).replace(b'"heals_at"', b'"healed_at"')

    with pytest.raises(ValidationError):
        kept.decode(text)
