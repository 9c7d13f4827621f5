"""docs/rules.md is what the code reads: a field, choice or metric that changes makes the page stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guardian.config.catalogue import catalogue
from guardian.runtime.casebook.book import played
from guardian.runtime.casebook.case import FACTS
from guardian.runtime.casebook.read import HEADS
from guardian.runtime.casebook.words import READ
from tests.docs.packs_reference import BY_PACK, PACKS, SERVES, shipped
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


def test_every_shipped_rule_is_traced_to_what_it_is_for() -> None:
    """And nothing is traced that does not ship; a pack that somebody adds stands in the tables."""
    ids = {rule.id: name for name, pack in shipped().items() for rule in pack.rules}

    assert [] == [id for id, pack in ids.items() if id not in SERVES and pack not in BY_PACK]
    assert [] == sorted(set(SERVES) - set(ids))
    assert set(PACKS) == set(shipped())


def test_the_case_on_the_page_is_as_written(tmp_path: Path) -> None:
    """What people copy first must work."""
    (example,) = [
        fence for fence in re.findall(r"^```text\n(.*?)^```", TEXT, re.M | re.S) if "\n----\n" in fence
    ]
    (tmp_path / "case.txt").write_text(example, encoding="utf-8")

    (outcome,) = played([tmp_path / "case.txt"])

    assert outcome.difference == ""


def test_every_fact_and_every_word_of_a_read_is_on_the_page() -> None:
    """A word that nobody can look up does not exist."""
    testing = TEXT[TEXT.index("## Testing") :]

    assert [] == [
        word for word in (*FACTS, *HEADS) if f"`{word}" not in testing and f"`TIME {word}" not in testing
    ]
    assert [] == [word for word in READ if f"`{word}=" not in testing]
