"""docs/safety.md names what exists, and every checker, mutant and torture scenario stands in it somewhere."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from guardian.sim.checkers import laws
from guardian.sim.mutants.catalogue import ALL
from tests.mutants.test_page import ROW, written
from tests.torture.failure import families

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/safety.md").read_text(encoding="utf-8")
PROMISE = re.compile(r"^### S(\d+)\. .+?(?=^##)", re.M | re.S)
NONE = "- **Checkers:** none"
ASLEEP = re.compile(r"no mutant is caught by ((?:`[\w-]+`(?:, | and )?)+)")


def promises() -> dict[int, str]:
    return {int(found[1]): found[0] for found in PROMISE.finditer(PAGE)}


def names(text: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", text))


def checkers(promise: str) -> set[str]:
    line = next((x for x in promise.splitlines() if x.startswith("- **Checkers:**")), "")
    return names(line.partition("**mutants:**")[0])


def mutants(promise: str) -> set[str]:
    return names("".join(re.findall(r"\*\*mutants:\*\*(.*)", promise)))


@cache
def defined_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_the_promises_are_numbered_and_each_says_who_checks_it() -> None:
    found = promises()

    assert list(found) == list(range(1, len(found) + 1))
    silent = [n for n, text in found.items() if not checkers(text) and NONE not in text]
    assert [] == silent
    assert [] == [n for n, text in found.items() if checkers(text) and not mutants(text)]


def test_every_checker_stands_under_a_promise_and_no_other_is_named() -> None:
    named = set().union(*map(checkers, promises().values()))

    assert named == {kind.name() for kind in laws.ALL}


def test_every_mutant_stands_under_a_promise_and_no_other_is_named() -> None:
    named = set().union(*map(mutants, promises().values()))

    assert named == {mutant.name for mutant in ALL}


def test_a_checker_that_no_mutant_wakes_is_named_as_such() -> None:
    awake = {name for row in ROW.finditer(written()["mutants"]) for name in names(row["checkers"])}
    asleep = ASLEEP.search(PAGE)

    told = names(asleep[1] if asleep else "")
    assert told == {kind.name() for kind in laws.ALL} - awake, "say it, or no longer, at the top of the page"


def test_every_torture_scenario_stands_under_a_promise() -> None:
    linked = set(re.findall(r"\[([^\]]+)\]\(torture\.md#", "".join(promises().values())))

    assert linked == {each.failure.title for _, shown in families().values() for each in shown}


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))

    assert named
    assert [] == sorted(f"{file}::{test}" for file, test in named if test not in defined_in(file))


def test_the_seeds_survived_are_stated_once() -> None:
    assert 1 == PAGE.count("Seeds survived without a violation:")
