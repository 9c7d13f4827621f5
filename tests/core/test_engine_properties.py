"""The whole core against a venue that lies: what must always hold, and what must happen in the end."""

from __future__ import annotations

import pytest

from guardian.core.model import Level
from tests.core.world import World

SEEDS = range(120)
SLICES = [SEEDS[i : i + 20] for i in range(0, len(SEEDS), 20)]


@pytest.mark.parametrize("seeds", SLICES, ids=lambda s: f"{s[0]}-{s[-1]}")
def test_a_fighting_bot_and_a_lying_venue_end_flat_fenced_and_dead(seeds: range):
    """The referee asserts every effect and claim on the way; here is what must be reached."""
    for seed in seeds:
        level = ("flatten", "lockout")[seed % 2]
        world = World(seed, level, auto_keys=seed % 4 >= 2).run()

        incident = world.desk.incident
        assert incident.flatness.verified_at is not None, f"seed {seed}: not flat"
        assert incident.fenced, f"seed {seed}: not fenced"
        assert level != "lockout" or incident.key_dead_at is not None, f"seed {seed}: key lives"
        assert Level[level.upper()] is world.desk.level
