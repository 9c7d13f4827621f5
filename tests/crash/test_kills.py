"""Twenty blows at drawn moments: a real guardian is killed or stopped, comes back, and the venue judges.

`make crash N=200` plays more of them, with figures; `python -m tests.crash --seed S --life K` one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from tests.crash.cases import Means, Phase, draw
from tests.crash.checks import violations
from tests.crash.evidence import Life
from tests.crash.lanes import lives

BLOWS = 20
SEED = 7
LIFE_SECONDS = 250.0
CASES = draw(BLOWS, SEED)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Future[Life]]]:
    with lives(CASES, tmp_path_factory.mktemp("lives")) as futures:
        yield futures


@pytest.mark.process
@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"life-{case.number}" for case in CASES])
def test_a_killed_guardian_ends_flat_and_locked_out_and_does_nothing_twice(
    number: int, played: list[Future[Life]]
) -> None:
    life = played[number].result(LIFE_SECONDS)

    assert violations(life) == []


@pytest.mark.process
def test_the_blows_fall_before_during_and_after(played: list[Future[Life]]) -> None:
    """Blows that all hit the same moment would prove little; where each fell is read from the venue."""
    struck = [s for future in played for s in future.result(LIFE_SECONDS).struck]

    hit = {s.phase for s in struck}

    assert len(struck) == BLOWS
    assert {Phase.BEFORE, Phase.FENCED, Phase.VERIFIED} <= hit
    assert hit & {Phase.BREACH, Phase.CLOSING}


def test_a_seed_draws_the_same_blows_and_another_seed_others() -> None:
    assert draw(BLOWS, SEED) == CASES
    assert draw(BLOWS, SEED + 1) != CASES


@pytest.mark.parametrize("blows", [1, 20, 200])
def test_as_many_blows_are_drawn_as_were_asked_for(blows: int) -> None:
    drawn = [blow for case in draw(blows, SEED) for blow in case.blows]

    assert len(drawn) == blows


def test_every_phase_and_every_means_is_drawn() -> None:
    drawn = [blow for case in CASES for blow in case.blows]

    assert {blow.phase for blow in drawn} == set(Phase)
    assert {blow.means for blow in drawn} == set(Means)
