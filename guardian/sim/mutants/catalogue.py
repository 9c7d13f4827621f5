"""Every mutant, by name."""

from __future__ import annotations

from guardian.sim.mutants import acting, attributing, deciding, planning, returning
from guardian.sim.mutants.mutant import Mutant

ALL: tuple[Mutant, ...] = (
    *planning.MUTANTS,
    *deciding.MUTANTS,
    *attributing.MUTANTS,
    *returning.MUTANTS,
    *acting.MUTANTS,
)

BY_NAME = {mutant.name: mutant for mutant in ALL}
