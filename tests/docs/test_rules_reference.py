"""docs/rules.md is what the code reads: a field, choice or metric that changes makes the page stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guardian.config import load_packs
from guardian.config.catalogue import catalogue
from guardian.runtime.casebook.play import play
from guardian.runtime.casebook.read import read_cases
from tests.docs.rules_reference import BLOCK, PAGE, blocks, generated

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_code_says() -> None:
    """Stale? `python -m tests.docs.rules_reference --write`."""
    assert generated(TEXT) == TEXT


def test_every_block_is_on_the_page_once() -> None:
    assert sorted(blocks()) == sorted(name for _, name, _ in BLOCK.findall(TEXT))


def test_a_page_that_drifted_is_found_out() -> None:
    """The test of the test: a default that somebody edits by hand does not stay."""
    drifted = TEXT.replace("unknown | `10s` |", "unknown | `11s` |")

    assert drifted != TEXT
    assert generated(drifted) == TEXT


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_metric_stands_in_the_table(name: str) -> None:
    assert f"| `{name}` |" in blocks()["metrics"]


def test_the_casebook_on_the_page_passes(tmp_path: Path) -> None:
    """What people copy first must work."""
    (example,) = [
        fence for fence in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.M | re.S) if "- case:" in fence
    ]
    (tmp_path / "cases.yaml").write_text(example)

    cases = read_cases(tmp_path / "cases.yaml")

    assert cases
    for case in cases:
        rules = [rule for pack in load_packs(case.rules, tmp_path) for rule in pack.rules]
        assert "" == play(case, rules)
