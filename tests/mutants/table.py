"""The generated tables of docs/simulator.md: laws, faults, mutants with who caught them.

    python -m tests.mutants.table            hunts what is not remembered; exit 1 when the page is stale
    python -m tests.mutants.table --write    brings page and memory up to date
    python -m tests.mutants.table --write --anew    hunts every mutant from the first seed

Everything between `<!-- generated: NAME -->` and `<!-- end -->` is replaced; the rest is written by people.
"""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

from guardian.core.model import Level
from guardian.sim.checkers import laws
from guardian.sim.mutants.catalogue import ALL
from guardian.sim.mutants.hunt import Catch
from guardian.sim.scenario.catalogue import FAULTS
from tests.mutants import memory

PAGE = Path(__file__).resolve().parents[2] / "docs/simulator.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def law_rows() -> list[str]:
    return [f"| `{kind.name()}` | {kind.law} |" for kind in laws.ALL]


def fault_rows() -> list[str]:
    """Where a fault can change an answer: every level, or those named."""
    return [f"| `{fault.name}` | {fault.where} | {_levels(fault.levels)} |" for fault in FAULTS]


def _levels(levels: frozenset[Level]) -> str:
    return "all" if levels == frozenset(Level) else ", ".join(level.name for level in sorted(levels))


def mutant_rows(found: dict[str, Catch]) -> list[str]:
    rows = []
    for mutant in ALL:
        catch = found.get(mutant.name)
        end = f"{_named(catch)} | {catch.after}" if catch else "**nobody** | -"
        rows.append(f"| `{mutant.name}` | {mutant.what} | {end} |")
    return rows


def _named(catch: Catch) -> str:
    return ", ".join(f"`{checker}`" for checker in catch.checkers)


def table(head: str, rows: list[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows, ""])


def fixed_blocks() -> dict[str, str]:
    """What needs no hunt."""
    return {
        "laws": table("| checker | law |", law_rows()),
        "faults": table("| fault | disturbs | counts at |", fault_rows()),
    }


def filled(text: str, blocks: dict[str, str]) -> str:
    return BLOCK.sub(lambda block: f"{block[1]}{blocks.get(block[2], block[0])}{block[3]}", text)


def hunted(anew: bool) -> dict[str, Catch]:
    if anew:
        memory.FILE.unlink(missing_ok=True)
    found = {}
    for mutant in ALL:
        catch = memory.catch(mutant.name)
        caught = "survived" if catch is None else f"{catch.checkers[0]}, seed {catch.seed}"
        sys.stderr.write(f"{mutant.name}: {caught}\n")
        if catch is not None:
            found[mutant.name] = catch
    return found


def main() -> int:
    found = hunted("--anew" in sys.argv)
    head = "| mutant | what guardian does wrong | caught by | after seeds |"
    blocks = fixed_blocks() | {"mutants": table(head, mutant_rows(found))}
    was = PAGE.read_text(encoding="utf-8")
    now = filled(was, blocks)
    if "--write" in sys.argv:
        PAGE.write_text(now, encoding="utf-8")
        memory.remember(list(found.values()))
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(was.splitlines(True), now.splitlines(True), "written", "hunted")
    )
    return int(was != now)


if __name__ == "__main__":
    sys.exit(main())
