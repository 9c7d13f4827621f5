"""The same seed gives the same bytes: in another process, under another hash seed, after other seeds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from guardian.sim.scenario.draw import draw
from guardian.sim.search.one import play_safely

SEEDS = (4, 6, 19, 27)

PRINT_DIGESTS = f"""
from tests.sim.search.test_determinism import digest
for seed in {SEEDS}:
    print(digest(seed))
"""


def digest(seed: int) -> str:
    """Over everything that an incident leaves: records, timeline, figures."""
    result = play_safely(draw(seed), told=True)
    return hashlib.sha256(repr(result).encode()).hexdigest()


@pytest.fixture(scope="module")
def here() -> list[str]:
    return [digest(seed) for seed in SEEDS]


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_another_process_gives_the_same_bytes(hash_seed: str, here: list[str]) -> None:
    """No set, no id, no address and no clock of the machine may reach into an incident."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGESTS], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == here


def test_what_was_played_before_changes_nothing(here: list[str]) -> None:
    assert [digest(seed) for seed in reversed(SEEDS)] == here[::-1]


def test_different_seeds_give_different_bytes(here: list[str]) -> None:
    assert len(set(here)) == len(SEEDS)
