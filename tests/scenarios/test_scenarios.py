"""Golden timelines: each file's facts must lead to exactly the deeds written under its line.

`make rewrite` writes what guardian does now; the diff is read before it is kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.runtime.casebook.book import played, rewritten

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_facts_lead_to_these_deeds(file: Path) -> None:
    outcomes = list(played([file]))

    assert [] == [outcome.difference for outcome in outcomes if not outcome.ok]
    assert file.read_text(encoding="utf-8") == rewritten(outcomes)


def test_every_scenario_says_in_its_first_line_what_it_is_about() -> None:
    assert len(FILES) >= 16
    assert all(file.read_text(encoding="utf-8").startswith("# ") for file in FILES)
