"""What is remembered of each mutant: the first seed that caught it.

`caught.json` is written by `python -m tests.mutants.table --write` and read by the tests, which begin with
the remembered seed and search only where it catches no more.
"""

from __future__ import annotations

import json
from pathlib import Path

from guardian.sim.mutants.hunt import WITHIN, Catch, catches, hunt
from guardian.sim.search.many import play_with

FILE = Path(__file__).with_name("caught.json")
FIRST = 1


def remembered() -> dict[str, int]:
    """The seed that caught each mutant."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def catch(mutant: str) -> Catch | None:
    """By the remembered seed if it still does, else by the first of the seeds that does."""
    seed = remembered().get(mutant)
    if seed is not None:
        violations = catches(mutant, seed)
        if violations:
            return Catch(mutant, seed, seed - FIRST + 1, violations)
    return hunt(mutant, (play_with(mutant, seed) for seed in range(FIRST, FIRST + WITHIN)))


def remember(found: list[Catch]) -> None:
    FILE.write_text(json.dumps({c.mutant: c.seed for c in found}, indent=1) + "\n", encoding="utf-8")
