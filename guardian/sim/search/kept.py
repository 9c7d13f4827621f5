"""Failed seeds, kept for ever: a line in `seeds.txt`, and the shrunk scenario itself beside it.

A seed alone does not stay meaningful: when the catalogue grows, it draws something else. The scenario does:
it is kept as JSON, read back strictly, and played as it was when it failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

import guardian
from guardian.sim.checkers.checker import Violation
from guardian.sim.scenario.shapes import Scenario

SEEDS = Path(guardian.__file__).resolve().parents[1] / "tests/sim/seeds.txt"
"""Where a source checkout keeps them; an installed guardian has no such file and keeps nothing."""

_SCENARIO: TypeAdapter[Scenario] = TypeAdapter(Scenario)


@dataclass(frozen=True, slots=True)
class Kept:
    """One line: the seed, the checker that found something, and what it showed."""

    seed: int
    checker: str
    note: str


def lines(seeds: Path = SEEDS) -> Iterator[Kept]:
    """What has been kept; `#` begins a comment."""
    for line in seeds.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split(maxsplit=2)
        if words:
            yield Kept(int(words[0]), *words[1:])


def scenario_file(seed: int, checker: str, seeds: Path = SEEDS) -> Path:
    return seeds.with_name("kept") / f"{seed}-{checker}.json"


def keep(scenario: Scenario, violation: Violation, seeds: Path = SEEDS) -> Path | None:
    """Write both down, once; None where there is no `seeds.txt`."""
    if not seeds.is_file():
        return None
    file = scenario_file(scenario.seed, violation.checker, seeds)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(encode(scenario))
    known = {(kept.seed, kept.checker) for kept in lines(seeds)}
    if (scenario.seed, violation.checker) not in known:
        with seeds.open("a", encoding="utf-8") as file_of_seeds:
            file_of_seeds.write(f"{scenario.seed:<8} {violation.checker:<20} {violation.text}\n")
    return file


def encode(scenario: Scenario) -> bytes:
    return _SCENARIO.dump_json(scenario, indent=1) + b"\n"


def decode(text: bytes) -> Scenario:
    """Raises pydantic's ValidationError where the shape has changed: then the file is to be written anew."""
    return _SCENARIO.validate_json(text, extra="forbid")


def scenarios(seeds: Path = SEEDS) -> Iterator[tuple[Path, Scenario]]:
    for file in sorted(seeds.with_name("kept").glob("*.json")):
        yield file, decode(file.read_bytes())
