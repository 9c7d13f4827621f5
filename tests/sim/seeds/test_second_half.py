"""Seeds 251 to 500 break no law. Two files, because a test file stays on one worker."""

from __future__ import annotations

import pytest

from tests.sim.seeds.played import chunks, found

pytestmark = pytest.mark.long


@pytest.mark.parametrize("seeds", chunks(251, 500), ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_no_seed_breaks_a_law(seeds: range) -> None:
    assert found(seeds) == ""
