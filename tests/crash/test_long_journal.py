"""A journal of hours costs a restart nothing: it acts as if it were new. `make crash` takes a million."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.long import remember

RECORDS = 20_000


@pytest.mark.process
def test_a_restart_at_the_end_of_a_long_journal_acts_within_two_seconds(tmp_path: Path) -> None:
    """Under the shipped plan, the slowest to fold; the market fell while guardian was down."""
    memory = remember(tmp_path / "long", RECORDS)
    fallen, killed = memory.life.struck

    assert memory.records > RECORDS
    assert fallen.pace.due
    assert killed.pace.due
    assert memory.violations == []
