"""Shrinking: what is left still breaks the same law, and nothing more can be taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guardian.sim.checkers.checker import Violation
from guardian.sim.mutants.mutant import planted
from guardian.sim.play.incident import Result
from guardian.sim.scenario.draw import draw
from guardian.sim.scenario.shapes import BotPlan, Scenario
from guardian.sim.search import shrink as shrinking
from guardian.sim.search.one import play_seed
from guardian.sim.search.shrink import fewer, shrink

CHECKER = "flat-claim"


def failing(monkeypatch: pytest.MonkeyPatch, needs: frozenset[str]) -> None:
    """Play nothing: a scenario fails when it has all of these faults."""

    def played(scenario: Scenario) -> Result:
        broken = needs <= {fault.name for fault in scenario.faults}
        found = [Violation(CHECKER, 1.0, "made up")] if broken else []
        return Result(scenario.seed, found, 0, 0, 0, 0.0, [], {}, {})

    monkeypatch.setattr(shrinking, "play_safely", played)


def crowded() -> Scenario:
    return next(s for s in map(draw, range(1, 500)) if len(s.faults) >= 6 and len(s.accounts) >= 2 and s.acts)


def test_only_the_faults_that_matter_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = crowded()
    needs = frozenset(f.name for f in scenario.faults if f.account == "") or {scenario.faults[0].name}
    failing(monkeypatch, frozenset(needs))

    found = shrink(scenario, CHECKER)

    assert found.whole
    assert {fault.name for fault in found.scenario.faults} == needs


def test_everything_that_does_not_matter_becomes_ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, frozenset())

    found = shrink(crowded(), CHECKER).scenario

    assert len(found.accounts) == 1
    assert found.accounts[0].bot == BotPlan()
    assert found.accounts[0].stakes == ()
    assert (found.faults, found.acts, found.rules) == ((), (), ())
    assert (found.market.factor, found.market.rebounds) == (1.0, False)


def test_strategies_that_do_not_matter_are_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, frozenset())
    several = next(s for s in map(draw, range(1, 500)) if s.accounts[0].strategies)

    assert shrink(several, CHECKER).scenario.accounts[0].strategies == ()


def test_another_law_is_another_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrinking must not wander off to a different defect."""
    failing(monkeypatch, frozenset())
    scenario = crowded()

    assert shrink(scenario, "gets-there").scenario == scenario


def test_it_ends_when_its_plays_are_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, frozenset())

    found = shrink(crowded(), CHECKER, most_plays=3)

    assert (found.whole, found.plays) == (False, 3)


def test_a_planted_fault_shrinks_to_a_scenario_that_still_shows_it() -> None:
    """With the real simulator: whatever is left breaks the law, and shrinks to the same again."""
    with planted("own-keys-too"):
        seed = next(
            s for s in range(1, 60) if any(v.checker == "stays-in-scope" for v in play_seed(s).violations)
        )
        first = shrink(draw(seed), "stays-in-scope", most_plays=25)
        second = shrink(draw(seed), "stays-in-scope", most_plays=25)

    assert first == second
    assert len(first.scenario.faults) <= len(draw(seed).faults)
    assert replace(first.scenario, seed=0) != replace(draw(seed), seed=0)


@pytest.mark.parametrize("needed", [set(), {0}, {3, 7}, {1, 2, 3, 9}, set(range(10))])
def test_fewer_finds_exactly_what_is_needed(needed: set[int]) -> None:
    kept: list[tuple[int, ...]] = [tuple(range(10))]

    def fails(parts: tuple[int, ...]) -> bool:
        if needed <= set(parts):
            kept.append(parts)
            return True
        return False

    fewer(kept[0], fails)

    assert set(kept[-1]) == needed


def test_fewer_leaves_as_many_as_it_must() -> None:
    kept: list[tuple[int, ...]] = [(1, 2, 3)]

    def fails(parts: tuple[int, ...]) -> bool:
        kept.append(parts)
        return True

    fewer(kept[0], fails, least=1)

    assert len(kept[-1]) == 1
