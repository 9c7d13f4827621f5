"""A published failure, declared right beside the scenario that shows what guardian does instead.

    @shows(Failure(title=..., project=..., sources=(issue("owner/name", 12),), happened=..., instead=...))
    def test_what_guardian_does(): ...

Law: the declaration is the page. docs/torture.md is written from these and from nothing else, so that a
failure cannot be claimed without a scenario, nor a scenario be kept without its story. Cited is only what was
looked up; where no number is known the project alone is named.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).parent
Scenario = TypeVar("Scenario", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """`title` names what failed, never what guardian does. `uncovered` is what this does not protect from."""

    title: str
    project: str
    sources: tuple[str, ...]
    happened: str
    instead: str
    uncovered: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A failure with the test that shows it."""

    failure: Failure
    module: str
    test: str


def shows(failure: Failure) -> Callable[[Scenario], Scenario]:
    """Declare that this test is the failure's scenario."""

    def declare(test: Scenario) -> Scenario:
        test.failure = failure  # type: ignore[attr-defined]
        return test

    return declare


def issue(repository: str, number: int) -> str:
    return f"[{repository} #{number}](https://github.com/{repository}/issues/{number})"


def pull(repository: str, number: int) -> str:
    return f"[{repository} PR #{number}](https://github.com/{repository}/pull/{number})"


def source(repository: str, path: str) -> str:
    """Code that was read; a repository's file moves, so the path is told and not linked to a line."""
    return f"[{repository}](https://github.com/{repository}), `{path}`"


def families() -> dict[str, tuple[str, list[Shown]]]:
    """By module: the family's own sentence (its docstring's first line), and its failures in their order."""
    found = {}
    for file in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.torture.{file.stem}")
        tests = [(name, getattr(each, "failure", None)) for name, each in vars(module).items()]
        shown = [Shown(failure, file.stem, name) for name, failure in tests if isinstance(failure, Failure)]
        if shown:
            found[file.stem] = ((module.__doc__ or "").split("\n")[0], shown)
    return found
