"""docs/simulator.md says what the code says: laws, faults, and every mutant with who catches it."""

from __future__ import annotations

import re

import pytest

from guardian.sim.checkers import laws
from guardian.sim.mutants.catalogue import ALL, BY_NAME
from guardian.sim.mutants.hunt import WITHIN
from tests.mutants import memory
from tests.mutants.table import BLOCK, PAGE, fixed_blocks

HOW = "bring it up to date: python -m tests.mutants.table --write"
ROW = re.compile(r"^\| `(?P<mutant>[\w-]+)` \| .+ \| (?P<checkers>`[\w`, -]+`) \| (?P<after>\d+) \|$", re.M)


def written() -> dict[str, str]:
    """The generated blocks as they stand in the page."""
    text = PAGE.read_text(encoding="utf-8")
    return {
        block[2]: block[0].removeprefix(block[1]).removesuffix(block[3]) for block in BLOCK.finditer(text)
    }


@pytest.mark.parametrize("name", ["laws", "faults"])
def test_the_tables_of_laws_and_faults_are_up_to_date(name: str) -> None:
    assert written()[name] == fixed_blocks()[name], HOW


def test_every_mutant_is_in_the_table_with_who_caught_it() -> None:
    rows = {row["mutant"]: row for row in ROW.finditer(written()["mutants"])}

    assert list(rows) == [mutant.name for mutant in ALL], HOW
    named = {checker for row in rows.values() for checker in re.findall(r"`([\w-]+)`", row["checkers"])}
    assert named <= {kind.name() for kind in laws.ALL}
    assert [name for name, row in rows.items() if int(row["after"]) > WITHIN] == []


def test_the_memory_knows_every_mutant_and_no_other() -> None:
    assert memory.remembered().keys() == BY_NAME.keys(), HOW
