"""The same seed and version give the same records, in whichever process they are played."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from decimal import ROUND_UP, Context, localcontext

import pytest

from guardian.sim.play.incident import play
from guardian.sim.scenario.draw import draw

SEEDS = (2, 11, 23)
PRINT = f"""
from guardian.sim.play.incident import play
from guardian.sim.scenario.draw import draw
for seed in {SEEDS}:
    print(play(draw(seed)).digest)
"""


@pytest.mark.parametrize("hash_seed", ["1", "31337"])
def test_another_process_with_other_hashes_records_the_same(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", PRINT], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [play(draw(seed)).digest for seed in SEEDS]


def test_what_a_library_makes_of_the_decimal_context_changes_nothing() -> None:
    """ccxt sets the rounding of the whole process; replayed elsewhere, a decision must be the same."""
    expected = [play(draw(seed)).digest for seed in SEEDS]
    with localcontext(Context(prec=12, rounding=ROUND_UP)):
        digests = [play(draw(seed)).digest for seed in SEEDS]

    assert expected == digests


def test_who_listens_changes_nothing() -> None:
    """A timeline for people must show the incident that was played without one."""
    for seed in SEEDS:
        assert play(draw(seed), told=True).digest == play(draw(seed)).digest


def test_another_market_is_another_digest() -> None:
    scenario = draw(SEEDS[0])
    other = replace(scenario, market=replace(scenario.market, factor=scenario.market.factor * 0.9))

    assert play(other).digest != play(scenario).digest
