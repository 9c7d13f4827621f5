"""Golden timelines: each file's facts must lead to exactly the deeds written under its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.telling import tell

LINE = "----\n"
FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_facts_lead_to_these_deeds(file: Path, request: pytest.FixtureRequest):
    facts, _, expected = file.read_text(encoding="utf-8").partition(LINE)

    got = tell(facts) + "\n"

    if request.config.getoption("--rewrite", default=False):
        file.write_text(facts + LINE + got, encoding="utf-8")
        return
    assert expected == got


def test_every_scenario_says_in_its_first_line_what_it_is_about():
    assert len(FILES) >= 12
    assert all(file.read_text(encoding="utf-8").startswith("# ") for file in FILES)
