"""Every law can fail: the scene in which it is broken gives a violation, the one in which it is kept none.

A checker that cannot fail proves nothing, however many seeds it has survived.
"""

from __future__ import annotations

import pytest

from guardian.sim.checkers import laws
from guardian.sim.checkers.acts import OnlyWatches
from guardian.sim.checkers.checker import Checker
from tests.sim.laws import acts, endings, fills, levels, scopes, tries, way_back
from tests.sim.laws.theatre import ASSET, LOSS, PLAN, Play, Theatre

BESIDE = [*levels.SCENES, *tries.SCENES, *endings.SCENES, *way_back.SCENES, *scopes.SCENES]
SCENES = [*acts.SCENES, *fills.SCENES, *BESIDE]
KEPT = [*dict.fromkeys((law, kept) for law, kept, _ in SCENES)]
BROKEN = [*dict.fromkeys((law, broken) for law, _, broken in SCENES)]


def name(value: object) -> str:
    return getattr(value, "__name__", str(value))


def played(law: type[Checker], scene: Play) -> Theatre:
    of_fills = law in {each for each, _, _ in fills.SCENES}
    plan = fills.PLAN if of_fills else acts.OBSERVED if law is OnlyWatches else PLAN
    theatre = Theatre(law, plan, fills.RULES if of_fills else (LOSS, ASSET))
    if of_fills:
        fills.opened(theatre)
    scene(theatre)
    return theatre


@pytest.mark.parametrize(("law", "scene"), KEPT, ids=name)
def test_nothing_is_found_where_the_law_is_kept(law: type[Checker], scene: Play) -> None:
    assert played(law, scene).found == []


@pytest.mark.parametrize(("law", "scene"), BROKEN, ids=name)
def test_the_law_that_is_broken_is_found_to_be(law: type[Checker], scene: Play) -> None:
    found = played(law, scene).found

    assert {violation.checker for violation in found} == {law.name()}
    assert all(violation.text for violation in found)


def test_every_law_has_its_scenes() -> None:
    """A new checker goes on the stage before it goes on the panel."""
    assert {law for law, _, _ in SCENES} == set(laws.ALL)


def test_every_law_says_what_it_demands() -> None:
    assert all(law.law.endswith(".") for law in laws.ALL)
    assert len({law.name() for law in laws.ALL}) == len(laws.ALL)
