"""Seeds 1 to 250 break no law. Two files, because a test file stays on one worker."""

from __future__ import annotations

import pytest

from tests.sim.seeds.played import chunks, found

pytestmark = pytest.mark.long


@pytest.mark.parametrize("seeds", chunks(1, 250), ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_no_seed_breaks_a_law(seeds: range) -> None:
    assert found(seeds) == ""
