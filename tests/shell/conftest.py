"""A simulated venue for a file of tests, and a fresh folder of keys and configuration for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.troupe import Desk, Venue


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    made = Venue("--seed", "11")
    yield made
    made.close()


@pytest.fixture
def desk(venue: Venue, tmp_path: Path) -> Iterator[Desk]:
    """Rules that go no further than HALT, so that no drill is due."""
    made = Desk(tmp_path, venue)
    made.write_keys()
    made.configure()
    rules = tmp_path / "rules" / "fast.yaml"
    rules.write_text(rules.read_text().replace("level: lockout", "level: halt"))
    paced = made.config.read_text().replace("poll: {snapshot: 200ms}", "poll: {snapshot: 100ms, flows: 1s}")
    made.config.write_text(paced)
    yield made
    made.close()
    venue.clear()
