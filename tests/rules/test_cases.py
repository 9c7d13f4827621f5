"""Every shipped rule is proven by golden cases: it fires on each rung, not just below it, and it goes blind.

`make rewrite` writes what guardian does now; the diff is read before it is kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.config import load_packs
from guardian.config.content import content_root, names
from guardian.core.model import Rule
from guardian.runtime.casebook.book import files_of, played, rewritten
from guardian.runtime.casebook.coverage import gaps
from guardian.runtime.casebook.read import read_cases

PACKS = names("rules")
FILES = [file for pack in PACKS for file in files_of(pack, content_root() / "rules")]


def rules_of(pack: str) -> tuple[Rule, ...]:
    folder = content_root() / "rules" / pack
    return next(each.rules for each in load_packs([str(folder)], folder) if each.path == folder)


def deeds_of(pack: str) -> list[tuple[str, ...]]:
    """As written in the golden files: what a person has read and agreed to."""
    files = [file for file in FILES if file.parent.parent.name == pack]
    return [case.deeds for file in files for case in read_cases(file)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}/{file.stem}")
def test_facts_lead_to_these_deeds(file: Path) -> None:
    outcomes = list(played([file]))

    assert [] == [outcome.difference for outcome in outcomes if not outcome.ok]
    assert file.read_text(encoding="utf-8") == rewritten(outcomes)


@pytest.mark.parametrize("pack", PACKS)
def test_every_shipped_rule_fires_does_not_fire_and_goes_blind(pack: str) -> None:
    assert [] == gaps(rules_of(pack), deeds_of(pack))


@pytest.mark.parametrize(("title", "missing"), [("Fires", 3), ("Does not fire", 1), ("Goes blind", 1)])
def test_a_missing_proof_is_named(title: str, missing: int) -> None:
    """The test of the test: without the case there is a gap, and it names the rule."""
    (file,) = [file for file in FILES if file.stem == "ats-dd-1h"]
    left = [case.deeds for case in read_cases(file) if not case.name.startswith(title)]
    (rule,) = [rule for rule in rules_of("ats-plan") if rule.id == "ats-dd-1h"]

    found = gaps([rule], left)

    assert missing == len(found)
    assert all(gap.startswith("ats-dd-1h: no case in which it ") for gap in found)


def test_far_from_the_limit_is_no_proof_of_not_firing() -> None:
    """A rule with a typo in its limit also stays quiet on a calm day."""
    (rule,) = [rule for rule in rules_of("ats-plan") if rule.id == "ats-dd-1h"]

    found = gaps([rule], [("   30.0  ats-dd-1h clear at 0.001",)])

    assert "ats-dd-1h: no case in which it comes near its limit and does not fire" in found


WHOLE = [file for file in FILES if file.stem == "account"]


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.parent.parent.name)
def test_a_pack_is_also_proven_as_a_whole(file: Path) -> None:
    """Rules meet each other: the worst demand wins, and calm is calm for all of them."""
    calm, *others = read_cases(file)

    assert all(not case.only for case in (calm, *others))
    assert [] == [line for line in calm.deeds if " -> " in line or "breached" in line]
    assert any("level NORMAL" in line for line in calm.deeds)


def test_the_starter_pack_meets_every_kind_of_bad_day() -> None:
    (file,) = [file for file in WHOLE if file.parent.parent.name == "starter"]

    assert len(read_cases(file)) >= 6
