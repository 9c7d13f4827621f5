"""A desk for each test: a venue and a folder of its own, everything ended with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.troupe import Desk, Venue

OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """`open_desk("--latency", "100ms")`: a fresh venue; guardian is configured, not started."""
    opened: list[Desk] = []

    def make(*arguments: str) -> Desk:
        venue = Venue("--seed", "11", *arguments)
        root = tmp_path / str(len(opened))
        root.mkdir()
        desk = Desk(root, venue)
        opened.append(desk)
        desk.write_keys()
        desk.configure()
        return desk

    yield make
    for desk in opened:
        desk.close()
        desk.venue.close()
