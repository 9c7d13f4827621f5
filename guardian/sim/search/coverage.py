"""Which fault has changed an answer at which level: a cell that no seed has hit proves nothing there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from guardian.core.model import Level
from guardian.sim.scenario.catalogue import FAULTS

Cell = tuple[str, str]
"""A fault's name and a level's."""

Cells = Counter[Cell]

NEVER = "-"
"""At this level guardian does nothing that the fault could disturb."""

HOLE = "hole"


def possible() -> tuple[Cell, ...]:
    """Every cell that can be hit, in the order of the catalogue."""
    return tuple((fault.name, level.name) for fault in FAULTS for level in Level if level in fault.levels)


def holes(cells: Mapping[Cell, int]) -> tuple[Cell, ...]:
    return tuple(cell for cell in possible() if not cells.get(cell))


def rows(cells: Mapping[Cell, int]) -> list[tuple[str, ...]]:
    """One row a fault: its name, then per level how often it changed an answer, `hole`, or `-`."""
    able = set(possible())
    return [
        (fault.name, *(_shown((fault.name, level.name), cells, able) for level in Level)) for fault in FAULTS
    ]


def _shown(cell: Cell, cells: Mapping[Cell, int], able: set[Cell]) -> str:
    times = cells.get(cell, 0)
    if times:
        return str(times)
    return HOLE if cell in able else NEVER
